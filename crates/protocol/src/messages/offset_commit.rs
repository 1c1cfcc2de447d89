//! OffsetCommit, API 8.

pub use request::OffsetCommitRequest;
pub use response::OffsetCommitResponse;

/// What is asked.
pub mod request {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        OffsetCommitRequest: request 8, versions [2-10], flexible [8+] {
            group_id: String [0+];
            generation_id_or_member_epoch: i32 [1+] = -1;
            member_id: String [1+];
            group_instance_id: Option<String> [7+] null [7+] = None;
            retention_time_ms: i64 [2-4] = -1;
            topics: Vec<OffsetCommitRequestTopic> [0+];
        }
        OffsetCommitRequestTopic {
            name: String [0-9];
            topic_id: Uuid [10+];
            partitions: Vec<OffsetCommitRequestPartition> [0+];
        }
        OffsetCommitRequestPartition {
            partition_index: i32 [0+];
            committed_offset: i64 [0+];
            committed_leader_epoch: i32 [6+] = -1;
            committed_metadata: Option<String> [0+] null [0+] = Some(String::new());
        }
    }
}

/// What is answered.
pub mod response {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        OffsetCommitResponse: response 8, versions [2-10], flexible [8+] {
            throttle_time_ms: i32 [3+];
            topics: Vec<OffsetCommitResponseTopic> [0+];
        }
        OffsetCommitResponseTopic {
            name: String [0-9];
            topic_id: Uuid [10+];
            partitions: Vec<OffsetCommitResponsePartition> [0+];
        }
        OffsetCommitResponsePartition {
            partition_index: i32 [0+];
            error_code: i16 [0+];
        }
    }
}
