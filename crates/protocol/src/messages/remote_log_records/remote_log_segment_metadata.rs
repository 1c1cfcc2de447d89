//! RemoteLogSegmentMetadata, remote log metadata record 0.

use bytes::Bytes;
use uuid::Uuid;

use crate::codec::message;

message! {
    RemoteLogSegmentMetadataRecord: metadata 0, versions [0], flexible [0+] {
        remote_log_segment_id: RemoteLogSegmentIdEntry [0+];
        start_offset: i64 [0+];
        end_offset: i64 [0+];
        broker_id: i32 [0+];
        max_timestamp_ms: i64 [0+];
        event_timestamp_ms: i64 [0+];
        segment_leader_epochs: Vec<SegmentLeaderEpochEntry> [0+];
        segment_size_in_bytes: i32 [0+];
        custom_metadata: Option<Bytes> [0+] null [0+] = None;
        remote_log_segment_state: i8 [0+];
        txn_index_empty: bool [0+] tag 0;
    }
    RemoteLogSegmentIdEntry {
        topic_id_partition: TopicIdPartitionEntry [0+];
        id: Uuid [0+];
    }
    TopicIdPartitionEntry {
        name: String [0+];
        id: Uuid [0+];
        partition: i32 [0+];
    }
    SegmentLeaderEpochEntry {
        leader_epoch: i32 [0+];
        offset: i64 [0+];
    }
}
