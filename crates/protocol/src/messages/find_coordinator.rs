//! FindCoordinator, API 10.

pub use request::FindCoordinatorRequest;
pub use response::FindCoordinatorResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        FindCoordinatorRequest: request 10, versions [0-6], flexible [3+] {
            key: String [0-3];
            key_type: i8 [1+];
            coordinator_keys: Vec<String> [4+];
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        FindCoordinatorResponse: response 10, versions [0-6], flexible [3+] {
            throttle_time_ms: i32 [1+];
            error_code: i16 [0-3];
            error_message: Option<String> [1-3] null [1-3] = Some(String::new());
            node_id: i32 [0-3];
            host: String [0-3];
            port: i32 [0-3];
            coordinators: Vec<Coordinator> [4+];
        }
        Coordinator {
            key: String [4+];
            node_id: i32 [4+];
            host: String [4+];
            port: i32 [4+];
            error_code: i16 [4+];
            error_message: Option<String> [4+] null [4+] = Some(String::new());
        }
    }
}
