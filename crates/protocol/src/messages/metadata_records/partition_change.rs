//! PartitionChange, metadata record 5.

use uuid::Uuid;

use crate::codec::message;

message! {
    PartitionChangeRecord: metadata 5, versions [0-2], flexible [0+] {
        partition_id: i32 [0+] = -1;
        topic_id: Uuid [0+];
        isr: Option<Vec<i32>> [0+] tag 0 null [0+] = None;
        leader: i32 [0+] tag 1 = -2;
        replicas: Option<Vec<i32>> [0+] tag 2 null [0+] = None;
        removing_replicas: Option<Vec<i32>> [0+] tag 3 null [0+] = None;
        adding_replicas: Option<Vec<i32>> [0+] tag 4 null [0+] = None;
        leader_recovery_state: i8 [0+] tag 5 = -1;
        directories: Option<Vec<Uuid>> [1+] tag 8 null [1+] = None;
        eligible_leader_replicas: Option<Vec<i32>> [2+] tag 6 null [2+] = None;
        last_known_elr: Option<Vec<i32>> [2+] tag 7 null [2+] = None;
    }
}
