//! Vote, API 52.

pub use request::VoteRequest;
pub use response::VoteResponse;

/// What is asked.
pub mod request {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        VoteRequest: request 52, versions [0-2], flexible [0+] {
            cluster_id: Option<String> [0+] null [0+] = None;
            voter_id: i32 [1+] = -1;
            topics: Vec<TopicData> [0+];
        }
        TopicData {
            topic_name: String [0+];
            partitions: Vec<PartitionData> [0+];
        }
        PartitionData {
            partition_index: i32 [0+];
            replica_epoch: i32 [0+];
            replica_id: i32 [0+];
            replica_directory_id: Uuid [1+];
            voter_directory_id: Uuid [1+];
            last_offset_epoch: i32 [0+];
            last_offset: i64 [0+];
            pre_vote: bool [2+];
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        VoteResponse: response 52, versions [0-2], flexible [0+] {
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
            vote_granted: bool [0+];
        }
        NodeEndpoint {
            node_id: i32 [1+];
            host: String [1+];
            port: u16 [1+];
        }
    }
}
