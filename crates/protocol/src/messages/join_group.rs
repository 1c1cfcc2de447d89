//! JoinGroup, API 11.

pub use request::JoinGroupRequest;
pub use response::JoinGroupResponse;

/// What is asked.
pub mod request {
    use bytes::Bytes;

    use crate::codec::message;

    message! {
        JoinGroupRequest: request 11, versions [0-9], flexible [6+] {
            group_id: String [0+];
            session_timeout_ms: i32 [0+];
            rebalance_timeout_ms: i32 [1+] = -1;
            member_id: String [0+];
            group_instance_id: Option<String> [5+] null [5+] = None;
            protocol_type: String [0+];
            protocols: Vec<JoinGroupRequestProtocol> [0+];
            reason: Option<String> [8+] null [8+] = None;
        }
        JoinGroupRequestProtocol {
            name: String [0+];
            metadata: Bytes [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use bytes::Bytes;

    use crate::codec::message;

    message! {
        JoinGroupResponse: response 11, versions [0-9], flexible [6+] {
            throttle_time_ms: i32 [2+];
            error_code: i16 [0+];
            generation_id: i32 [0+] = -1;
            protocol_type: Option<String> [7+] null [7+] = None;
            protocol_name: Option<String> [0+] null [7+] = Some(String::new());
            leader: String [0+];
            skip_assignment: bool [9+];
            member_id: String [0+];
            members: Vec<JoinGroupResponseMember> [0+];
        }
        JoinGroupResponseMember {
            member_id: String [0+];
            group_instance_id: Option<String> [5+] null [5+] = None;
            metadata: Bytes [0+];
        }
    }
}
