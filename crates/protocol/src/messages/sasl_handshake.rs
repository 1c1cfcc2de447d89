//! SaslHandshake, API 17.

pub use request::SaslHandshakeRequest;
pub use response::SaslHandshakeResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        SaslHandshakeRequest: request 17, versions [0-1], flexible [none] {
            mechanism: String [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        SaslHandshakeResponse: response 17, versions [0-1], flexible [none] {
            error_code: i16 [0+];
            mechanisms: Vec<String> [0+];
        }
    }
}
