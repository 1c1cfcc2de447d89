//! BrokerRegistrationChange, metadata record 17.

use uuid::Uuid;

use crate::codec::message;

message! {
    BrokerRegistrationChangeRecord: metadata 17, versions [0-3], flexible [0+] {
        broker_id: i32 [0+];
        broker_epoch: i64 [0+];
        fenced: i8 [0+] tag 0;
        in_controlled_shutdown: i8 [1+] tag 1;
        log_dirs: Vec<Uuid> [2+] tag 2;
        cordoned_log_dirs: Option<Vec<Uuid>> [3+] tag 3 null [3+] = None;
    }
}
