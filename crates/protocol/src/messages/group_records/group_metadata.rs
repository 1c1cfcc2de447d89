//! GroupMetadata, coordinator record 2.

pub use key::GroupMetadataKey;
pub use value::GroupMetadataValue;

/// The key.
pub mod key {
    use crate::codec::message;

    message! {
        GroupMetadataKey: key 2, versions [0], flexible [none] {
            group: String [0];
        }
    }
}

/// The value.
pub mod value {
    use bytes::Bytes;

    use crate::codec::message;

    message! {
        GroupMetadataValue: value 2, versions [0-4], flexible [4+] {
            protocol_type: String [0+];
            generation: i32 [0+];
            protocol: Option<String> [0+] null [0+] = Some(String::new());
            leader: Option<String> [0+] null [0+] = Some(String::new());
            current_state_timestamp: i64 [2+] = -1;
            members: Vec<MemberMetadata> [0+];
        }
        MemberMetadata {
            member_id: String [0+];
            group_instance_id: Option<String> [3+] null [3+] = None;
            client_id: String [0+];
            client_host: String [0+];
            rebalance_timeout: i32 [1+] = -1;
            session_timeout: i32 [0+];
            subscription: Bytes [0+];
            assignment: Bytes [0+];
        }
    }
}
