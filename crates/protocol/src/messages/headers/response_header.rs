//! ResponseHeader.

use crate::codec::message;

message! {
    ResponseHeader: header, versions [0-1], flexible [1+] {
        correlation_id: i32 [0+];
    }
}
