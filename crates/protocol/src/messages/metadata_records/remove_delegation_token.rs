//! RemoveDelegationToken, metadata record 26.

use crate::codec::message;

message! {
    RemoveDelegationTokenRecord: metadata 26, versions [0], flexible [0+] {
        token_id: String [0+];
    }
}
