//! AccessControlEntry, metadata record 18.

use uuid::Uuid;

use crate::codec::message;

message! {
    AccessControlEntryRecord: metadata 18, versions [0], flexible [0+] {
        id: Uuid [0+];
        resource_type: i8 [0+];
        resource_name: String [0+];
        pattern_type: i8 [0+];
        principal: String [0+];
        host: String [0+];
        operation: i8 [0+];
        permission_type: i8 [0+];
    }
}
