//! Heartbeat, API 12.

pub use request::HeartbeatRequest;
pub use response::HeartbeatResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        HeartbeatRequest: request 12, versions [0-4], flexible [4+] {
            group_id: String [0+];
            generation_id: i32 [0+];
            member_id: String [0+];
            group_instance_id: Option<String> [3+] null [3+] = None;
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        HeartbeatResponse: response 12, versions [0-4], flexible [4+] {
            throttle_time_ms: i32 [1+];
            error_code: i16 [0+];
        }
    }
}
