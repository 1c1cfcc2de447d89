//! CreateDelegationToken, API 38.

pub use request::CreateDelegationTokenRequest;
pub use response::CreateDelegationTokenResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        CreateDelegationTokenRequest: request 38, versions [1-3], flexible [2+] {
            owner_principal_type: Option<String> [3+] null [3+] = Some(String::new());
            owner_principal_name: Option<String> [3+] null [3+] = Some(String::new());
            renewers: Vec<CreatableRenewers> [0+];
            max_lifetime_ms: i64 [0+];
        }
        CreatableRenewers {
            principal_type: String [0+];
            principal_name: String [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use bytes::Bytes;

    use crate::codec::message;

    message! {
        CreateDelegationTokenResponse: response 38, versions [1-3], flexible [2+] {
            error_code: i16 [0+];
            principal_type: String [0+];
            principal_name: String [0+];
            token_requester_principal_type: String [3+];
            token_requester_principal_name: String [3+];
            issue_timestamp_ms: i64 [0+];
            expiry_timestamp_ms: i64 [0+];
            max_timestamp_ms: i64 [0+];
            token_id: String [0+];
            hmac: Bytes [0+];
            throttle_time_ms: i32 [0+];
        }
    }
}
