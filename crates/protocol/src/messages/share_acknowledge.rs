//! ShareAcknowledge, API 79.

pub use request::ShareAcknowledgeRequest;
pub use response::ShareAcknowledgeResponse;

/// What is asked.
pub mod request {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        ShareAcknowledgeRequest: request 79, versions [1-2], flexible [0+] {
            group_id: Option<String> [0+] null [0+] = None;
            member_id: Option<String> [0+] null [0+] = Some(String::new());
            share_session_epoch: i32 [0+];
            is_renew_ack: bool [2+];
            topics: Vec<AcknowledgeTopic> [0+];
        }
        AcknowledgeTopic {
            topic_id: Uuid [0+];
            partitions: Vec<AcknowledgePartition> [0+];
        }
        AcknowledgePartition {
            partition_index: i32 [0+];
            acknowledgement_batches: Vec<AcknowledgementBatch> [0+];
        }
        AcknowledgementBatch {
            first_offset: i64 [0+];
            last_offset: i64 [0+];
            acknowledge_types: Vec<i8> [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        ShareAcknowledgeResponse: response 79, versions [1-2], flexible [0+] {
            throttle_time_ms: i32 [0+];
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = None;
            acquisition_lock_timeout_ms: i32 [2+];
            responses: Vec<ShareAcknowledgeTopicResponse> [0+];
            node_endpoints: Vec<NodeEndpoint> [0+];
        }
        ShareAcknowledgeTopicResponse {
            topic_id: Uuid [0+];
            partitions: Vec<PartitionData> [0+];
        }
        PartitionData {
            partition_index: i32 [0+];
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = None;
            current_leader: LeaderIdAndEpoch [0+];
        }
        LeaderIdAndEpoch {
            leader_id: i32 [0+];
            leader_epoch: i32 [0+];
        }
        NodeEndpoint {
            node_id: i32 [0+];
            host: String [0+];
            port: i32 [0+];
            rack: Option<String> [0+] null [0+] = None;
        }
    }
}
