//! ReadShareGroupState, API 84.

pub use request::ReadShareGroupStateRequest;
pub use response::ReadShareGroupStateResponse;

/// What is asked.
pub mod request {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        ReadShareGroupStateRequest: request 84, versions [0], flexible [0+] {
            group_id: String [0+];
            topics: Vec<ReadStateData> [0+];
        }
        ReadStateData {
            topic_id: Uuid [0+];
            partitions: Vec<PartitionData> [0+];
        }
        PartitionData {
            partition: i32 [0+];
            leader_epoch: i32 [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        ReadShareGroupStateResponse: response 84, versions [0], flexible [0+] {
            results: Vec<ReadStateResult> [0+];
        }
        ReadStateResult {
            topic_id: Uuid [0+];
            partitions: Vec<PartitionResult> [0+];
        }
        PartitionResult {
            partition: i32 [0+];
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = None;
            state_epoch: i32 [0+];
            start_offset: i64 [0+];
            state_batches: Vec<StateBatch> [0+];
        }
        StateBatch {
            first_offset: i64 [0+];
            last_offset: i64 [0+];
            delivery_state: i8 [0+];
            delivery_count: i16 [0+];
        }
    }
}
