//! Produce, API 0.

pub use request::ProduceRequest;
pub use response::ProduceResponse;

/// What is asked.
pub mod request {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        ProduceRequest<R>: request 0, versions [3-13], flexible [9+] {
            transactional_id: Option<String> [3+] null [3+] = None;
            acks: i16 [0+];
            timeout_ms: i32 [0+];
            topic_data: Vec<TopicProduceData<R>> [0+];
        }
        TopicProduceData<R> {
            name: String [0-12];
            topic_id: Uuid [13+];
            partition_data: Vec<PartitionProduceData<R>> [0+];
        }
        PartitionProduceData<R> {
            index: i32 [0+];
            records: Option<R> as records [0+] null [0+] = None;
        }
    }
}

/// What is answered.
pub mod response {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        ProduceResponse: response 0, versions [3-13], flexible [9+] {
            responses: Vec<TopicProduceResponse> [0+];
            throttle_time_ms: i32 [1+];
            node_endpoints: Vec<NodeEndpoint> [10+] tag 0;
        }
        TopicProduceResponse {
            name: String [0-12];
            topic_id: Uuid [13+];
            partition_responses: Vec<PartitionProduceResponse> [0+];
        }
        PartitionProduceResponse {
            index: i32 [0+];
            error_code: i16 [0+];
            base_offset: i64 [0+];
            log_append_time_ms: i64 [2+] = -1;
            log_start_offset: i64 [5+] = -1;
            record_errors: Vec<BatchIndexAndErrorMessage> [8+];
            error_message: Option<String> [8+] null [8+] = None;
            current_leader: LeaderIdAndEpoch [10+] tag 0;
        }
        BatchIndexAndErrorMessage {
            batch_index: i32 [8+];
            batch_index_error_message: Option<String> [8+] null [8+] = None;
        }
        LeaderIdAndEpoch {
            leader_id: i32 [10+] = -1;
            leader_epoch: i32 [10+] = -1;
        }
        NodeEndpoint {
            node_id: i32 [10+];
            host: String [10+];
            port: i32 [10+];
            rack: Option<String> [10+] null [10+] = None;
        }
    }
}
