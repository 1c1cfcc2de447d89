//! DescribeTopicPartitions, API 75.

pub use request::DescribeTopicPartitionsRequest;
pub use response::DescribeTopicPartitionsResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        DescribeTopicPartitionsRequest: request 75, versions [0], flexible [0+] {
            topics: Vec<TopicRequest> [0+];
            response_partition_limit: i32 [0+] = 2000;
            cursor: Option<Cursor> [0+] null [0+] = None;
        }
        TopicRequest {
            name: String [0+];
        }
        Cursor {
            topic_name: String [0+];
            partition_index: i32 [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        DescribeTopicPartitionsResponse: response 75, versions [0], flexible [0+] {
            throttle_time_ms: i32 [0+];
            topics: Vec<DescribeTopicPartitionsResponseTopic> [0+];
            next_cursor: Option<Cursor> [0+] null [0+] = None;
        }
        DescribeTopicPartitionsResponseTopic {
            error_code: i16 [0+];
            name: Option<String> [0+] null [0+] = Some(String::new());
            topic_id: Uuid [0+];
            is_internal: bool [0+];
            partitions: Vec<DescribeTopicPartitionsResponsePartition> [0+];
            topic_authorized_operations: i32 [0+] = -2147483648;
        }
        DescribeTopicPartitionsResponsePartition {
            error_code: i16 [0+];
            partition_index: i32 [0+];
            leader_id: i32 [0+];
            leader_epoch: i32 [0+] = -1;
            replica_nodes: Vec<i32> [0+];
            isr_nodes: Vec<i32> [0+];
            eligible_leader_replicas: Option<Vec<i32>> [0+] null [0+] = None;
            last_known_elr: Option<Vec<i32>> [0+] null [0+] = None;
            offline_replicas: Vec<i32> [0+];
        }
        Cursor {
            topic_name: String [0+];
            partition_index: i32 [0+];
        }
    }
}
