//! DescribeProducers, API 61.

pub use request::DescribeProducersRequest;
pub use response::DescribeProducersResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        DescribeProducersRequest: request 61, versions [0], flexible [0+] {
            topics: Vec<TopicRequest> [0+];
        }
        TopicRequest {
            name: String [0+];
            partition_indexes: Vec<i32> [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        DescribeProducersResponse: response 61, versions [0], flexible [0+] {
            throttle_time_ms: i32 [0+];
            topics: Vec<TopicResponse> [0+];
        }
        TopicResponse {
            name: String [0+];
            partitions: Vec<PartitionResponse> [0+];
        }
        PartitionResponse {
            partition_index: i32 [0+];
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = None;
            active_producers: Vec<ProducerState> [0+];
        }
        ProducerState {
            producer_id: i64 [0+];
            producer_epoch: i32 [0+];
            last_sequence: i32 [0+] = -1;
            last_timestamp: i64 [0+] = -1;
            coordinator_epoch: i32 [0+];
            current_txn_start_offset: i64 [0+] = -1;
        }
    }
}
