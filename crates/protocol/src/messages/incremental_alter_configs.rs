//! IncrementalAlterConfigs, API 44.

pub use request::IncrementalAlterConfigsRequest;
pub use response::IncrementalAlterConfigsResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        IncrementalAlterConfigsRequest: request 44, versions [0-1], flexible [1+] {
            resources: Vec<AlterConfigsResource> [0+];
            validate_only: bool [0+];
        }
        AlterConfigsResource {
            resource_type: i8 [0+];
            resource_name: String [0+];
            configs: Vec<AlterableConfig> [0+];
        }
        AlterableConfig {
            name: String [0+];
            config_operation: i8 [0+];
            value: Option<String> [0+] null [0+] = Some(String::new());
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        IncrementalAlterConfigsResponse: response 44, versions [0-1], flexible [1+] {
            throttle_time_ms: i32 [0+];
            responses: Vec<AlterConfigsResourceResponse> [0+];
        }
        AlterConfigsResourceResponse {
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = Some(String::new());
            resource_type: i8 [0+];
            resource_name: String [0+];
        }
    }
}
