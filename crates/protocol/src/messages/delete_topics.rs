//! DeleteTopics, API 20.

pub use request::DeleteTopicsRequest;
pub use response::DeleteTopicsResponse;

/// What is asked.
pub mod request {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        DeleteTopicsRequest: request 20, versions [1-6], flexible [4+] {
            topics: Vec<DeleteTopicState> [6+];
            topic_names: Vec<String> [0-5];
            timeout_ms: i32 [0+];
        }
        DeleteTopicState {
            name: Option<String> [6+] null [6+] = None;
            topic_id: Uuid [6+];
        }
    }
}

/// What is answered.
pub mod response {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        DeleteTopicsResponse: response 20, versions [1-6], flexible [4+] {
            throttle_time_ms: i32 [1+];
            responses: Vec<DeletableTopicResult> [0+];
        }
        DeletableTopicResult {
            name: Option<String> [0+] null [6+] = Some(String::new());
            topic_id: Uuid [6+];
            error_code: i16 [0+];
            error_message: Option<String> [5+] null [5+] = None;
        }
    }
}
