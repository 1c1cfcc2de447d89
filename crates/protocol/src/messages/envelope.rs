//! Envelope, API 58.

pub use request::EnvelopeRequest;
pub use response::EnvelopeResponse;

/// What is asked.
pub mod request {
    use bytes::Bytes;

    use crate::codec::message;

    message! {
        EnvelopeRequest: request 58, versions [0], flexible [0+] {
            request_data: Bytes [0+];
            request_principal: Option<Bytes> [0+] null [0+] = Some(Bytes::new());
            client_host_address: Bytes [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use bytes::Bytes;

    use crate::codec::message;

    message! {
        EnvelopeResponse: response 58, versions [0], flexible [0+] {
            response_data: Option<Bytes> [0+] null [0+] = None;
            error_code: i16 [0+];
        }
    }
}
