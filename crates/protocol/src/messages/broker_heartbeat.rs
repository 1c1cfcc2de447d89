//! BrokerHeartbeat, API 63.

pub use request::BrokerHeartbeatRequest;
pub use response::BrokerHeartbeatResponse;

/// What is asked.
pub mod request {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        BrokerHeartbeatRequest: request 63, versions [0-2], flexible [0+] {
            broker_id: i32 [0+];
            broker_epoch: i64 [0+] = -1;
            current_metadata_offset: i64 [0+];
            want_fence: bool [0+];
            want_shut_down: bool [0+];
            offline_log_dirs: Vec<Uuid> [1+] tag 0;
            cordoned_log_dirs: Option<Vec<Uuid>> [2+] tag 1 null [2+] = None;
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        BrokerHeartbeatResponse: response 63, versions [0-2], flexible [0+] {
            throttle_time_ms: i32 [0+];
            error_code: i16 [0+];
            is_caught_up: bool [0+];
            is_fenced: bool [0+] = true;
            should_shut_down: bool [0+];
        }
    }
}
