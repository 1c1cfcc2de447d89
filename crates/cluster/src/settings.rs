//! How the metadata log is kept.

/// The settings of the metadata log, with Kafka's names, units and defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetadataLogSettings {
    /// `metadata.log.segment.bytes`.
    pub segment_bytes: u32,
    /// `metadata.log.segment.ms`.
    pub segment_ms: i64,
    /// `metadata.log.max.record.bytes.between.snapshots`: a snapshot is due after so many bytes of records.
    pub max_record_bytes_between_snapshots: u64,
    /// `metadata.log.max.snapshot.interval.ms`: a snapshot is due this long after the last one if anything has changed; 0
    /// for never.
    pub max_snapshot_interval_ms: i64,
    /// `metadata.max.retention.bytes`: what the log and its snapshots may take before the oldest go; −1 for no limit.
    pub max_retention_bytes: i64,
    /// `metadata.max.retention.ms`: how old a snapshot may be before it goes; −1 for no limit.
    pub max_retention_ms: i64,
}

impl Default for MetadataLogSettings {
    fn default() -> Self {
        const HOUR_MS: i64 = 60 * 60 * 1000;
        Self {
            segment_bytes: 1 << 30,
            segment_ms: 7 * 24 * HOUR_MS,
            max_record_bytes_between_snapshots: 20 << 20,
            max_snapshot_interval_ms: HOUR_MS,
            max_retention_bytes: 100 << 20,
            max_retention_ms: 7 * 24 * HOUR_MS,
        }
    }
}
