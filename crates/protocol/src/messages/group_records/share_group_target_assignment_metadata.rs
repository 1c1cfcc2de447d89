//! ShareGroupTargetAssignmentMetadata, coordinator record 12.

pub use key::ShareGroupTargetAssignmentMetadataKey;
pub use value::ShareGroupTargetAssignmentMetadataValue;

/// The key.
pub mod key {
    use crate::codec::message;

    message! {
        ShareGroupTargetAssignmentMetadataKey: key 12, versions [0], flexible [none] {
            group_id: String [0];
        }
    }
}

/// The value.
pub mod value {
    use crate::codec::message;

    message! {
        ShareGroupTargetAssignmentMetadataValue: value 12, versions [0], flexible [0+] {
            assignment_epoch: i32 [0+];
            assignment_timestamp: i64 [0+] tag 0;
        }
    }
}
