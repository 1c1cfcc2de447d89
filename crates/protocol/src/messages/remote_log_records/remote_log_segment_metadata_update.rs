//! RemoteLogSegmentMetadataUpdate, remote log metadata record 1.

use bytes::Bytes;
use uuid::Uuid;

use crate::codec::message;

message! {
    RemoteLogSegmentMetadataUpdateRecord: metadata 1, versions [0], flexible [0+] {
        remote_log_segment_id: RemoteLogSegmentIdEntry [0+];
        broker_id: i32 [0+];
        event_timestamp_ms: i64 [0+];
        custom_metadata: Option<Bytes> [0+] null [0+] = None;
        remote_log_segment_state: i8 [0+];
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
}
