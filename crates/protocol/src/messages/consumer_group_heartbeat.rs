//! ConsumerGroupHeartbeat, API 68.

pub use request::ConsumerGroupHeartbeatRequest;
pub use response::ConsumerGroupHeartbeatResponse;

/// What is asked.
pub mod request {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        ConsumerGroupHeartbeatRequest: request 68, versions [0-1], flexible [0+] {
            group_id: String [0+];
            member_id: String [0+];
            member_epoch: i32 [0+];
            instance_id: Option<String> [0+] null [0+] = None;
            rack_id: Option<String> [0+] null [0+] = None;
            rebalance_timeout_ms: i32 [0+] = -1;
            subscribed_topic_names: Option<Vec<String>> [0+] null [0+] = None;
            subscribed_topic_regex: Option<String> [1+] null [1+] = None;
            server_assignor: Option<String> [0+] null [0+] = None;
            topic_partitions: Option<Vec<TopicPartitions>> [0+] null [0+] = None;
        }
        TopicPartitions {
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
        ConsumerGroupHeartbeatResponse: response 68, versions [0-1], flexible [0+] {
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
