//! RemoveRaftVoter, API 81.

pub use request::RemoveRaftVoterRequest;
pub use response::RemoveRaftVoterResponse;

/// What is asked.
pub mod request {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        RemoveRaftVoterRequest: request 81, versions [0], flexible [0+] {
            cluster_id: Option<String> [0+] null [0+] = Some(String::new());
            voter_id: i32 [0+];
            voter_directory_id: Uuid [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        RemoveRaftVoterResponse: response 81, versions [0], flexible [0+] {
            throttle_time_ms: i32 [0+];
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = Some(String::new());
        }
    }
}
