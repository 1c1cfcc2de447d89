//! OffsetForLeaderEpoch, API 23.

pub use request::OffsetForLeaderEpochRequest;
pub use response::OffsetForLeaderEpochResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        OffsetForLeaderEpochRequest: request 23, versions [2-4], flexible [4+] {
            replica_id: i32 [3+] = -2;
            topics: Vec<OffsetForLeaderTopic> [0+];
        }
        OffsetForLeaderTopic {
            topic: String [0+];
            partitions: Vec<OffsetForLeaderPartition> [0+];
        }
        OffsetForLeaderPartition {
            partition: i32 [0+];
            current_leader_epoch: i32 [2+] = -1;
            leader_epoch: i32 [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        OffsetForLeaderEpochResponse: response 23, versions [2-4], flexible [4+] {
            throttle_time_ms: i32 [2+];
            topics: Vec<OffsetForLeaderTopicResult> [0+];
        }
        OffsetForLeaderTopicResult {
            topic: String [0+];
            partitions: Vec<EpochEndOffset> [0+];
        }
        EpochEndOffset {
            error_code: i16 [0+];
            partition: i32 [0+];
            leader_epoch: i32 [1+] = -1;
            end_offset: i64 [0+] = -1;
        }
    }
}
