//! DescribeUserScramCredentials, API 50.

pub use request::DescribeUserScramCredentialsRequest;
pub use response::DescribeUserScramCredentialsResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        DescribeUserScramCredentialsRequest: request 50, versions [0], flexible [0+] {
            users: Option<Vec<UserName>> [0+] null [0+] = Some(Vec::new());
        }
        UserName {
            name: String [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        DescribeUserScramCredentialsResponse: response 50, versions [0], flexible [0+] {
            throttle_time_ms: i32 [0+];
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = Some(String::new());
            results: Vec<DescribeUserScramCredentialsResult> [0+];
        }
        DescribeUserScramCredentialsResult {
            user: String [0+];
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = Some(String::new());
            credential_infos: Vec<CredentialInfo> [0+];
        }
        CredentialInfo {
            mechanism: i8 [0+];
            iterations: i32 [0+];
        }
    }
}
