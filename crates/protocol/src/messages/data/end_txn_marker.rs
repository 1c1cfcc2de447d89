//! EndTxnMarker.

use crate::codec::message;

message! {
    EndTxnMarker: data, versions [0], flexible [none] {
        coordinator_epoch: i32 [0+];
    }
}
