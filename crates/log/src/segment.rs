//! One segment of a log: its batches, its indexes, and where its batches begin.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use protocol::Offset;
use protocol::records::BatchHeader;
use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::{Errno, retry_on_intr};

use crate::boundaries::Boundaries;
use crate::index_file::TAIL_ENTRIES;
use crate::offset_index::{OffsetEntry, OffsetIndex};
use crate::open_files::{LazyFile, OpenFiles};
use crate::recent_appends::RecentAppends;
use crate::scan::{HeaderScan, PlacedBatch, ScanError};
use crate::time_index::{TimeIndex, TimestampOffset};
use crate::transaction_index::TransactionIndex;
use crate::{FileKind, LogError, Patience, Position};

/// A segment. The last one of a log is appended to; all others never change.
///
/// Readers take the short lock around [`Extent`] and nothing else; the thread that appends holds it only to publish what
/// it has written.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) base_offset: Offset,
    log: LazyFile,
    pub(crate) offset_index: OffsetIndex,
    pub(crate) time_index: TimeIndex,
    pub(crate) transaction_index: TransactionIndex,
    extent: Mutex<Extent>,
}

/// How far a segment reaches, for readers.
#[derive(Debug)]
struct Extent {
    size: Position,
    end_offset: Offset,
    /// The latest timestamp; `None` until someone needs to know that of a sealed segment.
    latest: Option<TimestampOffset>,
    boundaries: Boundaries,
    recent: RecentAppends,
}

/// A range of whole batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BatchRange {
    pub(crate) start: Position,
    pub(crate) end: Position,
    /// The offset from which a read goes on after this range.
    pub(crate) next_offset: Offset,
}

impl Segment {
    /// A segment without batches. A file of its name is emptied.
    pub(crate) fn create(
        dir: &Arc<Path>,
        base_offset: Offset,
        files: &Arc<OpenFiles>,
    ) -> Result<Self, LogError> {
        let segment = Self {
            base_offset,
            log: LazyFile::new(dir, base_offset, FileKind::Log, files),
            offset_index: OffsetIndex::empty(dir, base_offset, files),
            time_index: TimeIndex::empty(dir, base_offset, files),
            transaction_index: TransactionIndex::new(dir, base_offset),
            extent: Mutex::new(Extent {
                size: Position(0),
                end_offset: base_offset,
                latest: Some(TimestampOffset::NONE),
                boundaries: Boundaries::default(),
                recent: RecentAppends::default(),
            }),
        };
        let log = segment.log.open_or_create()?;
        log.set_len(0).map_err(segment.log.error("truncate"))?;
        segment.transaction_index.delete()?;
        // Kafka takes a segment without index files for damaged and recovers it.
        segment.offset_index.create()?;
        segment.time_index.create()?;
        Ok(segment)
    }

    /// A segment as it lies on disk, of `size` and ending before `end_offset`. Nothing is opened.
    pub(crate) fn existing(
        dir: &Arc<Path>,
        base_offset: Offset,
        size: Position,
        end_offset: Offset,
        files: &Arc<OpenFiles>,
    ) -> Self {
        Self {
            base_offset,
            log: LazyFile::new(dir, base_offset, FileKind::Log, files),
            offset_index: OffsetIndex::existing(dir, base_offset, files),
            time_index: TimeIndex::existing(dir, base_offset, files),
            transaction_index: TransactionIndex::new(dir, base_offset),
            extent: Mutex::new(Extent {
                size,
                end_offset,
                latest: None,
                boundaries: Boundaries::default(),
                recent: RecentAppends::default(),
            }),
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.log.path()
    }

    /// The open `.log` file.
    pub(crate) fn file(&self) -> Result<Arc<File>, LogError> {
        self.log.open()
    }

    /// The same, if it need not be waited for or the caller waits.
    pub(crate) fn file_with_patience(&self, patience: Patience) -> Result<Arc<File>, LogError> {
        self.log.open_with_patience(patience)
    }

    /// Reserves `bytes` on disk for the segment, without changing its size, if its file system can do that.
    pub(crate) fn preallocate(&self, bytes: u32) -> Result<(), LogError> {
        let file = self.file()?;
        let reserve = || fallocate(&*file, FallocateFlags::KEEP_SIZE, 0, bytes.into());
        match retry_on_intr(reserve) {
            Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
            Err(errno) => {
                Err(LogError::Io { operation: "preallocate", path: self.path(), source: errno.into() })
            }
        }
    }

    /// Bytes that readers may see.
    pub(crate) fn size(&self) -> Position {
        self.extent.lock().size
    }

    /// The offset after the last batch that readers may see.
    pub(crate) fn end_offset(&self) -> Offset {
        self.extent.lock().end_offset
    }

    /// The latest timestamp and the last offset of its batch; of a sealed segment the time index's last entry.
    pub(crate) fn latest(&self) -> Result<TimestampOffset, LogError> {
        if let Some(latest) = self.extent.lock().latest {
            return Ok(latest);
        }
        let latest = self.time_index.last()?.unwrap_or(TimestampOffset::NONE);
        Ok(*self.extent.lock().latest.get_or_insert(latest))
    }

    /// Lets readers see a batch that has been written.
    pub(crate) fn publish(&self, batch: &PlacedBatch, latest: TimestampOffset) {
        let now = Instant::now();
        let mut extent = self.extent.lock();
        extent.boundaries.appended(batch.header.base_offset, batch.position);
        extent.recent.appended(batch.position, now);
        extent.size = batch.end();
        extent.end_offset = batch.header.next_offset();
        extent.latest = Some(latest);
    }

    /// Sets how far the segment reaches, after recovery or truncation.
    pub(crate) fn set_extent(&self, size: Position, end_offset: Offset, latest: TimestampOffset) {
        *self.extent.lock() = Extent {
            size,
            end_offset,
            latest: Some(latest),
            boundaries: Boundaries::default(),
            recent: RecentAppends::default(),
        };
    }

    /// Whether everything from `position` on was appended a moment ago, so that it need not be asked whether it is in memory.
    pub(crate) fn is_fresh_from(&self, position: Position) -> bool {
        let now = Instant::now();
        let extent = self.extent.lock();
        extent.recent.hold(position, extent.size, now)
    }

    /// The whole batches from the one that holds `from` on: as many as fit `max_bytes`, or one where `at_least_one` and it
    /// alone is larger, and none that reaches `until` or beyond.
    ///
    /// `None` if the segment has no batch there. An empty range if the first batch does not fit.
    pub(crate) fn find(
        &self,
        from: Offset,
        until: Offset,
        max_bytes: u32,
        at_least_one: bool,
        patience: Patience,
    ) -> Result<Option<BatchRange>, LogError> {
        let (size, end_offset, start, bound) = {
            let extent = self.extent.lock();
            if from >= extent.end_offset {
                return Ok(None);
            }
            let bound = if until < extent.end_offset {
                extent.boundaries.position_of(until)
            } else {
                Some(extent.size)
            };
            (extent.size, extent.end_offset, extent.boundaries.position_of(from), bound)
        };
        let (start, first) = match start {
            Some(start) => (start, None),
            None => match self.batch_holding(from, size, end_offset, patience)? {
                Some(batch) => (batch.position, Some(batch)),
                None => return Ok(None),
            },
        };
        // What is left before the next segment is a hole, as compaction leaves it.
        if start >= size {
            return Ok(None);
        }
        let (bound, bound_offset) = match bound {
            Some(bound) => (bound, until.min(end_offset)),
            None => match self.batch_holding(until, size, end_offset, patience)? {
                Some(batch) => (batch.position, batch.header.base_offset),
                None => (size, end_offset),
            },
        };
        if bound <= start {
            return Ok(Some(BatchRange { start, end: start, next_offset: from }));
        }
        if bound.0 - start.0 <= max_bytes {
            return Ok(Some(BatchRange { start, end: bound, next_offset: bound_offset }));
        }
        let range = self.cut((start, first), bound, max_bytes, at_least_one, patience)?;
        if range.end > range.start {
            self.extent.lock().boundaries.read(range.next_offset, range.end);
        }
        Ok(Some(BatchRange {
            next_offset: if range.end > range.start { range.next_offset } else { from },
            ..range
        }))
    }

    /// The first batch whose last offset is not before `offset`.
    pub(crate) fn batch_holding(
        &self,
        offset: Offset,
        size: Position,
        end_offset: Offset,
        patience: Patience,
    ) -> Result<Option<PlacedBatch>, LogError> {
        let from = self.offset_index.floor_offset(self.base_offset, offset, end_offset, patience)?;
        let file = self.file_with_patience(patience)?;
        let mut scan = HeaderScan::with_patience(&file, from, size, patience);
        while let Some(batch) = scan.next_batch().map_err(|e| self.damaged(e))? {
            if batch.header.last_offset() >= offset {
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }

    /// The last batch boundary within `max_bytes` of `start`.
    fn cut(
        &self,
        (start, first): (Position, Option<PlacedBatch>),
        bound: Position,
        max_bytes: u32,
        at_least_one: bool,
        patience: Patience,
    ) -> Result<BatchRange, LogError> {
        let limit = Position(start.0.saturating_add(max_bytes));
        let near = self.offset_index.floor_position(limit, bound, patience)?.max(start);
        let file = self.file_with_patience(patience)?;
        let mut scan = HeaderScan::with_patience(&file, near, bound, patience);
        let mut range = BatchRange { start, end: near, next_offset: Offset(0) };
        while let Some(batch) = scan.next_batch().map_err(|e| self.damaged(e))? {
            range.end = batch.position;
            range.next_offset = batch.header.base_offset;
            if batch.end() > limit {
                if batch.position == start && at_least_one {
                    let only = first.unwrap_or(batch);
                    range.end = only.end();
                    range.next_offset = only.header.next_offset();
                }
                break;
            }
        }
        Ok(range)
    }

    /// What a scan that ended early says about the file.
    pub(crate) fn damaged(&self, error: ScanError) -> LogError {
        match error {
            ScanError::Io(source) => LogError::of_io("read", || self.path(), source),
            ScanError::Malformed(position, reason) => LogError::Damaged {
                path: self.path(),
                position: Some(position.0.into()),
                expected: "a record batch",
                found: reason.to_string(),
            },
        }
    }

    /// Writes the index entries that wait in memory to their files.
    pub(crate) fn write_indexes_out(&self) -> Result<(), LogError> {
        self.offset_index.write_out()?;
        self.time_index.write_out()
    }

    /// Writes what waits in memory to the files and the files to the disk.
    pub(crate) fn sync(&self) -> Result<(), LogError> {
        self.file()?.sync_data().map_err(self.log.error("flush"))?;
        self.offset_index.sync()?;
        self.time_index.sync()?;
        self.transaction_index.sync()
    }

    /// When the `.log` file was last written, in ms: the age of a segment without timestamps.
    pub(crate) fn modified_ms(&self) -> Result<i64, LogError> {
        let modified = self
            .file()?
            .metadata()
            .and_then(|metadata| metadata.modified())
            .map_err(self.log.error("stat"))?;
        let since_epoch = modified.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Ok(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }
}

/// What only the thread that appends knows of the active segment.
#[derive(Debug)]
pub(crate) struct ActiveSegment {
    pub(crate) segment: Arc<Segment>,
    pub(crate) size: Position,
    pub(crate) latest: TimestampOffset,
    /// The last timestamp in the time index.
    pub(crate) last_time_entry_ms: i64,
    /// Entries of the offset index.
    pub(crate) offset_entries: u32,
    /// Entries of the time index.
    pub(crate) time_entries: u32,
    /// Entries of the offset index when it was last said that they should be written out.
    pub(crate) entries_due: u32,
    /// Log bytes since the last entry of the offset index.
    pub(crate) bytes_since_entry: u32,
    /// Timestamp of the first batch, from which `segment.ms` counts.
    pub(crate) first_timestamp_ms: Option<i64>,
    /// The broker's clock when the segment was created or opened.
    pub(crate) created_ms: i64,
    /// Taken off `segment.ms`.
    pub(crate) jitter_ms: i64,
}

impl ActiveSegment {
    /// Enters a batch that has been written at the end into the indexes and lets readers see it.
    pub(crate) fn wrote(&mut self, header: &BatchHeader, index_interval_bytes: u32) {
        let batch = PlacedBatch { position: self.size, header: *header };
        self.index(&batch, index_interval_bytes);
        self.segment.publish(&batch, self.latest);
    }

    /// Enters a batch into the indexes.
    pub(crate) fn index(&mut self, batch: &PlacedBatch, index_interval_bytes: u32) {
        let header = &batch.header;
        let last_offset = header.last_offset();
        if header.max_timestamp_ms > self.latest.timestamp_ms {
            self.latest = TimestampOffset { timestamp_ms: header.max_timestamp_ms, offset: last_offset };
        }
        if self.bytes_since_entry > index_interval_bytes {
            self.segment.offset_index.push(OffsetEntry { offset: last_offset, position: batch.position });
            self.offset_entries += 1;
            self.enter_latest();
            self.bytes_since_entry = 0;
        }
        self.first_timestamp_ms.get_or_insert(header.max_timestamp_ms);
        self.size = batch.end();
        self.bytes_since_entry = self.bytes_since_entry.saturating_add(header.size_bytes() as u32);
    }

    /// Writes the indexes out for good: what is entered last is the latest timestamp.
    pub(crate) fn seal(&mut self) -> Result<(), LogError> {
        self.enter_latest();
        self.segment.write_indexes_out()
    }

    /// Whether so many index entries wait in memory that they should be written out. Says so once.
    pub(crate) fn has_many_entries(&mut self) -> bool {
        // The time index never has more entries than the offset index, but for one.
        let many = self.offset_entries - self.entries_due >= TAIL_ENTRIES;
        if many {
            self.entries_due = self.offset_entries;
        }
        many
    }

    /// Timestamps in the time index rise strictly.
    fn enter_latest(&mut self) {
        if self.latest.timestamp_ms > self.last_time_entry_ms {
            self.segment.time_index.push(self.latest);
            self.time_entries += 1;
            self.last_time_entry_ms = self.latest.timestamp_ms;
        }
    }
}

/// Whether a file is not there, which for a reader that came late means that its segment was deleted.
pub(crate) fn is_gone(error: &LogError) -> bool {
    matches!(error, LogError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
}
