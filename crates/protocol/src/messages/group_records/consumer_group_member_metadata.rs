//! ConsumerGroupMemberMetadata, coordinator record 5.

pub use key::ConsumerGroupMemberMetadataKey;
pub use value::ConsumerGroupMemberMetadataValue;

/// The key.
pub mod key {
    use crate::codec::message;

    message! {
        ConsumerGroupMemberMetadataKey: key 5, versions [0], flexible [none] {
            group_id: String [0];
            member_id: String [0];
        }
    }
}

/// The value.
pub mod value {
    use bytes::Bytes;

    use crate::codec::message;

    message! {
        ConsumerGroupMemberMetadataValue: value 5, versions [0], flexible [0+] {
            instance_id: Option<String> [0+] null [0+] = Some(String::new());
            rack_id: Option<String> [0+] null [0+] = Some(String::new());
            client_id: String [0+];
            client_host: String [0+];
            subscribed_topic_names: Vec<String> [0+];
            subscribed_topic_regex: Option<String> [0+] null [0+] = Some(String::new());
            rebalance_timeout_ms: i32 [0+] = -1;
            server_assignor: Option<String> [0+] null [0+] = Some(String::new());
            classic_member_metadata: Option<ClassicMemberMetadata> [0+] tag 0 null [0+]
                = Some(ClassicMemberMetadata::default());
        }
        ClassicMemberMetadata {
            session_timeout_ms: i32 [0+];
            supported_protocols: Vec<ClassicProtocol> [0+];
        }
        ClassicProtocol {
            name: String [0+];
            metadata: Bytes [0+];
        }
    }
}
