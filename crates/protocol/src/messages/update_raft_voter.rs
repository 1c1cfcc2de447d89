//! UpdateRaftVoter, API 82.

pub use request::UpdateRaftVoterRequest;
pub use response::UpdateRaftVoterResponse;

/// What is asked.
pub mod request {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        UpdateRaftVoterRequest: request 82, versions [0], flexible [0+] {
            cluster_id: Option<String> [0+] null [0+] = Some(String::new());
            current_leader_epoch: i32 [0+];
            voter_id: i32 [0+];
            voter_directory_id: Uuid [0+];
            listeners: Vec<Listener> [0+];
            kraft_version_feature: KRaftVersionFeature [0+];
        }
        Listener {
            name: String [0+];
            host: String [0+];
            port: u16 [0+];
        }
        KRaftVersionFeature {
            min_supported_version: i16 [0+];
            max_supported_version: i16 [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        UpdateRaftVoterResponse: response 82, versions [0], flexible [0+] {
            throttle_time_ms: i32 [0+];
            error_code: i16 [0+];
            current_leader: CurrentLeader [0+] tag 0;
        }
        CurrentLeader {
            leader_id: i32 [0+] = -1;
            leader_epoch: i32 [0+] = -1;
            host: String [0+];
            port: i32 [0+];
        }
    }
}
