//! DescribeAcls, API 29.

pub use request::DescribeAclsRequest;
pub use response::DescribeAclsResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        DescribeAclsRequest: request 29, versions [1-3], flexible [2+] {
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
        DescribeAclsResponse: response 29, versions [1-3], flexible [2+] {
            throttle_time_ms: i32 [0+];
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = Some(String::new());
            resources: Vec<DescribeAclsResource> [0+];
        }
        DescribeAclsResource {
            resource_type: i8 [0+];
            resource_name: String [0+];
            pattern_type: i8 [1+] = 3;
            acls: Vec<AclDescription> [0+];
        }
        AclDescription {
            principal: String [0+];
            host: String [0+];
            operation: i8 [0+];
            permission_type: i8 [0+];
        }
    }
}
