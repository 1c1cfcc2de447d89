//! LegacyOffsetCommit, coordinator record 0.

pub use key::LegacyOffsetCommitKey;
pub use value::LegacyOffsetCommitValue;

/// The key.
pub mod key {
    use crate::codec::message;

    message! {
        LegacyOffsetCommitKey: key 0, versions [0], flexible [none] {
            group: String [0];
            topic: String [0];
            partition: i32 [0];
        }
    }
}

/// The value.
pub mod value {
    use crate::codec::message;

    message! {
        LegacyOffsetCommitValue: value 0, versions [0], flexible [none] {
            offset: i64 [0];
            metadata: String [0];
            commit_timestamp: i64 [0];
        }
    }
}
