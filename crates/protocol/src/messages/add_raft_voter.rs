//! AddRaftVoter, API 80.

pub use request::AddRaftVoterRequest;
pub use response::AddRaftVoterResponse;

/// What is asked.
pub mod request {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        AddRaftVoterRequest: request 80, versions [0-1], flexible [0+] {
            cluster_id: Option<String> [0+] null [0+] = Some(String::new());
            timeout_ms: i32 [0+];
            voter_id: i32 [0+];
            voter_directory_id: Uuid [0+];
            listeners: Vec<Listener> [0+];
            ack_when_committed: bool [1+] = true;
        }
        Listener {
            name: String [0+];
            host: String [0+];
            port: u16 [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        AddRaftVoterResponse: response 80, versions [0-1], flexible [0+] {
            throttle_time_ms: i32 [0+];
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = Some(String::new());
        }
    }
}
