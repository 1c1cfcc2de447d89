//! ConsumerGroupMetadata, coordinator record 3.

pub use key::ConsumerGroupMetadataKey;
pub use value::ConsumerGroupMetadataValue;

/// The key.
pub mod key {
    use crate::codec::message;

    message! {
        ConsumerGroupMetadataKey: key 3, versions [0], flexible [none] {
            group_id: String [0];
        }
    }
}

/// The value.
pub mod value {
    use crate::codec::message;

    message! {
        ConsumerGroupMetadataValue: value 3, versions [0], flexible [0+] {
            epoch: i32 [0+];
            metadata_hash: i64 [0+] tag 0;
        }
    }
}
