//! DelegationToken, metadata record 10.

use crate::codec::message;

message! {
    DelegationTokenRecord: metadata 10, versions [0], flexible [0+] {
        owner: String [0+];
        requester: String [0+];
        renewers: Vec<String> [0+];
        issue_timestamp: i64 [0+];
        max_timestamp: i64 [0+];
        expiration_timestamp: i64 [0+];
        token_id: String [0+];
    }
}
