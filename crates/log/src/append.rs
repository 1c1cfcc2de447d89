//! Appending: check, assign offsets, write once, publish.

use std::io::IoSlice;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use protocol::records::{HEADER_BYTES, NO_TIMESTAMP, TimestampType};
use protocol::{LeaderEpoch, Offset};

use crate::log::Appender;
use crate::producer_states::{ProducedBatch, Sequenced};
use crate::segment::{ActiveSegment, Segment};
use crate::transaction_index::AbortedTransaction;
use crate::validation::{Valid, validate};
use crate::{AppendOrigin, Log, LogConfig, LogError, producer_snapshot};

/// Batches that go out in one system call. Producers send one; replicas and coordinators may bring more.
const BATCHES_PER_WRITE: usize = 8;

/// The offsets of a segment are 31 bits from its base offset.
const MAX_RELATIVE_OFFSET: i64 = i32::MAX as i64;

/// What an append did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppendInfo {
    /// Offset of the first record.
    pub base_offset: Offset,
    /// Offset of the last record.
    pub last_offset: Offset,
    /// The time that the broker stamped on the records, or −1 where the producer's stay.
    pub log_append_time_ms: i64,
    /// The first offset of the log.
    pub log_start_offset: Offset,
    /// The batch was there already, at these offsets; nothing was written.
    pub duplicate: bool,
    /// A segment was sealed: [`Log::flush`] up to the active one is due.
    pub rolled: bool,
    /// `flush.messages` or `flush.ms` say that [`Log::flush`] is due.
    pub flush_due: bool,
    /// Many index entries wait in memory: [`Log::write_indexes_out`] is due.
    pub indexes_due: bool,
}

impl Log {
    /// Appends a record set, as it came, at the end of the log.
    ///
    /// `leader_epoch` is set in every batch, except from [`AppendOrigin::Replica`]. When this returns, readers see the
    /// records; they are on disk for good after the next [`Self::flush`].
    ///
    /// # Errors
    /// What is wrong with the records, or with the disk. In either case nothing is visible, and nothing is left in the
    /// file.
    pub fn append(
        &self,
        record_set: &Bytes,
        origin: AppendOrigin,
        leader_epoch: LeaderEpoch,
        now_ms: i64,
    ) -> Result<AppendInfo, LogError> {
        let config = self.config.load();
        let mut batches = validate(record_set, origin, &config, now_ms)?;
        let size_bytes = batches.iter().map(|batch| batch.header.size_bytes()).sum();
        if size_bytes > config.segment_bytes as usize {
            return Err(LogError::LargerThanSegment {
                size_bytes,
                limit_bytes: config.segment_bytes as usize,
            });
        }

        let mut appender = self.appender.lock();
        self.ensure_open()?;
        if let Some(duplicate) = appender.check_producers(&batches, origin)? {
            return Ok(self.duplicate(&duplicate));
        }
        let base_offset = appender.assign_offsets(&mut batches, origin, leader_epoch)?;
        let last = batches.last().map(|batch| batch.header);
        let (last_offset, latest_ms) =
            last.map_or((base_offset, NO_TIMESTAMP), |h| (h.last_offset(), h.max_timestamp_ms));
        let rolled = appender.must_roll(&config, size_bytes, last_offset, latest_ms, now_ms);
        if rolled {
            self.roll_locked(&mut appender, base_offset, now_ms)?;
        }
        self.assign_epochs(&batches)?;
        self.write(&appender.active, &batches)?;
        for batch in &batches {
            // A failure here leaves the producers' state ahead of what readers see; only recovery can tell then.
            self.track_producer(&mut appender, batch)
                .inspect_err(|_| self.failed.store(true, Ordering::Release))?;
            appender.active.wrote(&batch.header, config.index_interval_bytes);
        }
        appender.end_offset = last_offset.plus(1);
        self.end_offset.store(appender.end_offset.0, Ordering::Release);
        let indexes_due = appender.active.has_many_entries();
        drop(appender);

        let stamped =
            config.timestamp_type == TimestampType::LogAppendTime && origin != AppendOrigin::Replica;
        Ok(AppendInfo {
            base_offset,
            last_offset,
            log_append_time_ms: if stamped { now_ms } else { NO_TIMESTAMP },
            log_start_offset: self.start_offset(),
            duplicate: false,
            rolled,
            flush_due: self.flush_due(&config, now_ms),
            indexes_due,
        })
    }

    /// Seals the active segment and begins another at the log's end, unless the active one is empty. Gives whether it did.
    ///
    /// # Errors
    /// The disk's.
    pub fn roll(&self, now_ms: i64) -> Result<bool, LogError> {
        let mut appender = self.appender.lock();
        self.ensure_open()?;
        let end_offset = appender.end_offset;
        if appender.active.size.0 == 0 {
            return Ok(false);
        }
        self.roll_locked(&mut appender, end_offset, now_ms)?;
        Ok(true)
    }

    pub(crate) fn roll_locked(
        &self,
        appender: &mut Appender,
        base_offset: Offset,
        now_ms: i64,
    ) -> Result<(), LogError> {
        self.seal(appender)?;
        producer_snapshot::write_unflushed(&self.dir, base_offset, &appender.producers)?;
        let config = self.config.load();
        let segment = Arc::new(Segment::create(&self.dir, base_offset, &self.files)?);
        if config.preallocate {
            segment.preallocate(config.segment_bytes)?;
        }
        appender.active = ActiveSegment::empty(Arc::clone(&segment), &config, now_ms);
        let mut segments = Vec::clone(&self.segments.load());
        segments.push(segment);
        self.segments.store(Arc::new(segments));
        Ok(())
    }

    fn duplicate(&self, batch: &ProducedBatch) -> AppendInfo {
        let config = self.config.load();
        let stamped = config.timestamp_type == TimestampType::LogAppendTime;
        AppendInfo {
            base_offset: batch.first_offset(),
            last_offset: batch.last_offset,
            log_append_time_ms: if stamped { batch.timestamp_ms } else { NO_TIMESTAMP },
            log_start_offset: self.start_offset(),
            duplicate: true,
            rolled: false,
            flush_due: false,
            indexes_due: false,
        }
    }

    fn assign_epochs(&self, batches: &[Valid]) -> Result<(), LogError> {
        let latest = self.latest_epoch();
        if batches.iter().all(|batch| Some(batch.header.leader_epoch) == latest) {
            return Ok(());
        }
        let mut epochs = self.epochs.write();
        batches
            .iter()
            .try_for_each(|batch| epochs.assign(batch.header.leader_epoch, batch.header.base_offset))
    }

    /// Writes the batches behind the active segment's end. If that fails, what was written of them is cut off again.
    fn write(&self, active: &ActiveSegment, batches: &[Valid]) -> Result<(), LogError> {
        let file = active.segment.file()?;
        let start = u64::from(active.size.0);
        let mut position = start;
        for batches in batches.chunks(BATCHES_PER_WRITE) {
            let mut headers = [[0; HEADER_BYTES]; BATCHES_PER_WRITE];
            for (bytes, batch) in headers.iter_mut().zip(batches) {
                *bytes = batch.header.encode();
            }
            let mut slices = [IoSlice::new(&[]); 2 * BATCHES_PER_WRITE];
            for ((pair, header), batch) in slices.as_chunks_mut::<2>().0.iter_mut().zip(&headers).zip(batches)
            {
                *pair = [IoSlice::new(header), IoSlice::new(&batch.payload)];
            }
            let slices = &mut slices[..2 * batches.len()];
            match transfer::file::write_all_vectored_at(&file, slices, position) {
                Ok(written) => position += written,
                Err(source) => {
                    // Readers never see beyond the published size, so cutting takes nothing from anyone. If even that
                    // fails, nobody knows what the file holds, and only recovery can tell.
                    if file.set_len(start).is_err() {
                        self.failed.store(true, Ordering::Release);
                    }
                    return Err(LogError::Io { operation: "append to", path: active.segment.path(), source });
                }
            }
        }
        Ok(())
    }

    /// Notes what a written batch says of its producer and of transactions.
    pub(crate) fn track_producer(&self, appender: &mut Appender, batch: &Valid) -> Result<(), LogError> {
        let header = &batch.header;
        if !header.has_producer() {
            return Ok(());
        }
        let Some(marker) = batch.marker else {
            if !header.attributes.is_control()
                && let Some(first_offset) = appender.producers.wrote(header)
            {
                let mut stability = self.stability.lock();
                stability.opened(first_offset);
                self.publish_first_unstable(&stability);
            }
            return Ok(());
        };
        let completed = appender.producers.wrote_marker(header, marker.coordinator_epoch, marker.aborted);
        let Some(completed) = completed else { return Ok(()) };
        let mut stability = self.stability.lock();
        let last_stable_offset = stability.stable_after(&completed);
        stability.completed(&completed);
        self.publish_first_unstable(&stability);
        drop(stability);
        if !completed.aborted {
            return Ok(());
        }
        appender.active.segment.transaction_index.append(&AbortedTransaction {
            producer_id: completed.producer_id,
            first_offset: completed.first_offset,
            last_offset: completed.last_offset,
            last_stable_offset,
        })
    }
}

impl Appender {
    /// The batch that these batches repeat, if they do.
    fn check_producers(
        &self,
        batches: &[Valid],
        origin: AppendOrigin,
    ) -> Result<Option<ProducedBatch>, LogError> {
        for batch in batches.iter().filter(|batch| batch.header.has_producer()) {
            if let Sequenced::Duplicate(duplicate) = self.producers.check(&batch.header, origin)? {
                return Ok(Some(duplicate));
            }
            if let Some(marker) = batch.marker
                && origin != AppendOrigin::Replica
            {
                self.producers.check_marker(batch.header.producer_id, marker.coordinator_epoch)?;
            }
        }
        Ok(None)
    }

    /// Gives the batches their place at the log's end, or checks the place that the leader gave them.
    fn assign_offsets(
        &self,
        batches: &mut [Valid],
        origin: AppendOrigin,
        leader_epoch: LeaderEpoch,
    ) -> Result<Offset, LogError> {
        if origin == AppendOrigin::Replica {
            let first = batches.first().map_or(self.end_offset, |batch| batch.header.base_offset);
            if first < self.end_offset {
                return Err(LogError::InvalidRecord("a replica's batch begins before the log's end"));
            }
            let last = batches.last().map_or(first, |batch| batch.header.last_offset());
            if last.0.saturating_sub(first.0) > MAX_RELATIVE_OFFSET {
                let reason = "a replica's batches go over more offsets than a segment can hold";
                return Err(LogError::InvalidRecord(reason));
            }
            return Ok(first);
        }
        let mut next = self.end_offset;
        for batch in batches {
            batch.header.base_offset = next;
            batch.header.leader_epoch = leader_epoch;
            next = batch.header.next_offset();
            if next == Offset(i64::MAX) {
                return Err(LogError::InvalidRecord("the log has no offsets left"));
            }
        }
        Ok(self.end_offset)
    }

    /// Whether what is to be appended needs another segment.
    fn must_roll(
        &self,
        config: &LogConfig,
        size_bytes: usize,
        last_offset: Offset,
        latest_ms: i64,
        now_ms: i64,
    ) -> bool {
        let active = &self.active;
        if active.size.0 == 0 {
            // An empty segment begins at the log's end and takes whatever comes next.
            return last_offset.0 - active.segment.base_offset.0 > MAX_RELATIVE_OFFSET;
        }
        let waited_ms = match active.first_timestamp_ms {
            Some(first_ms) if first_ms >= 0 && latest_ms >= 0 => latest_ms.saturating_sub(first_ms),
            _ => now_ms.saturating_sub(active.created_ms),
        };
        let entries = config.segment_index_bytes / 8;
        let time_entries = (config.segment_index_bytes / 12).saturating_sub(1);
        active.size.0 as usize + size_bytes > config.segment_bytes as usize
            || waited_ms > config.segment_ms.saturating_sub(active.jitter_ms)
            || last_offset.0 - active.segment.base_offset.0 > MAX_RELATIVE_OFFSET
            || active.offset_entries >= entries
            || active.time_entries >= time_entries
    }
}

impl ActiveSegment {
    /// A segment to which nothing has been appended.
    pub(crate) fn empty(segment: Arc<Segment>, config: &LogConfig, now_ms: i64) -> Self {
        Self {
            segment,
            size: crate::Position(0),
            latest: crate::time_index::TimestampOffset::NONE,
            last_time_entry_ms: NO_TIMESTAMP,
            offset_entries: 0,
            time_entries: 0,
            entries_due: 0,
            bytes_since_entry: 0,
            first_timestamp_ms: None,
            created_ms: now_ms,
            jitter_ms: jitter_ms(config),
        }
    }
}

/// A random part of `segment.jitter.ms`, so that the logs of a broker do not all roll at once.
fn jitter_ms(config: &LogConfig) -> i64 {
    use std::hash::{BuildHasher, RandomState};
    match config.segment_jitter_ms.min(config.segment_ms) {
        ..=0 => 0,
        most => (RandomState::new().hash_one(0) >> 1).cast_signed() % most,
    }
}
