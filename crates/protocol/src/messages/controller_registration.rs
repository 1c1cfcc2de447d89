//! ControllerRegistration, API 70.

pub use request::ControllerRegistrationRequest;
pub use response::ControllerRegistrationResponse;

/// What is asked.
pub mod request {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        ControllerRegistrationRequest: request 70, versions [0], flexible [0+] {
            controller_id: i32 [0+];
            incarnation_id: Uuid [0+];
            zk_migration_ready: bool [0+];
            listeners: Vec<Listener> [0+];
            features: Vec<Feature> [0+];
        }
        Listener {
            name: String [0+];
            host: String [0+];
            port: u16 [0+];
            security_protocol: i16 [0+];
        }
        Feature {
            name: String [0+];
            min_supported_version: i16 [0+];
            max_supported_version: i16 [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        ControllerRegistrationResponse: response 70, versions [0], flexible [0+] {
            throttle_time_ms: i32 [0+];
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = Some(String::new());
        }
    }
}
