//! DescribeConfigs, API 32.

pub use request::DescribeConfigsRequest;
pub use response::DescribeConfigsResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        DescribeConfigsRequest: request 32, versions [1-4], flexible [4+] {
            resources: Vec<DescribeConfigsResource> [0+];
            include_synonyms: bool [1+];
            include_documentation: bool [3+];
        }
        DescribeConfigsResource {
            resource_type: i8 [0+];
            resource_name: String [0+];
            configuration_keys: Option<Vec<String>> [0+] null [0+] = Some(Vec::new());
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        DescribeConfigsResponse: response 32, versions [1-4], flexible [4+] {
            throttle_time_ms: i32 [0+];
            results: Vec<DescribeConfigsResult> [0+];
        }
        DescribeConfigsResult {
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = Some(String::new());
            resource_type: i8 [0+];
            resource_name: String [0+];
            configs: Vec<DescribeConfigsResourceResult> [0+];
        }
        DescribeConfigsResourceResult {
            name: String [0+];
            value: Option<String> [0+] null [0+] = Some(String::new());
            read_only: bool [0+];
            config_source: i8 [1+] = -1;
            is_sensitive: bool [0+];
            synonyms: Vec<DescribeConfigsSynonym> [1+];
            config_type: i8 [3+];
            documentation: Option<String> [3+] null [0+] = Some(String::new());
        }
        DescribeConfigsSynonym {
            name: String [1+];
            value: Option<String> [1+] null [0+] = Some(String::new());
            source: i8 [1+];
        }
    }
}
