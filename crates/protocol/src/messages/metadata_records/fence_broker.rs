//! FenceBroker, metadata record 7.

use crate::codec::message;

message! {
    FenceBrokerRecord: metadata 7, versions [0], flexible [0+] {
        id: i32 [0+];
        epoch: i64 [0+];
    }
}
