//! The records of `__remote_log_metadata`: which segments lie in remote storage.

pub mod remote_log_segment_metadata;
pub mod remote_log_segment_metadata_snapshot;
pub mod remote_log_segment_metadata_update;
pub mod remote_partition_delete_metadata;

pub use remote_log_segment_metadata::RemoteLogSegmentMetadataRecord;
pub use remote_log_segment_metadata_snapshot::RemoteLogSegmentMetadataSnapshotRecord;
pub use remote_log_segment_metadata_update::RemoteLogSegmentMetadataUpdateRecord;
pub use remote_partition_delete_metadata::RemotePartitionDeleteMetadataRecord;

use crate::codec::record_values::metadata_records;

metadata_records! {
    /// A record of `__remote_log_metadata`.
    RemoteLogRecord {
        RemoteLogSegmentMetadata(remote_log_segment_metadata::RemoteLogSegmentMetadataRecord),
        RemoteLogSegmentMetadataUpdate(remote_log_segment_metadata_update::RemoteLogSegmentMetadataUpdateRecord),
        RemotePartitionDeleteMetadata(remote_partition_delete_metadata::RemotePartitionDeleteMetadataRecord),
        RemoteLogSegmentMetadataSnapshot(remote_log_segment_metadata_snapshot::RemoteLogSegmentMetadataSnapshotRecord),
    }
}
