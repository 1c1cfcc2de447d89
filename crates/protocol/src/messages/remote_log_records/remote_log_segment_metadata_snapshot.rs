//! RemoteLogSegmentMetadataSnapshot, remote log metadata record 3.

use bytes::Bytes;
use uuid::Uuid;

use crate::codec::message;

message! {
    RemoteLogSegmentMetadataSnapshotRecord: metadata 3, versions [0], flexible [0+] {
        segment_id: Uuid [0+];
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
    SegmentLeaderEpochEntry {
        leader_epoch: i32 [0+];
        offset: i64 [0+];
    }
}
