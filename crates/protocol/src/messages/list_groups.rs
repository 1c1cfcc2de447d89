//! ListGroups, API 16.

pub use request::ListGroupsRequest;
pub use response::ListGroupsResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        ListGroupsRequest: request 16, versions [0-5], flexible [3+] {
            states_filter: Vec<String> [4+];
            types_filter: Vec<String> [5+];
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        ListGroupsResponse: response 16, versions [0-5], flexible [3+] {
            throttle_time_ms: i32 [1+];
            error_code: i16 [0+];
            groups: Vec<ListedGroup> [0+];
        }
        ListedGroup {
            group_id: String [0+];
            protocol_type: String [0+];
            group_state: String [4+];
            group_type: String [5+];
        }
    }
}
