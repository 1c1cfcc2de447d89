//! ShareGroupMetadata, coordinator record 11.

pub use key::ShareGroupMetadataKey;
pub use value::ShareGroupMetadataValue;

/// The key.
pub mod key {
    use crate::codec::message;

    message! {
        ShareGroupMetadataKey: key 11, versions [0], flexible [none] {
            group_id: String [0];
        }
    }
}

/// The value.
pub mod value {
    use crate::codec::message;

    message! {
        ShareGroupMetadataValue: value 11, versions [0], flexible [0+] {
            epoch: i32 [0+];
            metadata_hash: i64 [0+];
        }
    }
}
