//! Partition, metadata record 3.

use uuid::Uuid;

use crate::codec::message;

message! {
    PartitionRecord: metadata 3, versions [0-2], flexible [0+] {
        partition_id: i32 [0+] = -1;
        topic_id: Uuid [0+];
        replicas: Vec<i32> [0+];
        isr: Vec<i32> [0+];
        removing_replicas: Vec<i32> [0+];
        adding_replicas: Vec<i32> [0+];
        leader: i32 [0+] = -1;
        leader_recovery_state: i8 [0+] tag 0;
        leader_epoch: i32 [0+] = -1;
        partition_epoch: i32 [0+] = -1;
        directories: Vec<Uuid> [1+];
        eligible_leader_replicas: Option<Vec<i32>> [2+] tag 1 null [2+] = None;
        last_known_elr: Option<Vec<i32>> [2+] tag 2 null [2+] = None;
    }
}
