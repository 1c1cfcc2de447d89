//! BeginQuorumEpoch, API 53.

pub use request::BeginQuorumEpochRequest;
pub use response::BeginQuorumEpochResponse;

/// What is asked.
pub mod request {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        BeginQuorumEpochRequest: request 53, versions [0-1], flexible [1+] {
            cluster_id: Option<String> [0+] null [0+] = None;
            voter_id: i32 [1+] = -1;
            topics: Vec<TopicData> [0+];
            leader_endpoints: Vec<LeaderEndpoint> [1+];
        }
        TopicData {
            topic_name: String [0+];
            partitions: Vec<PartitionData> [0+];
        }
        PartitionData {
            partition_index: i32 [0+];
            voter_directory_id: Uuid [1+];
            leader_id: i32 [0+];
            leader_epoch: i32 [0+];
        }
        LeaderEndpoint {
            name: String [1+];
            host: String [1+];
            port: u16 [1+];
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        BeginQuorumEpochResponse: response 53, versions [0-1], flexible [1+] {
            error_code: i16 [0+];
            topics: Vec<TopicData> [0+];
            node_endpoints: Vec<NodeEndpoint> [1+] tag 0;
        }
        TopicData {
            topic_name: String [0+];
            partitions: Vec<PartitionData> [0+];
        }
        PartitionData {
            partition_index: i32 [0+];
            error_code: i16 [0+];
            leader_id: i32 [0+];
            leader_epoch: i32 [0+];
        }
        NodeEndpoint {
            node_id: i32 [1+];
            host: String [1+];
            port: u16 [1+];
        }
    }
}
