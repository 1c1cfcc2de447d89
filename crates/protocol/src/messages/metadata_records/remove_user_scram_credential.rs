//! RemoveUserScramCredential, metadata record 22.

use crate::codec::message;

message! {
    RemoveUserScramCredentialRecord: metadata 22, versions [0], flexible [0+] {
        name: String [0+];
        mechanism: i8 [0+];
    }
}
