//! ProducerIds, metadata record 15.

use crate::codec::message;

message! {
    ProducerIdsRecord: metadata 15, versions [0], flexible [0+] {
        broker_id: i32 [0+];
        broker_epoch: i64 [0+] = -1;
        next_producer_id: i64 [0+];
    }
}
