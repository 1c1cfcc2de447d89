//! The settings of one log, with Kafka's names, units and defaults.

use protocol::records::{Codec, TimestampType};

/// The settings of a topic that its logs heed. Source: Kafka's topic configurations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// `cleanup.policy` contains `delete`: old segments go by the retention settings.
    pub cleanup_delete: bool,
    /// `cleanup.policy` contains `compact`: every record needs a key.
    pub cleanup_compact: bool,
    /// `compression.type`: `None` is `producer`, which stores batches as they come.
    pub compression: Option<Codec>,
    /// `file.delete.delay.ms`: how long a file that was deleted from the log stays on disk under another name.
    pub file_delete_delay_ms: i64,
    /// `flush.messages`: records after which the log is due to be flushed.
    pub flush_messages: i64,
    /// `flush.ms`: time after which the log is due to be flushed.
    pub flush_ms: i64,
    /// `index.interval.bytes`: log bytes between two entries of the offset index.
    pub index_interval_bytes: u32,
    /// `max.message.bytes`: the largest batch that is taken.
    pub max_message_bytes: usize,
    /// `message.timestamp.type`.
    pub timestamp_type: TimestampType,
    /// `message.timestamp.before.max.ms`: how far a record's timestamp may lie behind the broker's clock.
    pub timestamp_before_max_ms: i64,
    /// `message.timestamp.after.max.ms`: how far a record's timestamp may lie before the broker's clock.
    pub timestamp_after_max_ms: i64,
    /// `min.insync.replicas`.
    pub min_insync_replicas: u32,
    /// `preallocate`: reserve a segment's bytes on disk when it is created.
    pub preallocate: bool,
    /// `retention.bytes`, or −1 for no limit.
    pub retention_bytes: i64,
    /// `retention.ms`, or −1 for no limit.
    pub retention_ms: i64,
    /// `segment.bytes`.
    pub segment_bytes: u32,
    /// `segment.index.bytes`: the largest size of each of a segment's two indexes.
    pub segment_index_bytes: u32,
    /// `segment.jitter.ms`: at most this much is taken off `segment.ms`, at random per segment.
    pub segment_jitter_ms: i64,
    /// `segment.ms`: a segment is rolled when its first record is this old.
    pub segment_ms: i64,
    /// Whether compressed batches are decompressed and their records walked before they are stored, as Kafka does.
    /// A compacted topic always does, because every record needs a key there.
    pub validate_compressed: bool,
}

impl Default for LogConfig {
    fn default() -> Self {
        const DAY_MS: i64 = 24 * 60 * 60 * 1000;
        Self {
            cleanup_delete: true,
            cleanup_compact: false,
            compression: None,
            file_delete_delay_ms: 60_000,
            flush_messages: i64::MAX,
            flush_ms: i64::MAX,
            index_interval_bytes: 4096,
            max_message_bytes: 1_048_588,
            timestamp_type: TimestampType::CreateTime,
            timestamp_before_max_ms: i64::MAX,
            timestamp_after_max_ms: 60 * 60 * 1000,
            min_insync_replicas: 1,
            preallocate: false,
            retention_bytes: -1,
            retention_ms: 7 * DAY_MS,
            segment_bytes: 1 << 30,
            segment_index_bytes: 10 << 20,
            segment_jitter_ms: 0,
            segment_ms: 7 * DAY_MS,
            validate_compressed: false,
        }
    }
}

impl LogConfig {
    /// Bytes that a compressed batch may inflate to when its records are looked at: a batch is at most
    /// `max.message.bytes`, and honest records rarely compress by more than this factor. The floor lets small limits
    /// still take a batch of repetitive records.
    #[must_use]
    pub fn inflate_limit_bytes(&self) -> usize {
        const FACTOR: usize = 64;
        const FLOOR_BYTES: usize = 16 << 20;
        const CEILING_BYTES: usize = 256 << 20;
        self.max_message_bytes.saturating_mul(FACTOR).clamp(FLOOR_BYTES, CEILING_BYTES)
    }
}
