//! PushTelemetry, API 72.

pub use request::PushTelemetryRequest;
pub use response::PushTelemetryResponse;

/// What is asked.
pub mod request {
    use bytes::Bytes;
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        PushTelemetryRequest: request 72, versions [0], flexible [0+] {
            client_instance_id: Uuid [0+];
            subscription_id: i32 [0+];
            terminating: bool [0+];
            compression_type: i8 [0+];
            metrics: Bytes [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        PushTelemetryResponse: response 72, versions [0], flexible [0+] {
            throttle_time_ms: i32 [0+];
            error_code: i16 [0+];
        }
    }
}
