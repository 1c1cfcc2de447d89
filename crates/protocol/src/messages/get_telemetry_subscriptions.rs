//! GetTelemetrySubscriptions, API 71.

pub use request::GetTelemetrySubscriptionsRequest;
pub use response::GetTelemetrySubscriptionsResponse;

/// What is asked.
pub mod request {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        GetTelemetrySubscriptionsRequest: request 71, versions [0], flexible [0+] {
            client_instance_id: Uuid [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        GetTelemetrySubscriptionsResponse: response 71, versions [0], flexible [0+] {
            throttle_time_ms: i32 [0+];
            error_code: i16 [0+];
            client_instance_id: Uuid [0+];
            subscription_id: i32 [0+];
            accepted_compression_types: Vec<i8> [0+];
            push_interval_ms: i32 [0+];
            telemetry_max_bytes: i32 [0+];
            delta_temporality: bool [0+];
            requested_metrics: Vec<String> [0+];
        }
    }
}
