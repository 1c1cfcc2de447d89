//! BeginTransaction, metadata record 23.

use crate::codec::message;

message! {
    BeginTransactionRecord: metadata 23, versions [0], flexible [0+] {
        name: Option<String> [0+] tag 0 null [0+] = None;
    }
}
