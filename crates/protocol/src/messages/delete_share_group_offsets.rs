//! DeleteShareGroupOffsets, API 92.

pub use request::DeleteShareGroupOffsetsRequest;
pub use response::DeleteShareGroupOffsetsResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        DeleteShareGroupOffsetsRequest: request 92, versions [0], flexible [0+] {
            group_id: String [0+];
            topics: Vec<DeleteShareGroupOffsetsRequestTopic> [0+];
        }
        DeleteShareGroupOffsetsRequestTopic {
            topic_name: String [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        DeleteShareGroupOffsetsResponse: response 92, versions [0], flexible [0+] {
            throttle_time_ms: i32 [0+];
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = None;
            responses: Vec<DeleteShareGroupOffsetsResponseTopic> [0+];
        }
        DeleteShareGroupOffsetsResponseTopic {
            topic_name: String [0+];
            topic_id: Uuid [0+];
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = None;
        }
    }
}
