//! UserScramCredential, metadata record 11.

use bytes::Bytes;

use crate::codec::message;

message! {
    UserScramCredentialRecord: metadata 11, versions [0], flexible [0+] {
        name: String [0+];
        mechanism: i8 [0+];
        salt: Bytes [0+];
        stored_key: Bytes [0+];
        server_key: Bytes [0+];
        iterations: i32 [0+];
    }
}
