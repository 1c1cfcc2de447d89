//! ShareGroupMemberMetadata, coordinator record 10.

pub use key::ShareGroupMemberMetadataKey;
pub use value::ShareGroupMemberMetadataValue;

/// The key.
pub mod key {
    use crate::codec::message;

    message! {
        ShareGroupMemberMetadataKey: key 10, versions [0], flexible [none] {
            group_id: String [0];
            member_id: String [0];
        }
    }
}

/// The value.
pub mod value {
    use crate::codec::message;

    message! {
        ShareGroupMemberMetadataValue: value 10, versions [0], flexible [0+] {
            rack_id: Option<String> [0+] null [0+] = Some(String::new());
            client_id: String [0+];
            client_host: String [0+];
            subscribed_topic_names: Vec<String> [0+];
        }
    }
}
