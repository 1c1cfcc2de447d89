//! AlterPartition, API 56.

pub use request::AlterPartitionRequest;
pub use response::AlterPartitionResponse;

/// What is asked.
pub mod request {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        AlterPartitionRequest: request 56, versions [2-3], flexible [0+] {
            broker_id: i32 [0+];
            broker_epoch: i64 [0+] = -1;
            topics: Vec<TopicData> [0+];
        }
        TopicData {
            topic_id: Uuid [2+];
            partitions: Vec<PartitionData> [0+];
        }
        PartitionData {
            partition_index: i32 [0+];
            leader_epoch: i32 [0+];
            new_isr: Vec<i32> [0-2];
            new_isr_with_epochs: Vec<BrokerState> [3+];
            leader_recovery_state: i8 [1+];
            partition_epoch: i32 [0+];
        }
        BrokerState {
            broker_id: i32 [3+];
            broker_epoch: i64 [3+] = -1;
        }
    }
}

/// What is answered.
pub mod response {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        AlterPartitionResponse: response 56, versions [2-3], flexible [0+] {
            throttle_time_ms: i32 [0+];
            error_code: i16 [0+];
            topics: Vec<TopicData> [0+];
        }
        TopicData {
            topic_id: Uuid [2+];
            partitions: Vec<PartitionData> [0+];
        }
        PartitionData {
            partition_index: i32 [0+];
            error_code: i16 [0+];
            leader_id: i32 [0+];
            leader_epoch: i32 [0+];
            isr: Vec<i32> [0+];
            leader_recovery_state: i8 [1+];
            partition_epoch: i32 [0+];
        }
    }
}
