//! AssignReplicasToDirs, API 73.

pub use request::AssignReplicasToDirsRequest;
pub use response::AssignReplicasToDirsResponse;

/// What is asked.
pub mod request {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        AssignReplicasToDirsRequest: request 73, versions [0], flexible [0+] {
            broker_id: i32 [0+];
            broker_epoch: i64 [0+] = -1;
            directories: Vec<DirectoryData> [0+];
        }
        DirectoryData {
            id: Uuid [0+];
            topics: Vec<TopicData> [0+];
        }
        TopicData {
            topic_id: Uuid [0+];
            partitions: Vec<PartitionData> [0+];
        }
        PartitionData {
            partition_index: i32 [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        AssignReplicasToDirsResponse: response 73, versions [0], flexible [0+] {
            throttle_time_ms: i32 [0+];
            error_code: i16 [0+];
            directories: Vec<DirectoryData> [0+];
        }
        DirectoryData {
            id: Uuid [0+];
            topics: Vec<TopicData> [0+];
        }
        TopicData {
            topic_id: Uuid [0+];
            partitions: Vec<PartitionData> [0+];
        }
        PartitionData {
            partition_index: i32 [0+];
            error_code: i16 [0+];
        }
    }
}
