//! ShareFetch, API 78.

pub use request::ShareFetchRequest;
pub use response::ShareFetchResponse;

/// What is asked.
pub mod request {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        ShareFetchRequest: request 78, versions [1-2], flexible [0+] {
            group_id: Option<String> [0+] null [0+] = None;
            member_id: Option<String> [0+] null [0+] = Some(String::new());
            share_session_epoch: i32 [0+];
            max_wait_ms: i32 [0+];
            min_bytes: i32 [0+];
            max_bytes: i32 [0+] = 0x7fffffff;
            max_records: i32 [1+];
            batch_size: i32 [1+];
            share_acquire_mode: i8 [2+];
            is_renew_ack: bool [2+];
            topics: Vec<FetchTopic> [0+];
            forgotten_topics_data: Vec<ForgottenTopic> [0+];
        }
        FetchTopic {
            topic_id: Uuid [0+];
            partitions: Vec<FetchPartition> [0+];
        }
        FetchPartition {
            partition_index: i32 [0+];
            partition_max_bytes: i32 [0];
            acknowledgement_batches: Vec<AcknowledgementBatch> [0+];
        }
        AcknowledgementBatch {
            first_offset: i64 [0+];
            last_offset: i64 [0+];
            acknowledge_types: Vec<i8> [0+];
        }
        ForgottenTopic {
            topic_id: Uuid [0+];
            partitions: Vec<i32> [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        ShareFetchResponse<R>: response 78, versions [1-2], flexible [0+] {
            throttle_time_ms: i32 [0+];
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = None;
            acquisition_lock_timeout_ms: i32 [1+];
            responses: Vec<ShareFetchableTopicResponse<R>> [0+];
            node_endpoints: Vec<NodeEndpoint> [0+];
        }
        ShareFetchableTopicResponse<R> {
            topic_id: Uuid [0+];
            partitions: Vec<PartitionData<R>> [0+];
        }
        PartitionData<R> {
            partition_index: i32 [0+];
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = None;
            acknowledge_error_code: i16 [0+];
            acknowledge_error_message: Option<String> [0+] null [0+] = None;
            current_leader: LeaderIdAndEpoch [0+];
            records: Option<R> as records [0+] null [0] = None;
            acquired_records: Vec<AcquiredRecords> [0+];
        }
        LeaderIdAndEpoch {
            leader_id: i32 [0+];
            leader_epoch: i32 [0+];
        }
        AcquiredRecords {
            first_offset: i64 [0+];
            last_offset: i64 [0+];
            delivery_count: i16 [0+];
        }
        NodeEndpoint {
            node_id: i32 [0+];
            host: String [0+];
            port: i32 [0+];
            rack: Option<String> [0+] null [0+] = None;
        }
    }
}
