//! DescribeGroups, API 15.

pub use request::DescribeGroupsRequest;
pub use response::DescribeGroupsResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        DescribeGroupsRequest: request 15, versions [0-6], flexible [5+] {
            groups: Vec<String> [0+];
            include_authorized_operations: bool [3+];
        }
    }
}

/// What is answered.
pub mod response {
    use bytes::Bytes;

    use crate::codec::message;

    message! {
        DescribeGroupsResponse: response 15, versions [0-6], flexible [5+] {
            throttle_time_ms: i32 [1+];
            groups: Vec<DescribedGroup> [0+];
        }
        DescribedGroup {
            error_code: i16 [0+];
            error_message: Option<String> [6+] null [6+] = None;
            group_id: String [0+];
            group_state: String [0+];
            protocol_type: String [0+];
            protocol_data: String [0+];
            members: Vec<DescribedGroupMember> [0+];
            authorized_operations: i32 [3+] = -2147483648;
        }
        DescribedGroupMember {
            member_id: String [0+];
            group_instance_id: Option<String> [4+] null [4+] = None;
            client_id: String [0+];
            client_host: String [0+];
            member_metadata: Bytes [0+];
            member_assignment: Bytes [0+];
        }
    }
}
