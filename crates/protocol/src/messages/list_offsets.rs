//! ListOffsets, API 2.

pub use request::ListOffsetsRequest;
pub use response::ListOffsetsResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        ListOffsetsRequest: request 2, versions [1-11], flexible [6+] {
            replica_id: i32 [0+];
            isolation_level: i8 [2+];
            topics: Vec<ListOffsetsTopic> [0+];
            timeout_ms: i32 [10+];
        }
        ListOffsetsTopic {
            name: String [0+];
            partitions: Vec<ListOffsetsPartition> [0+];
        }
        ListOffsetsPartition {
            partition_index: i32 [0+];
            current_leader_epoch: i32 [4+] = -1;
            timestamp: i64 [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        ListOffsetsResponse: response 2, versions [1-11], flexible [6+] {
            throttle_time_ms: i32 [2+];
            topics: Vec<ListOffsetsTopicResponse> [0+];
        }
        ListOffsetsTopicResponse {
            name: String [0+];
            partitions: Vec<ListOffsetsPartitionResponse> [0+];
        }
        ListOffsetsPartitionResponse {
            partition_index: i32 [0+];
            error_code: i16 [0+];
            timestamp: i64 [1+] = -1;
            offset: i64 [1+] = -1;
            leader_epoch: i32 [4+] = -1;
        }
    }
}
