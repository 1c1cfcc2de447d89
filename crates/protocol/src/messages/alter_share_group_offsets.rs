//! AlterShareGroupOffsets, API 91.

pub use request::AlterShareGroupOffsetsRequest;
pub use response::AlterShareGroupOffsetsResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        AlterShareGroupOffsetsRequest: request 91, versions [0], flexible [0+] {
            group_id: String [0+];
            topics: Vec<AlterShareGroupOffsetsRequestTopic> [0+];
        }
        AlterShareGroupOffsetsRequestTopic {
            topic_name: String [0+];
            partitions: Vec<AlterShareGroupOffsetsRequestPartition> [0+];
        }
        AlterShareGroupOffsetsRequestPartition {
            partition_index: i32 [0+];
            start_offset: i64 [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        AlterShareGroupOffsetsResponse: response 91, versions [0], flexible [0+] {
            throttle_time_ms: i32 [0+];
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = None;
            responses: Vec<AlterShareGroupOffsetsResponseTopic> [0+];
        }
        AlterShareGroupOffsetsResponseTopic {
            topic_name: String [0+];
            topic_id: Uuid [0+];
            partitions: Vec<AlterShareGroupOffsetsResponsePartition> [0+];
        }
        AlterShareGroupOffsetsResponsePartition {
            partition_index: i32 [0+];
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = None;
        }
    }
}
