//! Metadata, API 3.

pub use request::MetadataRequest;
pub use response::MetadataResponse;

/// What is asked.
pub mod request {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        MetadataRequest: request 3, versions [0-13], flexible [9+] {
            topics: Option<Vec<MetadataRequestTopic>> [0+] null [1+] = Some(Vec::new());
            allow_auto_topic_creation: bool [4+] = true;
            include_cluster_authorized_operations: bool [8-10];
            include_topic_authorized_operations: bool [8+];
        }
        MetadataRequestTopic {
            topic_id: Uuid [10+];
            name: Option<String> [0+] null [10+] = Some(String::new());
        }
    }
}

/// What is answered.
pub mod response {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        MetadataResponse: response 3, versions [0-13], flexible [9+] {
            throttle_time_ms: i32 [3+];
            brokers: Vec<MetadataResponseBroker> [0+];
            cluster_id: Option<String> [2+] null [2+] = None;
            controller_id: i32 [1+] = -1;
            topics: Vec<MetadataResponseTopic> [0+];
            cluster_authorized_operations: i32 [8-10] = -2147483648;
            error_code: i16 [13+];
        }
        MetadataResponseBroker {
            node_id: i32 [0+];
            host: String [0+];
            port: i32 [0+];
            rack: Option<String> [1+] null [1+] = None;
        }
        MetadataResponseTopic {
            error_code: i16 [0+];
            name: Option<String> [0+] null [12+] = Some(String::new());
            topic_id: Uuid [10+];
            is_internal: bool [1+];
            partitions: Vec<MetadataResponsePartition> [0+];
            topic_authorized_operations: i32 [8+] = -2147483648;
        }
        MetadataResponsePartition {
            error_code: i16 [0+];
            partition_index: i32 [0+];
            leader_id: i32 [0+];
            leader_epoch: i32 [7+] = -1;
            replica_nodes: Vec<i32> [0+];
            isr_nodes: Vec<i32> [0+];
            offline_replicas: Vec<i32> [5+];
        }
    }
}
