//! OffsetDelete, API 47.

pub use request::OffsetDeleteRequest;
pub use response::OffsetDeleteResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        OffsetDeleteRequest: request 47, versions [0], flexible [none] {
            group_id: String [0+];
            topics: Vec<OffsetDeleteRequestTopic> [0+];
        }
        OffsetDeleteRequestTopic {
            name: String [0+];
            partitions: Vec<OffsetDeleteRequestPartition> [0+];
        }
        OffsetDeleteRequestPartition {
            partition_index: i32 [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        OffsetDeleteResponse: response 47, versions [0], flexible [none] {
            error_code: i16 [0+];
            throttle_time_ms: i32 [0+];
            topics: Vec<OffsetDeleteResponseTopic> [0+];
        }
        OffsetDeleteResponseTopic {
            name: String [0+];
            partitions: Vec<OffsetDeleteResponsePartition> [0+];
        }
        OffsetDeleteResponsePartition {
            partition_index: i32 [0+];
            error_code: i16 [0+];
        }
    }
}
