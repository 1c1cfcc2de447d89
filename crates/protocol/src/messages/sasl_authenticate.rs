//! SaslAuthenticate, API 36.

pub use request::SaslAuthenticateRequest;
pub use response::SaslAuthenticateResponse;

/// What is asked.
pub mod request {
    use bytes::Bytes;

    use crate::codec::message;

    message! {
        SaslAuthenticateRequest: request 36, versions [0-2], flexible [2+] {
            auth_bytes: Bytes [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use bytes::Bytes;

    use crate::codec::message;

    message! {
        SaslAuthenticateResponse: response 36, versions [0-2], flexible [2+] {
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = Some(String::new());
            auth_bytes: Bytes [0+];
            session_lifetime_ms: i64 [1+];
        }
    }
}
