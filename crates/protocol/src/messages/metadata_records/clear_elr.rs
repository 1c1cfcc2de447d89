//! ClearElr, metadata record 28.

use crate::codec::message;

message! {
    ClearElrRecord: metadata 28, versions [0], flexible [0+] {
        topic_name: String [0+];
    }
}
