//! DeleteGroups, API 42.

pub use request::DeleteGroupsRequest;
pub use response::DeleteGroupsResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        DeleteGroupsRequest: request 42, versions [0-2], flexible [2+] {
            groups_names: Vec<String> [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        DeleteGroupsResponse: response 42, versions [0-2], flexible [2+] {
            throttle_time_ms: i32 [0+];
            results: Vec<DeletableGroupResult> [0+];
        }
        DeletableGroupResult {
            group_id: String [0+];
            error_code: i16 [0+];
        }
    }
}
