//! UnregisterBroker, metadata record 1.

use crate::codec::message;

message! {
    UnregisterBrokerRecord: metadata 1, versions [0], flexible [0+] {
        broker_id: i32 [0+];
        broker_epoch: i64 [0+];
    }
}
