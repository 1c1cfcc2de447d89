//! ZkMigrationState, metadata record 21.

use crate::codec::message;

message! {
    ZkMigrationStateRecord: metadata 21, versions [0], flexible [0+] {
        zk_migration_state: i8 [0+];
    }
}
