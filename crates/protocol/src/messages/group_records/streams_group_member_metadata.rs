//! StreamsGroupMemberMetadata, coordinator record 19.

pub use key::StreamsGroupMemberMetadataKey;
pub use value::StreamsGroupMemberMetadataValue;

/// The key.
pub mod key {
    use crate::codec::message;

    message! {
        StreamsGroupMemberMetadataKey: key 19, versions [0], flexible [none] {
            group_id: String [0];
            member_id: String [0];
        }
    }
}

/// The value.
pub mod value {
    use crate::codec::message;

    message! {
        StreamsGroupMemberMetadataValue: value 19, versions [0], flexible [0+] {
            instance_id: Option<String> [0+] null [0+] = Some(String::new());
            rack_id: Option<String> [0+] null [0+] = Some(String::new());
            client_id: String [0+];
            client_host: String [0+];
            rebalance_timeout_ms: i32 [0+] = -1;
            topology_epoch: i32 [0+];
            process_id: String [0+];
            user_endpoint: Option<Endpoint> [0+] null [0+] = None;
            client_tags: Vec<KeyValue> [0+];
        }
        Endpoint {
            host: String [0+];
            port: u16 [0+];
        }
        KeyValue {
            key: String [0+];
            value: String [0+];
        }
    }
}
