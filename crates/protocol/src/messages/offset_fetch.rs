//! OffsetFetch, API 9.

pub use request::OffsetFetchRequest;
pub use response::OffsetFetchResponse;

/// What is asked.
pub mod request {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        OffsetFetchRequest: request 9, versions [1-10], flexible [6+] {
            group_id: String [0-7];
            topics: Option<Vec<OffsetFetchRequestTopic>> [0-7] null [2-7] = Some(Vec::new());
            groups: Vec<OffsetFetchRequestGroup> [8+];
            require_stable: bool [7+];
        }
        OffsetFetchRequestTopic {
            name: String [0-7];
            partition_indexes: Vec<i32> [0-7];
        }
        OffsetFetchRequestGroup {
            group_id: String [8+];
            member_id: Option<String> [9+] null [9+] = None;
            member_epoch: i32 [9+] = -1;
            topics: Option<Vec<OffsetFetchRequestTopics>> [8+] null [8+] = Some(Vec::new());
        }
        OffsetFetchRequestTopics {
            name: String [8-9];
            topic_id: Uuid [10+];
            partition_indexes: Vec<i32> [8+];
        }
    }
}

/// What is answered.
pub mod response {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        OffsetFetchResponse: response 9, versions [1-10], flexible [6+] {
            throttle_time_ms: i32 [3+];
            topics: Vec<OffsetFetchResponseTopic> [0-7];
            error_code: i16 [2-7];
            groups: Vec<OffsetFetchResponseGroup> [8+];
        }
        OffsetFetchResponseTopic {
            name: String [0-7];
            partitions: Vec<OffsetFetchResponsePartition> [0-7];
        }
        OffsetFetchResponsePartition {
            partition_index: i32 [0-7];
            committed_offset: i64 [0-7];
            committed_leader_epoch: i32 [5-7] = -1;
            metadata: Option<String> [0-7] null [0-7] = Some(String::new());
            error_code: i16 [0-7];
        }
        OffsetFetchResponseGroup {
            group_id: String [8+];
            topics: Vec<OffsetFetchResponseTopics> [8+];
            error_code: i16 [8+];
        }
        OffsetFetchResponseTopics {
            name: String [8-9];
            topic_id: Uuid [10+];
            partitions: Vec<OffsetFetchResponsePartitions> [8+];
        }
        OffsetFetchResponsePartitions {
            partition_index: i32 [8+];
            committed_offset: i64 [8+];
            committed_leader_epoch: i32 [8+] = -1;
            metadata: Option<String> [8+] null [8+] = Some(String::new());
            error_code: i16 [8+];
        }
    }
}
