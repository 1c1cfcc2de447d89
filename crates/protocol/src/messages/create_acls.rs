//! CreateAcls, API 30.

pub use request::CreateAclsRequest;
pub use response::CreateAclsResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        CreateAclsRequest: request 30, versions [1-3], flexible [2+] {
            creations: Vec<AclCreation> [0+];
        }
        AclCreation {
            resource_type: i8 [0+];
            resource_name: String [0+];
            resource_pattern_type: i8 [1+] = 3;
            principal: String [0+];
            host: String [0+];
            operation: i8 [0+];
            permission_type: i8 [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        CreateAclsResponse: response 30, versions [1-3], flexible [2+] {
            throttle_time_ms: i32 [0+];
            results: Vec<AclCreationResult> [0+];
        }
        AclCreationResult {
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = Some(String::new());
        }
    }
}
