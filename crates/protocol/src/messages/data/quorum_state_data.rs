//! QuorumStateData.

use uuid::Uuid;

use crate::codec::message;

message! {
    QuorumStateData: data, versions [0-1], flexible [0+] {
        cluster_id: String [0];
        leader_id: i32 [0+] = -1;
        leader_epoch: i32 [0+] = -1;
        voted_id: i32 [0+] = -1;
        voted_directory_id: Uuid [1+];
        applied_offset: i64 [0];
        current_voters: Option<Vec<Voter>> [0] null [0] = Some(Vec::new());
    }
    Voter {
        voter_id: i32 [0];
    }
}
