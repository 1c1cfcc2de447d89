//! LeaveGroup, API 13.

pub use request::LeaveGroupRequest;
pub use response::LeaveGroupResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        LeaveGroupRequest: request 13, versions [0-5], flexible [4+] {
            group_id: String [0+];
            member_id: String [0-2];
            members: Vec<MemberIdentity> [3+];
        }
        MemberIdentity {
            member_id: String [3+];
            group_instance_id: Option<String> [3+] null [3+] = None;
            reason: Option<String> [5+] null [5+] = None;
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        LeaveGroupResponse: response 13, versions [0-5], flexible [4+] {
            throttle_time_ms: i32 [1+];
            error_code: i16 [0+];
            members: Vec<MemberResponse> [3+];
        }
        MemberResponse {
            member_id: String [3+];
            group_instance_id: Option<String> [3+] null [3+] = Some(String::new());
            error_code: i16 [3+];
        }
    }
}
