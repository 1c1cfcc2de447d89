//! DeleteAcls, API 31.

pub use request::DeleteAclsRequest;
pub use response::DeleteAclsResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        DeleteAclsRequest: request 31, versions [1-3], flexible [2+] {
            filters: Vec<DeleteAclsFilter> [0+];
        }
        DeleteAclsFilter {
            resource_type_filter: i8 [0+];
            resource_name_filter: Option<String> [0+] null [0+] = Some(String::new());
            pattern_type_filter: i8 [1+] = 3;
            principal_filter: Option<String> [0+] null [0+] = Some(String::new());
            host_filter: Option<String> [0+] null [0+] = Some(String::new());
            operation: i8 [0+];
            permission_type: i8 [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        DeleteAclsResponse: response 31, versions [1-3], flexible [2+] {
            throttle_time_ms: i32 [0+];
            filter_results: Vec<DeleteAclsFilterResult> [0+];
        }
        DeleteAclsFilterResult {
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = Some(String::new());
            matching_acls: Vec<DeleteAclsMatchingAcl> [0+];
        }
        DeleteAclsMatchingAcl {
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = Some(String::new());
            resource_type: i8 [0+];
            resource_name: String [0+];
            pattern_type: i8 [1+] = 3;
            principal: String [0+];
            host: String [0+];
            operation: i8 [0+];
            permission_type: i8 [0+];
        }
    }
}
