//! ReadShareGroupStateSummary, API 87.

pub use request::ReadShareGroupStateSummaryRequest;
pub use response::ReadShareGroupStateSummaryResponse;

/// What is asked.
pub mod request {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        ReadShareGroupStateSummaryRequest: request 87, versions [0-1], flexible [0+] {
            group_id: String [0+];
            topics: Vec<ReadStateSummaryData> [0+];
        }
        ReadStateSummaryData {
            topic_id: Uuid [0+];
            partitions: Vec<PartitionData> [0+];
        }
        PartitionData {
            partition: i32 [0+];
            leader_epoch: i32 [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        ReadShareGroupStateSummaryResponse: response 87, versions [0-1], flexible [0+] {
            results: Vec<ReadStateSummaryResult> [0+];
        }
        ReadStateSummaryResult {
            topic_id: Uuid [0+];
            partitions: Vec<PartitionResult> [0+];
        }
        PartitionResult {
            partition: i32 [0+];
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = None;
            state_epoch: i32 [0+];
            leader_epoch: i32 [0+];
            start_offset: i64 [0+];
            delivery_complete_count: i32 [1+] = -1;
        }
    }
}
