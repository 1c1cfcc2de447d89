//! EndTransaction, metadata record 24.

use crate::codec::message;

message! {
    EndTransactionRecord: metadata 24, versions [0], flexible [0+] {
    }
}
