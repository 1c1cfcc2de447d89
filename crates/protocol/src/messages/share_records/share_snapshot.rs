//! ShareSnapshot, coordinator record 0.

pub use key::ShareSnapshotKey;
pub use value::ShareSnapshotValue;

/// The key.
pub mod key {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        ShareSnapshotKey: key 0, versions [0], flexible [none] {
            group_id: String [0];
            topic_id: Uuid [0];
            partition: i32 [0];
        }
    }
}

/// The value.
pub mod value {
    use crate::codec::message;

    message! {
        ShareSnapshotValue: value 0, versions [0], flexible [0+] {
            snapshot_epoch: i32 [0+];
            state_epoch: i32 [0+];
            leader_epoch: i32 [0+];
            start_offset: i64 [0+];
            delivery_complete_count: i32 [0+] tag 0 = -1;
            create_timestamp: i64 [0+];
            write_timestamp: i64 [0+];
            state_batches: Vec<StateBatch> [0+];
        }
        StateBatch {
            first_offset: i64 [0+];
            last_offset: i64 [0+];
            delivery_state: i8 [0+];
            delivery_count: i16 [0+];
        }
    }
}
