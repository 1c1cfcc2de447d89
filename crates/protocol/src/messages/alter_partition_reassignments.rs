//! AlterPartitionReassignments, API 45.

pub use request::AlterPartitionReassignmentsRequest;
pub use response::AlterPartitionReassignmentsResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        AlterPartitionReassignmentsRequest: request 45, versions [0-1], flexible [0+] {
            timeout_ms: i32 [0+] = 60000;
            allow_replication_factor_change: bool [1+] = true;
            topics: Vec<ReassignableTopic> [0+];
        }
        ReassignableTopic {
            name: String [0+];
            partitions: Vec<ReassignablePartition> [0+];
        }
        ReassignablePartition {
            partition_index: i32 [0+];
            replicas: Option<Vec<i32>> [0+] null [0+] = None;
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        AlterPartitionReassignmentsResponse: response 45, versions [0-1], flexible [0+] {
            throttle_time_ms: i32 [0+];
            allow_replication_factor_change: bool [1+] = true;
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = Some(String::new());
            responses: Vec<ReassignableTopicResponse> [0+];
        }
        ReassignableTopicResponse {
            name: String [0+];
            partitions: Vec<ReassignablePartitionResponse> [0+];
        }
        ReassignablePartitionResponse {
            partition_index: i32 [0+];
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = Some(String::new());
        }
    }
}
