//! DeleteShareGroupState, API 86.

pub use request::DeleteShareGroupStateRequest;
pub use response::DeleteShareGroupStateResponse;

/// What is asked.
pub mod request {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        DeleteShareGroupStateRequest: request 86, versions [0], flexible [0+] {
            group_id: String [0+];
            topics: Vec<DeleteStateData> [0+];
        }
        DeleteStateData {
            topic_id: Uuid [0+];
            partitions: Vec<PartitionData> [0+];
        }
        PartitionData {
            partition: i32 [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        DeleteShareGroupStateResponse: response 86, versions [0], flexible [0+] {
            results: Vec<DeleteStateResult> [0+];
        }
        DeleteStateResult {
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
