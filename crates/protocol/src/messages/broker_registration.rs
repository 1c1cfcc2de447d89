//! BrokerRegistration, API 62.

pub use request::BrokerRegistrationRequest;
pub use response::BrokerRegistrationResponse;

/// What is asked.
pub mod request {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        BrokerRegistrationRequest: request 62, versions [0-4], flexible [0+] {
            broker_id: i32 [0+];
            cluster_id: String [0+];
            incarnation_id: Uuid [0+];
            listeners: Vec<Listener> [0+];
            features: Vec<Feature> [0+];
            rack: Option<String> [0+] null [0+] = Some(String::new());
            is_migrating_zk_broker: bool [1+];
            log_dirs: Vec<Uuid> [2+];
            previous_broker_epoch: i64 [3+] = -1;
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
        BrokerRegistrationResponse: response 62, versions [0-4], flexible [0+] {
            throttle_time_ms: i32 [0+];
            error_code: i16 [0+];
            broker_epoch: i64 [0+] = -1;
        }
    }
}
