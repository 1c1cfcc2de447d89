//! ListPartitionReassignments, API 46.

pub use request::ListPartitionReassignmentsRequest;
pub use response::ListPartitionReassignmentsResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        ListPartitionReassignmentsRequest: request 46, versions [0], flexible [0+] {
            timeout_ms: i32 [0+] = 60000;
            topics: Option<Vec<ListPartitionReassignmentsTopics>> [0+] null [0+] = None;
        }
        ListPartitionReassignmentsTopics {
            name: String [0+];
            partition_indexes: Vec<i32> [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        ListPartitionReassignmentsResponse: response 46, versions [0], flexible [0+] {
            throttle_time_ms: i32 [0+];
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = Some(String::new());
            topics: Vec<OngoingTopicReassignment> [0+];
        }
        OngoingTopicReassignment {
            name: String [0+];
            partitions: Vec<OngoingPartitionReassignment> [0+];
        }
        OngoingPartitionReassignment {
            partition_index: i32 [0+];
            replicas: Vec<i32> [0+];
            adding_replicas: Vec<i32> [0+];
            removing_replicas: Vec<i32> [0+];
        }
    }
}
