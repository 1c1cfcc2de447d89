//! `__cluster_metadata-0`: the log of metadata records, read back at start and appended to by the controller.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use log::{AppendOrigin, Log, LogConfig, LogOptions, OpenFiles, ReadUntil};
use protocol::messages::metadata_records::MetadataRecord;
use protocol::records::{Codec, ControlType, RecordBatchBuilder};
use protocol::{BrokerId, LeaderEpoch, Offset};
use uuid::Uuid;

use crate::image::Image;
use crate::quorum_records::{self, Voters};
use crate::replay::Replay;
use crate::snapshots::{self, SnapshotId};
use crate::{ClusterError, MetadataLogSettings};

/// The directory of the metadata log within a data directory.
const DIRECTORY: &str = "__cluster_metadata-0";

/// The id that Kafka gives the metadata topic.
const TOPIC_ID: Uuid = Uuid::from_u128(1);

/// How much is read at once when the log is replayed.
const REPLAY_BYTES: u32 = 1 << 20;

/// Files of this one log that stay open: those of the active segment and one more.
const OPEN_FILES: usize = 8;

/// The metadata log and the epoch in which this node writes to it.
#[derive(Debug)]
pub(crate) struct MetadataLog {
    log: Arc<Log>,
    epoch: LeaderEpoch,
    settings: MetadataLogSettings,
    voters: Voters,
    last_append_ms: i64,
    /// Where the newest snapshot ends, when it was written or taken note of, and what came after it.
    snapshot_end: Offset,
    snapshot_ms: i64,
    bytes_since_snapshot: u64,
}

/// Everything that a snapshot says besides the image.
#[derive(Clone, Debug)]
pub(crate) struct SnapshotContext {
    pub(crate) dir: PathBuf,
    pub(crate) id: SnapshotId,
    pub(crate) voters: Voters,
    pub(crate) last_contained_ms: i64,
}

impl MetadataLog {
    /// Opens the log, or begins one.
    pub(crate) fn open(
        data_dir: &Path,
        clean: bool,
        settings: MetadataLogSettings,
        now_ms: i64,
    ) -> Result<Self, ClusterError> {
        let dir = data_dir.join(DIRECTORY);
        let options = LogOptions { config: config(&settings), clean, now_ms, ..LogOptions::default() };
        let (log, _) = Log::open(&dir, options, &OpenFiles::new(OPEN_FILES))?;
        if log::read_topic_id(&dir)?.is_none() {
            log::write_topic_id(&dir, TOPIC_ID)?;
        }
        snapshots::remove_unfinished(&dir)?;
        Ok(Self {
            epoch: log.latest_epoch().unwrap_or(LeaderEpoch::NONE),
            log: Arc::new(log),
            settings,
            voters: Voters::default(),
            last_append_ms: 0,
            snapshot_end: Offset::ZERO,
            snapshot_ms: now_ms,
            bytes_since_snapshot: 0,
        })
    }

    pub(crate) fn dir(&self) -> PathBuf {
        self.log.dir().to_owned()
    }

    pub(crate) fn log(&self) -> Arc<Log> {
        Arc::clone(&self.log)
    }

    /// The last epoch in the log, or the one in which this node leads.
    pub(crate) fn epoch(&self) -> LeaderEpoch {
        self.epoch
    }

    pub(crate) fn end_offset(&self) -> Offset {
        self.log.end_offset()
    }

    /// The image of the newest snapshot and every record after it, and whether a transaction was left open that its
    /// controller did not live to end.
    pub(crate) fn replay(&mut self) -> Result<(Image, bool), ClusterError> {
        let mut replay = Replay::default();
        self.replay_snapshot(&mut replay)?;
        let mut next = self.snapshot_end.max(self.log.start_offset());
        while next < self.log.end_offset() {
            let read = self.log.read(next, REPLAY_BYTES, ReadUntil::LogEnd, true)?;
            let Some(region) = read.region else { break };
            let path = self.log.active_path();
            let bytes = region.read().map_err(|source| ClusterError::Io { path, source })?;
            self.bytes_since_snapshot += bytes.len() as u64;
            replay.apply(bytes.into(), next)?;
            next = read.next_offset;
        }
        self.voters = std::mem::take(&mut replay.voters);
        self.last_append_ms = replay.last_append_ms;
        Ok(replay.finish())
    }

    /// Begins to write as leader of `epoch`, as every leader of a quorum does: with a record that says so.
    pub(crate) fn lead(&mut self, me: BrokerId, epoch: LeaderEpoch, now_ms: i64) -> Result<(), ClusterError> {
        self.epoch = epoch;
        let value = quorum_records::leader_change(me);
        let batch = RecordBatchBuilder::default().control(now_ms, ControlType::LeaderChange, &value);
        self.append_batch(batch, now_ms)
    }

    /// Appends records in one batch, so that either all of them or none are there after a crash, and flushes them.
    pub(crate) fn append(&mut self, records: &[MetadataRecord], now_ms: i64) -> Result<(), ClusterError> {
        let mut batch = RecordBatchBuilder::new(Codec::default());
        for record in records {
            batch.append(now_ms, None, Some(&value(record)), &[]);
        }
        self.append_batch(batch, now_ms)
    }

    /// Leaves the log as a clean shutdown does.
    pub(crate) fn close(&self, now_ms: i64) -> Result<(), ClusterError> {
        Ok(self.log.close(now_ms)?)
    }

    /// What a snapshot of everything so far says besides the image, if one is due: after so many bytes of records, or
    /// so long after the last one.
    pub(crate) fn due_snapshot(&self, now_ms: i64) -> Option<SnapshotContext> {
        let MetadataLogSettings { max_record_bytes_between_snapshots, max_snapshot_interval_ms, .. } =
            self.settings;
        let is_large = self.bytes_since_snapshot >= max_record_bytes_between_snapshots;
        let is_old = max_snapshot_interval_ms > 0
            && now_ms.saturating_sub(self.snapshot_ms) >= max_snapshot_interval_ms;
        let end_offset = self.end_offset();
        (end_offset > self.snapshot_end && (is_large || is_old)).then(|| SnapshotContext {
            dir: self.dir(),
            id: SnapshotId { end_offset, epoch: self.epoch },
            voters: self.voters.clone(),
            last_contained_ms: self.last_append_ms,
        })
    }

    /// Takes note of a snapshot that is on disk.
    pub(crate) fn snapshot_written(&mut self, id: SnapshotId, appended_before: u64, now_ms: i64) {
        self.snapshot_end = id.end_offset;
        self.snapshot_ms = now_ms;
        self.bytes_since_snapshot = self.bytes_since_snapshot.saturating_sub(appended_before);
    }

    /// Bytes of records that no snapshot stands for.
    pub(crate) fn bytes_since_snapshot(&self) -> u64 {
        self.bytes_since_snapshot
    }

    /// Deletes the oldest snapshots while there is a newer one and they are older, or all files together larger, than the
    /// settings say; then the log begins where the oldest that is left ends, and segments before that go.
    pub(crate) fn delete_old(&self, now_ms: i64) -> Result<(), ClusterError> {
        let snapshots = snapshots::list(&self.dir())?;
        let mut size_bytes =
            self.log.size_bytes() + snapshots.iter().map(|file| file.size_bytes).sum::<u64>();
        for pair in snapshots.windows(2) {
            let [oldest, next] = pair else { break };
            let too_large =
                u64::try_from(self.settings.max_retention_bytes).is_ok_and(|most| size_bytes > most);
            let is_old = |written_ms| now_ms.saturating_sub(written_ms) > self.settings.max_retention_ms;
            let too_old =
                self.settings.max_retention_ms >= 0 && oldest.last_contained_ms().is_some_and(is_old);
            // A snapshot that ends before the log begins is what a crash left of an earlier deletion.
            if !too_large && !too_old && oldest.id.end_offset >= self.log.start_offset() {
                break;
            }
            self.log.delete_records_before(next.id.end_offset)?;
            self.log.delete_old_segments(now_ms)?;
            snapshots::remove(&oldest.path)?;
            size_bytes = size_bytes.saturating_sub(oldest.size_bytes);
        }
        Ok(self.log.delete_due_files(now_ms)?)
    }

    fn append_batch(&mut self, batch: RecordBatchBuilder, now_ms: i64) -> Result<(), ClusterError> {
        let bytes = batch.build().map_err(log::LogError::from)?;
        self.log.append(&bytes, AppendOrigin::Coordinator, self.epoch, now_ms)?;
        let end = self.log.end_offset();
        self.log.advance_high_watermark(end);
        self.log.flush(end, now_ms)?;
        self.last_append_ms = self.last_append_ms.max(now_ms);
        self.bytes_since_snapshot += bytes.len() as u64;
        Ok(())
    }

    /// Applies the newest snapshot if there is one. The log goes on where it ends, or has begun before.
    fn replay_snapshot(&mut self, replay: &mut Replay) -> Result<(), ClusterError> {
        let newest = snapshots::list(&self.dir())?.pop();
        let end = newest.as_ref().map_or(Offset::ZERO, |file| file.id.end_offset);
        let (log_start, log_end) = (self.log.start_offset(), self.end_offset());
        if end < log_start {
            let message = format!("the log begins at {log_start}, and no snapshot says what was before");
            return Err(ClusterError::Inconsistent(message));
        }
        let Some(newest) = newest else { return Ok(()) };
        let path = newest.path;
        if end > log_end {
            // What is appended next would lie before the snapshot's end, and be taken for part of it at the next start.
            let message = format!("{} goes beyond the log's end, {log_end}", path.display());
            return Err(ClusterError::Inconsistent(message));
        }
        let bytes = std::fs::read(&path).map_err(|source| ClusterError::Io { path, source })?;
        replay.apply(bytes.into(), Offset::ZERO)?;
        self.snapshot_end = end;
        Ok(())
    }
}

/// The value of a metadata record, in the newest version of its kind.
pub(crate) fn value(record: &MetadataRecord) -> Bytes {
    record.encode(record.spec().stable_versions().last)
}

/// Nothing is ever too old for the metadata log: what a snapshot stands for goes when the snapshot before it does.
fn config(settings: &MetadataLogSettings) -> LogConfig {
    LogConfig {
        retention_ms: -1,
        segment_bytes: settings.segment_bytes,
        segment_ms: settings.segment_ms,
        max_message_bytes: 16 << 20,
        ..LogConfig::default()
    }
}
