//! DescribeDelegationToken, API 41.

pub use request::DescribeDelegationTokenRequest;
pub use response::DescribeDelegationTokenResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        DescribeDelegationTokenRequest: request 41, versions [1-3], flexible [2+] {
            owners: Option<Vec<DescribeDelegationTokenOwner>> [0+] null [0+] = Some(Vec::new());
        }
        DescribeDelegationTokenOwner {
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
        DescribeDelegationTokenResponse: response 41, versions [1-3], flexible [2+] {
            error_code: i16 [0+];
            tokens: Vec<DescribedDelegationToken> [0+];
            throttle_time_ms: i32 [0+];
        }
        DescribedDelegationToken {
            principal_type: String [0+];
            principal_name: String [0+];
            token_requester_principal_type: String [3+];
            token_requester_principal_name: String [3+];
            issue_timestamp: i64 [0+];
            expiry_timestamp: i64 [0+];
            max_timestamp: i64 [0+];
            token_id: String [0+];
            hmac: Bytes [0+];
            renewers: Vec<DescribedDelegationTokenRenewer> [0+];
        }
        DescribedDelegationTokenRenewer {
            principal_type: String [0+];
            principal_name: String [0+];
        }
    }
}
