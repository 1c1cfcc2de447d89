//! DeleteRecords, API 21.

pub use request::DeleteRecordsRequest;
pub use response::DeleteRecordsResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        DeleteRecordsRequest: request 21, versions [0-2], flexible [2+] {
            topics: Vec<DeleteRecordsTopic> [0+];
            timeout_ms: i32 [0+];
        }
        DeleteRecordsTopic {
            name: String [0+];
            partitions: Vec<DeleteRecordsPartition> [0+];
        }
        DeleteRecordsPartition {
            partition_index: i32 [0+];
            offset: i64 [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        DeleteRecordsResponse: response 21, versions [0-2], flexible [2+] {
            throttle_time_ms: i32 [0+];
            topics: Vec<DeleteRecordsTopicResult> [0+];
        }
        DeleteRecordsTopicResult {
            name: String [0+];
            partitions: Vec<DeleteRecordsPartitionResult> [0+];
        }
        DeleteRecordsPartitionResult {
            partition_index: i32 [0+];
            low_watermark: i64 [0+];
            error_code: i16 [0+];
        }
    }
}
