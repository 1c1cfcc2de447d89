//! UnregisterBroker, API 64.

pub use request::UnregisterBrokerRequest;
pub use response::UnregisterBrokerResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        UnregisterBrokerRequest: request 64, versions [0], flexible [0+] {
            broker_id: i32 [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        UnregisterBrokerResponse: response 64, versions [0], flexible [0+] {
            throttle_time_ms: i32 [0+];
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = Some(String::new());
        }
    }
}
