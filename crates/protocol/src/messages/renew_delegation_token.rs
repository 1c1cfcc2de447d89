//! RenewDelegationToken, API 39.

pub use request::RenewDelegationTokenRequest;
pub use response::RenewDelegationTokenResponse;

/// What is asked.
pub mod request {
    use bytes::Bytes;

    use crate::codec::message;

    message! {
        RenewDelegationTokenRequest: request 39, versions [1-2], flexible [2+] {
            hmac: Bytes [0+];
            renew_period_ms: i64 [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        RenewDelegationTokenResponse: response 39, versions [1-2], flexible [2+] {
            error_code: i16 [0+];
            expiry_timestamp_ms: i64 [0+];
            throttle_time_ms: i32 [0+];
        }
    }
}
