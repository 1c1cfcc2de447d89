//! SnapshotHeaderRecord.

use crate::codec::message;

message! {
    SnapshotHeaderRecord: data, versions [0], flexible [0+] {
        version: i16 [0+];
        last_contained_log_timestamp: i64 [0+];
    }
}
