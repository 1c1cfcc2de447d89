//! InitializeShareGroupState, API 83.

pub use request::InitializeShareGroupStateRequest;
pub use response::InitializeShareGroupStateResponse;

/// What is asked.
pub mod request {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        InitializeShareGroupStateRequest: request 83, versions [0], flexible [0+] {
            group_id: String [0+];
            topics: Vec<InitializeStateData> [0+];
        }
        InitializeStateData {
            topic_id: Uuid [0+];
            partitions: Vec<PartitionData> [0+];
        }
        PartitionData {
            partition: i32 [0+];
            state_epoch: i32 [0+];
            start_offset: i64 [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        InitializeShareGroupStateResponse: response 83, versions [0], flexible [0+] {
            results: Vec<InitializeStateResult> [0+];
        }
        InitializeStateResult {
            topic_id: Uuid [0+];
            partitions: Vec<PartitionResult> [0+];
        }
        PartitionResult {
            partition: i32 [0+];
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = None;
        }
    }
}
