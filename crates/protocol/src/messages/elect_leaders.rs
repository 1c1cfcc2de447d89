//! ElectLeaders, API 43.

pub use request::ElectLeadersRequest;
pub use response::ElectLeadersResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        ElectLeadersRequest: request 43, versions [0-2], flexible [2+] {
            election_type: i8 [1+];
            topic_partitions: Option<Vec<TopicPartitions>> [0+] null [0+] = Some(Vec::new());
            timeout_ms: i32 [0+] = 60000;
        }
        TopicPartitions {
            topic: String [0+];
            partitions: Vec<i32> [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        ElectLeadersResponse: response 43, versions [0-2], flexible [2+] {
            throttle_time_ms: i32 [0+];
            error_code: i16 [1+];
            replica_election_results: Vec<ReplicaElectionResult> [0+];
        }
        ReplicaElectionResult {
            topic: String [0+];
            partition_result: Vec<PartitionResult> [0+];
        }
        PartitionResult {
            partition_id: i32 [0+];
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = Some(String::new());
        }
    }
}
