//! StreamsGroupMetadata, coordinator record 17.

pub use key::StreamsGroupMetadataKey;
pub use value::StreamsGroupMetadataValue;

/// The key.
pub mod key {
    use crate::codec::message;

    message! {
        StreamsGroupMetadataKey: key 17, versions [0], flexible [none] {
            group_id: String [0];
        }
    }
}

/// The value.
pub mod value {
    use crate::codec::message;

    message! {
        StreamsGroupMetadataValue: value 17, versions [0], flexible [0+] {
            epoch: i32 [0+];
            metadata_hash: i64 [0+];
            validated_topology_epoch: i32 [0+] tag 0 = -1;
            last_assignment_configs: Option<Vec<LastAssignmentConfig>> [0+] tag 1 null [0+]
                = Some(Vec::new());
        }
        LastAssignmentConfig {
            key: String [0+];
            value: String [0+];
        }
    }
}
