//! AlterUserScramCredentials, API 51.

pub use request::AlterUserScramCredentialsRequest;
pub use response::AlterUserScramCredentialsResponse;

/// What is asked.
pub mod request {
    use bytes::Bytes;

    use crate::codec::message;

    message! {
        AlterUserScramCredentialsRequest: request 51, versions [0], flexible [0+] {
            deletions: Vec<ScramCredentialDeletion> [0+];
            upsertions: Vec<ScramCredentialUpsertion> [0+];
        }
        ScramCredentialDeletion {
            name: String [0+];
            mechanism: i8 [0+];
        }
        ScramCredentialUpsertion {
            name: String [0+];
            mechanism: i8 [0+];
            iterations: i32 [0+];
            salt: Bytes [0+];
            salted_password: Bytes [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        AlterUserScramCredentialsResponse: response 51, versions [0], flexible [0+] {
            throttle_time_ms: i32 [0+];
            results: Vec<AlterUserScramCredentialsResult> [0+];
        }
        AlterUserScramCredentialsResult {
            user: String [0+];
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = Some(String::new());
        }
    }
}
