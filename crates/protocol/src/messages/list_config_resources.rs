//! ListConfigResources, API 74.

pub use request::ListConfigResourcesRequest;
pub use response::ListConfigResourcesResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        ListConfigResourcesRequest: request 74, versions [0-1], flexible [0+] {
            resource_types: Vec<i8> [1+];
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        ListConfigResourcesResponse: response 74, versions [0-1], flexible [0+] {
            throttle_time_ms: i32 [0+];
            error_code: i16 [0+];
            config_resources: Vec<ConfigResource> [0+];
        }
        ConfigResource {
            resource_name: String [0+];
            resource_type: i8 [1+] = 16;
        }
    }
}
