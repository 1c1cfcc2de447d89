//! `__cluster_metadata-0`: the log of metadata records, read back at start and appended to by the controller.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use log::{AppendOrigin, Log, LogConfig, LogOptions, OpenFiles, ReadUntil};
use protocol::codec::{Encoder, Message};
use protocol::messages::data::LeaderChangeMessage;
use protocol::messages::data::leader_change_message::Voter;
use protocol::messages::metadata_records::MetadataRecord;
use protocol::records::{Batches, Codec, ControlType, RecordBatch, RecordBatchBuilder};
use protocol::{BrokerId, LeaderEpoch, Offset};
use uuid::Uuid;

use crate::ClusterError;
use crate::image::Image;

/// The directory of the metadata log within a data directory.
const DIRECTORY: &str = "__cluster_metadata-0";

/// The id that Kafka gives the metadata topic.
const TOPIC_ID: Uuid = Uuid::from_u128(1);

/// How much is read at once when the log is replayed.
const REPLAY_BYTES: u32 = 1 << 20;

/// What a compressed batch of metadata may inflate to. Controllers write batches of at most 8 MiB uncompressed.
const INFLATE_LIMIT_BYTES: usize = 64 << 20;

/// Files of this one log that stay open: those of the active segment and one more.
const OPEN_FILES: usize = 8;

/// The version in which Kafka writes the content of its control records.
const CONTROL_VERSION: i16 = 0;

/// The metadata log and the epoch in which this node writes to it.
#[derive(Debug)]
pub(crate) struct MetadataLog {
    log: Arc<Log>,
    epoch: LeaderEpoch,
}

impl MetadataLog {
    /// Opens the log, or begins one.
    pub(crate) fn open(data_dir: &Path, clean: bool, now_ms: i64) -> Result<Self, ClusterError> {
        let dir = data_dir.join(DIRECTORY);
        let options = LogOptions { config: config(), clean, now_ms, ..LogOptions::default() };
        let (log, _) = Log::open(&dir, options, &OpenFiles::new(OPEN_FILES))?;
        if log::read_topic_id(&dir)?.is_none() {
            log::write_topic_id(&dir, TOPIC_ID)?;
        }
        let epoch = log.latest_epoch().unwrap_or(LeaderEpoch::NONE);
        Ok(Self { log: Arc::new(log), epoch })
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

    /// Applies every record to `image`. Where the log begins after offset 0, the snapshot at its start comes first.
    pub(crate) fn replay(&self, image: &mut Image) -> Result<(), ClusterError> {
        let mut next = self.replay_snapshot(image)?.max(self.log.start_offset());
        while next < self.log.end_offset() {
            let read = self.log.read(next, REPLAY_BYTES, ReadUntil::LogEnd, true)?;
            let Some(region) = read.region else { break };
            let path = self.log.active_path();
            let bytes = region.read().map_err(|source| ClusterError::Io { path, source })?;
            apply_batches(bytes.into(), next, image)?;
            next = read.next_offset;
        }
        image.end_offset = self.log.end_offset();
        Ok(())
    }

    /// Begins to write as leader of `epoch`, as every leader of a quorum does: with a record that says so.
    pub(crate) fn lead(&mut self, me: BrokerId, epoch: LeaderEpoch, now_ms: i64) -> Result<(), ClusterError> {
        self.epoch = epoch;
        let voter = Voter { voter_id: me.0, ..Voter::default() };
        let change = LeaderChangeMessage {
            leader_id: me.0,
            voters: vec![voter.clone()],
            granting_voters: vec![voter],
            ..LeaderChangeMessage::default()
        };
        let value = content(&change);
        let batch =
            RecordBatchBuilder::new(Codec::default()).control(now_ms, ControlType::LeaderChange, &value);
        self.append_batch(batch, now_ms)
    }

    /// Appends records in one batch, so that either all of them or none are there after a crash, and flushes them.
    pub(crate) fn append(&self, records: &[MetadataRecord], now_ms: i64) -> Result<(), ClusterError> {
        let mut batch = RecordBatchBuilder::new(Codec::default());
        for record in records {
            let value = record.encode(record.spec().stable_versions().last);
            batch.append(now_ms, None, Some(&value), &[]);
        }
        self.append_batch(batch, now_ms)
    }

    /// Leaves the log as a clean shutdown does.
    pub(crate) fn close(&self, now_ms: i64) -> Result<(), ClusterError> {
        Ok(self.log.close(now_ms)?)
    }

    fn append_batch(&self, batch: RecordBatchBuilder, now_ms: i64) -> Result<(), ClusterError> {
        let bytes = batch.build().map_err(log::LogError::from)?;
        self.log.append(&bytes, AppendOrigin::Coordinator, self.epoch, now_ms)?;
        let end = self.log.end_offset();
        self.log.advance_high_watermark(end);
        Ok(self.log.flush(end, now_ms)?)
    }

    /// Applies the newest snapshot, `<end offset>-<epoch>.checkpoint`, if there is one; gives its end offset.
    fn replay_snapshot(&self, image: &mut Image) -> Result<Offset, ClusterError> {
        let dir = self.dir();
        let io = |source| ClusterError::Io { path: dir.clone(), source };
        let mut newest = None;
        for entry in std::fs::read_dir(&dir).map_err(io)? {
            let name = entry.map_err(io)?.file_name();
            let Some(end) = name.to_str().and_then(snapshot_end) else { continue };
            newest = newest.max(Some((end, name)));
        }
        let Some((end, name)) = newest else { return Ok(Offset::ZERO) };
        let path = dir.join(name);
        if end > self.end_offset() {
            // What is appended next would lie before the snapshot's end, and be taken for part of it at the next start.
            let (path, log_end) = (path.display(), self.end_offset());
            return Err(ClusterError::Inconsistent(format!("{path} goes beyond the log's end, {log_end}")));
        }
        let bytes = std::fs::read(&path).map_err(|source| ClusterError::Io { path, source })?;
        apply_batches(bytes.into(), Offset::ZERO, image)?;
        Ok(end)
    }
}

/// The settings of the metadata log: nothing is ever too old for it.
fn config() -> LogConfig {
    LogConfig { retention_ms: -1, segment_ms: i64::MAX, max_message_bytes: 16 << 20, ..LogConfig::default() }
}

fn snapshot_end(name: &str) -> Option<Offset> {
    let (end, epoch) = name.strip_suffix(".checkpoint")?.split_once('-')?;
    epoch.parse::<i32>().ok()?;
    end.parse().ok().map(Offset)
}

fn content(message: &(impl Message + protocol::codec::Encode<Bytes>)) -> Bytes {
    let mut encoder = Encoder::<Bytes>::default();
    message.write(&mut encoder, CONTROL_VERSION);
    encoder.finish().into_bytes()
}

fn apply_batches(bytes: Bytes, from: Offset, image: &mut Image) -> Result<(), ClusterError> {
    for batch in Batches::new(bytes) {
        let batch = batch.map_err(|error| bad_record(from, &error))?;
        // Control batches are the quorum's own; they say nothing about topics or brokers.
        if !batch.header().attributes.is_control() {
            apply_batch(&batch, from, image)?;
        }
    }
    Ok(())
}

fn apply_batch(batch: &RecordBatch, from: Offset, image: &mut Image) -> Result<(), ClusterError> {
    let base = batch.header().base_offset;
    let body = batch.body(INFLATE_LIMIT_BYTES).map_err(|error| bad_record(base, &error))?;
    for record in body.records() {
        let record = record.map_err(|error| bad_record(base, &error))?;
        let offset = base.plus(i64::from(record.offset_delta));
        if offset < from {
            continue;
        }
        let value = record.value.ok_or_else(|| bad_record(offset, &"a record without a value"))?;
        let (decoded, _) = MetadataRecord::decode(body.bytes().slice_ref(value))
            .map_err(|error| bad_record(offset, &error))?;
        image.apply(decoded)?;
    }
    Ok(())
}

fn bad_record(offset: Offset, error: &dyn std::fmt::Display) -> ClusterError {
    ClusterError::BadRecord { offset: offset.0, message: error.to_string() }
}
