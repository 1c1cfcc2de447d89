//! EndQuorumEpoch, API 54.

pub use request::EndQuorumEpochRequest;
pub use response::EndQuorumEpochResponse;

/// What is asked.
pub mod request {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        EndQuorumEpochRequest: request 54, versions [0-1], flexible [1+] {
            cluster_id: Option<String> [0+] null [0+] = None;
            topics: Vec<TopicData> [0+];
            leader_endpoints: Vec<LeaderEndpoint> [1+];
        }
        TopicData {
            topic_name: String [0+];
            partitions: Vec<PartitionData> [0+];
        }
        PartitionData {
            partition_index: i32 [0+];
            leader_id: i32 [0+];
            leader_epoch: i32 [0+];
            preferred_successors: Vec<i32> [0];
            preferred_candidates: Vec<ReplicaInfo> [1+];
        }
        ReplicaInfo {
            candidate_id: i32 [1+];
            candidate_directory_id: Uuid [1+];
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
        EndQuorumEpochResponse: response 54, versions [0-1], flexible [1+] {
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
