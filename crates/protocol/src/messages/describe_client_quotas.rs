//! DescribeClientQuotas, API 48.

pub use request::DescribeClientQuotasRequest;
pub use response::DescribeClientQuotasResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        DescribeClientQuotasRequest: request 48, versions [0-1], flexible [1+] {
            components: Vec<ComponentData> [0+];
            strict: bool [0+];
        }
        ComponentData {
            entity_type: String [0+];
            match_type: i8 [0+];
            r#match: Option<String> [0+] null [0+] = Some(String::new());
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        DescribeClientQuotasResponse: response 48, versions [0-1], flexible [1+] {
            throttle_time_ms: i32 [0+];
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = Some(String::new());
            entries: Option<Vec<EntryData>> [0+] null [0+] = Some(Vec::new());
        }
        EntryData {
            entity: Vec<EntityData> [0+];
            values: Vec<ValueData> [0+];
        }
        EntityData {
            entity_type: String [0+];
            entity_name: Option<String> [0+] null [0+] = Some(String::new());
        }
        ValueData {
            key: String [0+];
            value: f64 [0+];
        }
    }
}
