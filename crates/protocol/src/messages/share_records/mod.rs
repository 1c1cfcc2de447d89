//! The records of `__share_group_state`: how far share groups are in each partition.

pub mod share_snapshot;
pub mod share_update;

pub use share_snapshot::{ShareSnapshotKey, ShareSnapshotValue};
pub use share_update::{ShareUpdateKey, ShareUpdateValue};

use crate::codec::record_values::coordinator_records;

coordinator_records! {
    /// The key of a record of `__share_group_state`.
    ShareRecordKey,
    /// The value of a record of `__share_group_state`.
    ShareRecordValue,
    {
        ShareSnapshot(share_snapshot::{ShareSnapshotKey, ShareSnapshotValue}),
        ShareUpdate(share_update::{ShareUpdateKey, ShareUpdateValue}),
    }
}
