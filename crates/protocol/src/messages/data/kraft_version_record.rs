//! KRaftVersionRecord.

use crate::codec::message;

message! {
    KRaftVersionRecord: data, versions [0], flexible [0+] {
        version: i16 [0+];
        kraft_version: i16 [0+];
    }
}
