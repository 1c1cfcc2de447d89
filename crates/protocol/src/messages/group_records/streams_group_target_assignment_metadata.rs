//! StreamsGroupTargetAssignmentMetadata, coordinator record 20.

pub use key::StreamsGroupTargetAssignmentMetadataKey;
pub use value::StreamsGroupTargetAssignmentMetadataValue;

/// The key.
pub mod key {
    use crate::codec::message;

    message! {
        StreamsGroupTargetAssignmentMetadataKey: key 20, versions [0], flexible [none] {
            group_id: String [0];
        }
    }
}

/// The value.
pub mod value {
    use crate::codec::message;

    message! {
        StreamsGroupTargetAssignmentMetadataValue: value 20, versions [0], flexible [0+] {
            assignment_epoch: i32 [0+];
            assignment_timestamp: i64 [0+] tag 0;
        }
    }
}
