//! SyncGroup, API 14.

pub use request::SyncGroupRequest;
pub use response::SyncGroupResponse;

/// What is asked.
pub mod request {
    use bytes::Bytes;

    use crate::codec::message;

    message! {
        SyncGroupRequest: request 14, versions [0-5], flexible [4+] {
            group_id: String [0+];
            generation_id: i32 [0+];
            member_id: String [0+];
            group_instance_id: Option<String> [3+] null [3+] = None;
            protocol_type: Option<String> [5+] null [5+] = None;
            protocol_name: Option<String> [5+] null [5+] = None;
            assignments: Vec<SyncGroupRequestAssignment> [0+];
        }
        SyncGroupRequestAssignment {
            member_id: String [0+];
            assignment: Bytes [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use bytes::Bytes;

    use crate::codec::message;

    message! {
        SyncGroupResponse: response 14, versions [0-5], flexible [4+] {
            throttle_time_ms: i32 [1+];
            error_code: i16 [0+];
            protocol_type: Option<String> [5+] null [5+] = None;
            protocol_name: Option<String> [5+] null [5+] = None;
            assignment: Bytes [0+];
        }
    }
}
