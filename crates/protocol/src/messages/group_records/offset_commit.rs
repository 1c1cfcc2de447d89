//! OffsetCommit, coordinator record 1.

pub use key::OffsetCommitKey;
pub use value::OffsetCommitValue;

/// The key.
pub mod key {
    use crate::codec::message;

    message! {
        OffsetCommitKey: key 1, versions [0], flexible [none] {
            group: String [0];
            topic: String [0];
            partition: i32 [0];
        }
    }
}

/// The value.
pub mod value {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        OffsetCommitValue: value 1, versions [0-4], flexible [4+] {
            offset: i64 [0+];
            leader_epoch: i32 [3+] = -1;
            metadata: String [0+];
            commit_timestamp: i64 [0+];
            expire_timestamp: i64 [1] = -1;
            topic_id: Uuid [4+] tag 0;
        }
    }
}
