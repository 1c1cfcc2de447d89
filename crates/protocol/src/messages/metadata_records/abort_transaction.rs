//! AbortTransaction, metadata record 25.

use crate::codec::message;

message! {
    AbortTransactionRecord: metadata 25, versions [0], flexible [0+] {
        reason: Option<String> [0+] tag 0 null [0+] = None;
    }
}
