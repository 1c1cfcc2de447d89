//! ShareGroupHeartbeat, API 76.

pub use request::ShareGroupHeartbeatRequest;
pub use response::ShareGroupHeartbeatResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        ShareGroupHeartbeatRequest: request 76, versions [1], flexible [0+] {
            group_id: String [0+];
            member_id: String [0+];
            member_epoch: i32 [0+];
            rack_id: Option<String> [0+] null [0+] = None;
            subscribed_topic_names: Option<Vec<String>> [0+] null [0+] = None;
        }
    }
}

/// What is answered.
pub mod response {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        ShareGroupHeartbeatResponse: response 76, versions [1], flexible [0+] {
            throttle_time_ms: i32 [0+];
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = None;
            member_id: Option<String> [0+] null [0+] = None;
            member_epoch: i32 [0+];
            heartbeat_interval_ms: i32 [0+];
            assignment: Option<Assignment> [0+] null [0+] = None;
        }
        Assignment {
            topic_partitions: Vec<TopicPartitions> [0+];
        }
        TopicPartitions {
            topic_id: Uuid [0+];
            partitions: Vec<i32> [0+];
        }
    }
}
