//! AlterClientQuotas, API 49.

pub use request::AlterClientQuotasRequest;
pub use response::AlterClientQuotasResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        AlterClientQuotasRequest: request 49, versions [0-1], flexible [1+] {
            entries: Vec<EntryData> [0+];
            validate_only: bool [0+];
        }
        EntryData {
            entity: Vec<EntityData> [0+];
            ops: Vec<OpData> [0+];
        }
        EntityData {
            entity_type: String [0+];
            entity_name: Option<String> [0+] null [0+] = Some(String::new());
        }
        OpData {
            key: String [0+];
            value: f64 [0+];
            remove: bool [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        AlterClientQuotasResponse: response 49, versions [0-1], flexible [1+] {
            throttle_time_ms: i32 [0+];
            entries: Vec<EntryData> [0+];
        }
        EntryData {
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = Some(String::new());
            entity: Vec<EntityData> [0+];
        }
        EntityData {
            entity_type: String [0+];
            entity_name: Option<String> [0+] null [0+] = Some(String::new());
        }
    }
}
