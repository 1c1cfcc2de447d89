//! Opening a log: what is there, what has to be checked, and what is torn.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64};

use arc_swap::ArcSwap;
use parking_lot::{Mutex, RwLock};
use protocol::Offset;

use crate::disk::remove_if_there;
use crate::found::{Found, remove_segment};
use crate::leader_epochs::LeaderEpochs;
use crate::log::{Appender, LogOptions};
use crate::open_files::OpenFiles;
use crate::producer_states::ProducerStates;
use crate::rebuild::{Torn, rebuild, replay};
use crate::retention::DeletedFiles;
use crate::scan::HeaderScan;
use crate::segment::{ActiveSegment, Segment};
use crate::stability::Stability;
use crate::transaction_index::AbortedTransaction;
use crate::validation::Marker;
use crate::{FileKind, Log, LogConfig, LogError, Position, producer_snapshot};

/// What opening a log found and did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecoveryReport {
    /// Segments whose every batch was checked.
    pub segments_checked: usize,
    /// Their bytes.
    pub bytes_checked: u64,
    /// Segments whose indexes were missing or damaged and were built anew.
    pub indexes_rebuilt: usize,
    /// What was cut off because it was not intact.
    pub cut: Option<Cut>,
}

/// A tail that was cut off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The segment whose intact part ended.
    pub path: PathBuf,
    /// Where it ended.
    pub position: Position,
    /// Bytes cut off that segment.
    pub bytes: u64,
    /// Segments behind it, which were removed.
    pub segments_removed: usize,
    /// What was wrong.
    pub reason: String,
}

impl Log {
    /// Opens the log in a partition's directory, which is created if it is not there.
    ///
    /// After a clean stop only the end of the last segment is looked at. Otherwise every batch from the recovery point on
    /// is checked (CRC, size, rising offsets), and what begins with the first that is not intact is cut off; indexes and
    /// the producers' state are built anew.
    ///
    /// # Errors
    /// The disk's.
    pub fn open(
        dir: &Path,
        options: LogOptions,
        files: &Arc<OpenFiles>,
    ) -> Result<(Self, RecoveryReport), LogError> {
        fs::create_dir_all(dir).map_err(LogError::io("create", dir))?;
        let found = Found::list(dir)?;
        let mut loader = Loader {
            dir: dir.into(),
            files: Arc::clone(files),
            options,
            found,
            segments: Vec::new(),
            epochs: LeaderEpochs::read(dir).or_else(|error| match error {
                // Epochs are in every batch; those of checked segments are entered again.
                LogError::Damaged { .. } => Ok(LeaderEpochs::empty(dir)),
                other => Err(other),
            })?,
            producers: ProducerStates::default(),
            report: RecoveryReport::default(),
        };
        let active = loader.load()?;
        Ok(loader.finish(active))
    }
}

/// A log on its way to being open.
struct Loader {
    dir: Arc<Path>,
    files: Arc<OpenFiles>,
    options: LogOptions,
    found: Found,
    segments: Vec<Arc<Segment>>,
    epochs: LeaderEpochs,
    producers: ProducerStates,
    report: RecoveryReport,
}

impl Loader {
    fn load(&mut self) -> Result<ActiveSegment, LogError> {
        let bases: Vec<(Offset, (bool, bool))> = self.found.segments.iter().map(|(k, v)| (*k, *v)).collect();
        let first_unchecked = if self.options.clean {
            bases.len()
        } else {
            bases.partition_point(|(base, _)| *base <= self.options.recovery_point).saturating_sub(1)
        };
        for (index, (base, (offset_index, time_index))) in bases.iter().enumerate().take(first_unchecked) {
            let end_offset = bases.get(index + 1).map_or(*base, |(next, _)| *next);
            let segment = Arc::new(self.existing(*base, end_offset)?);
            if !offset_index || !time_index {
                self.rebuild_indexes(&segment)?;
            }
            self.segments.push(segment);
        }
        let mut active = None;
        if first_unchecked < bases.len() {
            active = self.check_from(&bases[first_unchecked..])?;
        } else if let Some(last) = self.segments.last().cloned() {
            active = Some(self.load_active(last)?);
        }
        let mut active = match active {
            Some(active) => active,
            None => self.begin(self.options.start_offset)?,
        };
        if active.segment.end_offset() < self.options.start_offset {
            // Everything that is left was deleted before the crash; the log goes on where the deletion ended.
            for segment in std::mem::take(&mut self.segments) {
                remove_segment(&self.dir, segment.base_offset)?;
            }
            self.epochs.truncate_from_end(Offset::ZERO)?;
            active = self.begin(self.options.start_offset)?;
        }
        if first_unchecked == bases.len() {
            self.restore_producers(active.segment.end_offset())?;
        }
        let end_offset = active.segment.end_offset();
        self.epochs.truncate_from_end(end_offset.plus(1))?;
        self.remove_stray_snapshots(end_offset)?;
        Ok(active)
    }

    fn finish(self, active: ActiveSegment) -> (Log, RecoveryReport) {
        let end_offset = active.segment.end_offset();
        let first = self.segments.first().map_or(Offset::ZERO, |segment| segment.base_offset);
        let start_offset = self.options.start_offset.max(first);
        let recovery_point =
            if self.options.clean { end_offset } else { self.options.recovery_point.min(end_offset) };
        let stability = Stability::with_open(self.producers.open_transactions());
        let first_unstable = stability.first_unstable().map_or(i64::MAX, |offset| offset.0);
        let log = Log {
            dir: self.dir,
            files: self.files,
            config: ArcSwap::from_pointee(self.options.config),
            segments: ArcSwap::from_pointee(self.segments),
            appender: Mutex::new(Appender { active, producers: self.producers, end_offset }),
            index_writes: Mutex::new(()),
            epochs: RwLock::new(self.epochs),
            stability: Mutex::new(stability),
            deleted: Mutex::new(DeletedFiles::default()),
            start_offset: AtomicI64::new(start_offset.0),
            end_offset: AtomicI64::new(end_offset.0),
            high_watermark: AtomicI64::new(start_offset.0),
            first_unstable: AtomicI64::new(first_unstable),
            recovery_point: AtomicI64::new(recovery_point.0),
            last_flush_ms: AtomicI64::new(self.options.now_ms),
            closed: AtomicBool::new(false),
            failed: AtomicBool::new(false),
        };
        (log, self.report)
    }

    /// Begins an empty segment.
    fn begin(&mut self, base_offset: Offset) -> Result<ActiveSegment, LogError> {
        let segment = Arc::new(Segment::create(&self.dir, base_offset, &self.files)?);
        self.segments.push(Arc::clone(&segment));
        Ok(ActiveSegment::empty(segment, &self.options.config, self.options.now_ms))
    }

    /// A segment as it lies on disk.
    fn existing(&self, base_offset: Offset, end_offset: Offset) -> Result<Segment, LogError> {
        let path = FileKind::Log.path(&self.dir, base_offset);
        let size = fs::metadata(&path).map_err(LogError::io("stat", &path))?.len();
        let Some(size) = u32::try_from(size).ok().filter(|size| *size <= i32::MAX as u32) else {
            let (position, expected) = (None, "a segment smaller than 2 GiB");
            return Err(LogError::Damaged { path, position, expected, found: format!("{size} bytes") });
        };
        Ok(Segment::existing(&self.dir, base_offset, Position(size), end_offset, &self.files))
    }

    /// Finds the end of the last segment after a clean stop.
    fn load_active(&mut self, segment: Arc<Segment>) -> Result<ActiveSegment, LogError> {
        match self.scan_end(&segment) {
            Ok(active) => Ok(active),
            // The mark of a clean stop was wrong, or an index was damaged since.
            Err(LogError::Damaged { .. }) => {
                self.segments.pop();
                let checked = self.check_from(&[(segment.base_offset, (true, true))])?;
                checked.map_or_else(|| self.begin(segment.base_offset), Ok)
            }
            Err(error) => Err(error),
        }
    }

    fn scan_end(&self, segment: &Arc<Segment>) -> Result<ActiveSegment, LogError> {
        let config = &self.options.config;
        let mut active = ActiveSegment::empty(Arc::clone(segment), config, self.options.now_ms);
        let size = segment.size();
        let entry = segment.offset_index.last()?;
        let latest = segment.time_index.last()?;
        let file = segment.file()?;
        let damaged = |e| segment.damaged(e);
        if let Some(first) = HeaderScan::new(&file, Position(0), size).next_batch().map_err(damaged)? {
            active.first_timestamp_ms = Some(first.header.max_timestamp_ms);
        }
        let from = entry.map_or(Position(0), |entry| entry.position);
        if from > size || entry.is_some_and(|entry| entry.offset < segment.base_offset) {
            return Err(LogError::Damaged {
                path: segment.offset_index.path(),
                position: None,
                expected: "entries within the segment",
                found: format!("position {from} of {size}"),
            });
        }
        if let Some(latest) = latest {
            active.latest = latest;
            active.last_time_entry_ms = latest.timestamp_ms;
        }
        let mut end_offset = segment.base_offset;
        let mut scan = HeaderScan::new(&file, from, size);
        while let Some(batch) = scan.next_batch().map_err(damaged)? {
            end_offset = batch.header.next_offset();
            if batch.header.max_timestamp_ms > active.latest.timestamp_ms {
                active.latest = crate::TimestampOffset {
                    timestamp_ms: batch.header.max_timestamp_ms,
                    offset: batch.header.last_offset(),
                };
            }
        }
        active.offset_entries = segment.offset_index.len()?;
        active.time_entries = segment.time_index.len()?;
        active.entries_due = active.offset_entries;
        active.size = size;
        active.bytes_since_entry = size.0 - from.0;
        segment.set_extent(size, end_offset, active.latest);
        Ok(active)
    }

    /// Checks these segments, the last ones of the log, and cuts where they are not intact.
    fn check_from(&mut self, bases: &[(Offset, (bool, bool))]) -> Result<Option<ActiveSegment>, LogError> {
        let Some((first, _)) = bases.first() else { return Ok(None) };
        self.restore_producers(*first)?;
        // The batches to be checked say themselves which leaders they are of.
        self.epochs.truncate_from_end(*first)?;
        let mut last = None;
        for (index, (base, _)) in bases.iter().enumerate() {
            let found = self.existing(*base, *base)?;
            let size = found.size();
            let mut active = self.blank_indexes(Arc::new(found))?;
            let until = bases.get(index + 1).map(|(next, _)| *next);
            let torn = self.check(&mut active, size, until)?;
            self.segments.push(Arc::clone(&active.segment));
            let cut = torn.is_some();
            if let Some(torn) = torn {
                let removed = &bases[index + 1..];
                for (base, _) in removed {
                    remove_segment(&self.dir, *base)?;
                }
                self.report.cut = Some(Cut {
                    path: active.segment.path(),
                    position: torn.position,
                    bytes: u64::from(size.0 - torn.position.0),
                    segments_removed: removed.len(),
                    reason: torn.reason,
                });
            }
            if cut || index + 1 == bases.len() {
                last = Some(active);
                break;
            }
            active.seal()?;
        }
        Ok(last)
    }

    /// Checks one segment, cuts it where it is torn, and builds its indexes.
    fn check(
        &mut self,
        active: &mut ActiveSegment,
        size: Position,
        until: Option<Offset>,
    ) -> Result<Option<Torn>, LogError> {
        let segment = Arc::clone(&active.segment);
        let mut end_offset = segment.base_offset;
        let Self { options, epochs, producers, .. } = self;
        let torn = rebuild(active, size, until, &options.config, |header, marker| {
            end_offset = header.next_offset();
            epochs.assign(header.leader_epoch, header.base_offset)?;
            if let Some(aborted) = track(producers, header, marker) {
                segment.transaction_index.append(&aborted)?;
            }
            Ok(())
        })?;
        if let Some(torn) = &torn {
            let file = segment.file()?;
            file.set_len(torn.position.0.into()).map_err(LogError::io("cut", segment.path()))?;
        }
        segment.set_extent(active.size, end_offset, active.latest);
        self.report.segments_checked += 1;
        self.report.bytes_checked += u64::from(size.0);
        Ok(torn)
    }

    /// Builds the indexes of a sealed segment anew. Its batches were whole when it was sealed and stay as they are.
    fn rebuild_indexes(&mut self, segment: &Arc<Segment>) -> Result<(), LogError> {
        let size = segment.size();
        let end_offset = segment.end_offset();
        let mut active = ActiveSegment::empty(Arc::clone(segment), &self.options.config, self.options.now_ms);
        segment.offset_index.clear()?;
        segment.time_index.clear()?;
        let torn = rebuild(&mut active, size, None, &self.options.config, |_, _| Ok(()))?;
        if let Some(torn) = torn {
            return Err(LogError::Damaged {
                path: segment.path(),
                position: Some(torn.position.0.into()),
                expected: "a record batch",
                found: torn.reason,
            });
        }
        active.seal()?;
        segment.sync()?;
        segment.set_extent(size, end_offset, active.latest);
        self.report.indexes_rebuilt += 1;
        Ok(())
    }

    fn blank_indexes(&mut self, segment: Arc<Segment>) -> Result<ActiveSegment, LogError> {
        segment.offset_index.clear()?;
        segment.time_index.clear()?;
        segment.transaction_index.delete()?;
        Ok(ActiveSegment::empty(segment, &self.options.config, self.options.now_ms))
    }

    /// Puts the producers' state before `until` together: the last intact snapshot and the batches after it.
    fn restore_producers(&mut self, until: Offset) -> Result<(), LogError> {
        let mut from = self.options.start_offset;
        while let Some(offset) = self.found.snapshots.iter().copied().rfind(|offset| *offset <= until) {
            match producer_snapshot::read(&self.dir, offset) {
                Ok(states) => {
                    self.producers = states;
                    from = offset;
                    break;
                }
                Err(LogError::Damaged { path, .. }) => {
                    remove_if_there(&path)?;
                    self.found.snapshots.retain(|known| *known != offset);
                }
                Err(error) => return Err(error),
            }
        }
        if from >= until {
            return Ok(());
        }
        let config: &LogConfig = &self.options.config;
        for segment in self.segments.iter().skip(Log::segment_index(&self.segments, from)) {
            replay(segment, from, config, |header, marker| {
                if header.base_offset < until {
                    track(&mut self.producers, header, marker);
                }
            })?;
        }
        Ok(())
    }

    /// Kafka keeps a snapshot for the beginning of each segment and one for the log's end; others are left over.
    fn remove_stray_snapshots(&self, end_offset: Offset) -> Result<(), LogError> {
        for offset in &self.found.snapshots {
            let begins_segment =
                self.segments.binary_search_by_key(offset, |segment| segment.base_offset).is_ok();
            let kept = begins_segment || *offset == end_offset;
            if !kept {
                remove_if_there(&FileKind::ProducerSnapshot.path(&self.dir, *offset))?;
            }
        }
        Ok(())
    }
}

/// Enters a batch into the producers' state. Gives the transaction that it aborted.
pub(crate) fn track(
    producers: &mut ProducerStates,
    header: &protocol::records::BatchHeader,
    marker: Option<Marker>,
) -> Option<AbortedTransaction> {
    if !header.has_producer() {
        return None;
    }
    let Some(marker) = marker else {
        if !header.attributes.is_control() {
            producers.wrote(header);
        }
        return None;
    };
    let completed = producers.wrote_marker(header, marker.coordinator_epoch, marker.aborted)?;
    completed.aborted.then(|| AbortedTransaction {
        producer_id: completed.producer_id,
        first_offset: completed.first_offset,
        last_offset: completed.last_offset,
        last_stable_offset: producers.open_transactions().min().unwrap_or(completed.last_offset.plus(1)),
    })
}
