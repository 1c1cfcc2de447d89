//! RemoveAccessControlEntry, metadata record 19.

use uuid::Uuid;

use crate::codec::message;

message! {
    RemoveAccessControlEntryRecord: metadata 19, versions [0], flexible [0+] {
        id: Uuid [0+];
    }
}
