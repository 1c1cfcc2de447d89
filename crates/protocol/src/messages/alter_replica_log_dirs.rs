//! AlterReplicaLogDirs, API 34.

pub use request::AlterReplicaLogDirsRequest;
pub use response::AlterReplicaLogDirsResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        AlterReplicaLogDirsRequest: request 34, versions [1-2], flexible [2+] {
            dirs: Vec<AlterReplicaLogDir> [0+];
        }
        AlterReplicaLogDir {
            path: String [0+];
            topics: Vec<AlterReplicaLogDirTopic> [0+];
        }
        AlterReplicaLogDirTopic {
            name: String [0+];
            partitions: Vec<i32> [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        AlterReplicaLogDirsResponse: response 34, versions [1-2], flexible [2+] {
            throttle_time_ms: i32 [0+];
            results: Vec<AlterReplicaLogDirTopicResult> [0+];
        }
        AlterReplicaLogDirTopicResult {
            topic_name: String [0+];
            partitions: Vec<AlterReplicaLogDirPartitionResult> [0+];
        }
        AlterReplicaLogDirPartitionResult {
            partition_index: i32 [0+];
            error_code: i16 [0+];
        }
    }
}
