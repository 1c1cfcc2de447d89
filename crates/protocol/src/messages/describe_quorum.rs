//! DescribeQuorum, API 55.

pub use request::DescribeQuorumRequest;
pub use response::DescribeQuorumResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        DescribeQuorumRequest: request 55, versions [0-2], flexible [0+] {
            topics: Vec<TopicData> [0+];
        }
        TopicData {
            topic_name: String [0+];
            partitions: Vec<PartitionData> [0+];
        }
        PartitionData {
            partition_index: i32 [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        DescribeQuorumResponse: response 55, versions [0-2], flexible [0+] {
            error_code: i16 [0+];
            error_message: Option<String> [2+] null [2+] = Some(String::new());
            topics: Vec<TopicData> [0+];
            nodes: Vec<Node> [2+];
        }
        TopicData {
            topic_name: String [0+];
            partitions: Vec<PartitionData> [0+];
        }
        PartitionData {
            partition_index: i32 [0+];
            error_code: i16 [0+];
            error_message: Option<String> [2+] null [2+] = Some(String::new());
            leader_id: i32 [0+];
            leader_epoch: i32 [0+];
            high_watermark: i64 [0+];
            current_voters: Vec<ReplicaState> [0+];
            observers: Vec<ReplicaState> [0+];
        }
        ReplicaState {
            replica_id: i32 [0+];
            replica_directory_id: Uuid [2+];
            log_end_offset: i64 [0+];
            last_fetch_timestamp: i64 [1+] = -1;
            last_caught_up_timestamp: i64 [1+] = -1;
        }
        Node {
            node_id: i32 [2+];
            listeners: Vec<Listener> [2+];
        }
        Listener {
            name: String [2+];
            host: String [2+];
            port: u16 [2+];
        }
    }
}
