//! FetchSnapshot, API 59.

pub use request::FetchSnapshotRequest;
pub use response::FetchSnapshotResponse;

/// What is asked.
pub mod request {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        FetchSnapshotRequest: request 59, versions [0-1], flexible [0+] {
            cluster_id: Option<String> [0+] tag 0 null [0+] = None;
            replica_id: i32 [0+] = -1;
            max_bytes: i32 [0+] = 0x7fffffff;
            topics: Vec<TopicSnapshot> [0+];
        }
        TopicSnapshot {
            name: String [0+];
            partitions: Vec<PartitionSnapshot> [0+];
        }
        PartitionSnapshot {
            partition: i32 [0+];
            current_leader_epoch: i32 [0+];
            snapshot_id: SnapshotId [0+];
            position: i64 [0+];
            replica_directory_id: Uuid [1+] tag 0;
        }
        SnapshotId {
            end_offset: i64 [0+];
            epoch: i32 [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        FetchSnapshotResponse<R>: response 59, versions [0-1], flexible [0+] {
            throttle_time_ms: i32 [0+];
            error_code: i16 [0+];
            topics: Vec<TopicSnapshot<R>> [0+];
            node_endpoints: Vec<NodeEndpoint> [1+] tag 0;
        }
        TopicSnapshot<R> {
            name: String [0+];
            partitions: Vec<PartitionSnapshot<R>> [0+];
        }
        PartitionSnapshot<R> {
            index: i32 [0+];
            error_code: i16 [0+];
            snapshot_id: SnapshotId [0+];
            current_leader: LeaderIdAndEpoch [0+] tag 0;
            size: i64 [0+];
            position: i64 [0+];
            unaligned_records: Option<R> as records [0+] = None;
        }
        SnapshotId {
            end_offset: i64 [0+];
            epoch: i32 [0+];
        }
        LeaderIdAndEpoch {
            leader_id: i32 [0+];
            leader_epoch: i32 [0+];
        }
        NodeEndpoint {
            node_id: i32 [1+];
            host: String [1+];
            port: u16 [1+];
        }
    }
}
