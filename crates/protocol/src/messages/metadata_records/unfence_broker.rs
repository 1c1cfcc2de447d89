//! UnfenceBroker, metadata record 8.

use crate::codec::message;

message! {
    UnfenceBrokerRecord: metadata 8, versions [0], flexible [0+] {
        id: i32 [0+];
        epoch: i64 [0+];
    }
}
