//! SnapshotFooterRecord.

use crate::codec::message;

message! {
    SnapshotFooterRecord: data, versions [0], flexible [0+] {
        version: i16 [0+];
    }
}
