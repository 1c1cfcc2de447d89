//! CreatePartitions, API 37.

pub use request::CreatePartitionsRequest;
pub use response::CreatePartitionsResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        CreatePartitionsRequest: request 37, versions [0-3], flexible [2+] {
            topics: Vec<CreatePartitionsTopic> [0+];
            timeout_ms: i32 [0+];
            validate_only: bool [0+];
        }
        CreatePartitionsTopic {
            name: String [0+];
            count: i32 [0+];
            assignments: Option<Vec<CreatePartitionsAssignment>> [0+] null [0+] = Some(Vec::new());
        }
        CreatePartitionsAssignment {
            broker_ids: Vec<i32> [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        CreatePartitionsResponse: response 37, versions [0-3], flexible [2+] {
            throttle_time_ms: i32 [0+];
            results: Vec<CreatePartitionsTopicResult> [0+];
        }
        CreatePartitionsTopicResult {
            name: String [0+];
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = None;
        }
    }
}
