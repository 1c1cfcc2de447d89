//! ConsumerGroupTargetAssignmentMetadata, coordinator record 6.

pub use key::ConsumerGroupTargetAssignmentMetadataKey;
pub use value::ConsumerGroupTargetAssignmentMetadataValue;

/// The key.
pub mod key {
    use crate::codec::message;

    message! {
        ConsumerGroupTargetAssignmentMetadataKey: key 6, versions [0], flexible [none] {
            group_id: String [0];
        }
    }
}

/// The value.
pub mod value {
    use crate::codec::message;

    message! {
        ConsumerGroupTargetAssignmentMetadataValue: value 6, versions [0], flexible [0+] {
            assignment_epoch: i32 [0+];
            assignment_timestamp: i64 [0+] tag 0;
        }
    }
}
