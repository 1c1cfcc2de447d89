//! DescribeCluster, API 60.

pub use request::DescribeClusterRequest;
pub use response::DescribeClusterResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        DescribeClusterRequest: request 60, versions [0-2], flexible [0+] {
            include_cluster_authorized_operations: bool [0+];
            endpoint_type: i8 [1+] = 1;
            include_fenced_brokers: bool [2+];
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        DescribeClusterResponse: response 60, versions [0-2], flexible [0+] {
            throttle_time_ms: i32 [0+];
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = None;
            endpoint_type: i8 [1+] = 1;
            cluster_id: String [0+];
            controller_id: i32 [0+] = -1;
            brokers: Vec<DescribeClusterBroker> [0+];
            cluster_authorized_operations: i32 [0+] = -2147483648;
        }
        DescribeClusterBroker {
            broker_id: i32 [0+];
            host: String [0+];
            port: i32 [0+];
            rack: Option<String> [0+] null [0+] = None;
            is_fenced: bool [2+];
        }
    }
}
