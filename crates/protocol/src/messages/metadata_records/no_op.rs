//! NoOp, metadata record 20.

use crate::codec::message;

message! {
    NoOpRecord: metadata 20, versions [0], flexible [0+] {
    }
}
