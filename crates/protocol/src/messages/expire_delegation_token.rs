//! ExpireDelegationToken, API 40.

pub use request::ExpireDelegationTokenRequest;
pub use response::ExpireDelegationTokenResponse;

/// What is asked.
pub mod request {
    use bytes::Bytes;

    use crate::codec::message;

    message! {
        ExpireDelegationTokenRequest: request 40, versions [1-2], flexible [2+] {
            hmac: Bytes [0+];
            expiry_time_period_ms: i64 [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        ExpireDelegationTokenResponse: response 40, versions [1-2], flexible [2+] {
            error_code: i16 [0+];
            expiry_timestamp_ms: i64 [0+];
            throttle_time_ms: i32 [0+];
        }
    }
}
