//! RemotePartitionDeleteMetadata, remote log metadata record 2.

use uuid::Uuid;

use crate::codec::message;

message! {
    RemotePartitionDeleteMetadataRecord: metadata 2, versions [0], flexible [0+] {
        topic_id_partition: TopicIdPartitionEntry [0+];
        broker_id: i32 [0+];
        event_timestamp_ms: i64 [0+];
        remote_partition_delete_state: i8 [0+];
    }
    TopicIdPartitionEntry {
        name: String [0+];
        id: Uuid [0+];
        partition: i32 [0+];
    }
}
