//! Which old segments go, and when their files do.

use std::collections::VecDeque;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use protocol::Offset;

use crate::disk::remove_if_there;
use crate::file_names::DELETED_SUFFIX;
use crate::segment::Segment;
use crate::{FileKind, Log, LogConfig, LogError, Position};

/// What [`Log::delete_old_segments`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retained {
    /// Segments that left the log.
    pub segments_deleted: usize,
    /// Their bytes.
    pub bytes_deleted: u64,
}

/// Files that were taken out of the log and are still on disk, by when they are due, in ms.
#[derive(Debug, Default)]
pub(crate) struct DeletedFiles {
    due: VecDeque<(i64, PathBuf)>,
}

impl Log {
    /// Deletes segments that the retention settings or the log's start make superfluous, oldest first, as far as they are
    /// below the high watermark. Their files are renamed now and deleted by [`Self::delete_due_files`].
    ///
    /// # Errors
    /// The disk's.
    pub fn delete_old_segments(&self, now_ms: i64) -> Result<Retained, LogError> {
        let config = self.config.load();
        let mut appender = self.appender.lock();
        self.ensure_open()?;
        let segments = self.segments.load_full();
        let mut count = segments_before(&segments, self.start_offset());
        if config.cleanup_delete {
            count = count.max(self.breaching_time(&segments, &config, now_ms)?);
            count = count.max(breaching_size(&segments, &config, self.size_bytes()));
        }
        let high_watermark = self.high_watermark();
        let below =
            segments.iter().take(count).take_while(|segment| segment.end_offset() <= high_watermark).count();
        // An active segment without records is where the next ones go; one with records makes place for another.
        if below == segments.len() && appender.active.size > Position(0) {
            let end_offset = appender.end_offset;
            self.roll_locked(&mut appender, end_offset, now_ms)?;
        }
        self.remove_first(below, now_ms)
    }

    /// Moves the start of the log up to `offset`, at most to the high watermark. Segments before it go with the next
    /// [`Self::delete_old_segments`]. Gives the new start.
    ///
    /// # Errors
    /// [`LogError::OffsetOutOfRange`] beyond the high watermark.
    pub fn delete_records_before(&self, offset: Offset) -> Result<Offset, LogError> {
        let _appender = self.appender.lock();
        self.ensure_open()?;
        if offset > self.high_watermark() {
            return Err(LogError::OffsetOutOfRange {
                requested: offset,
                start: self.start_offset(),
                end: self.high_watermark(),
            });
        }
        self.start_offset.fetch_max(offset.0, Ordering::AcqRel);
        self.epochs.write().truncate_from_start(self.start_offset())?;
        Ok(self.start_offset())
    }

    /// Deletes files that were taken out of the log `file.delete.delay.ms` ago. Readers that hold a region of one keep
    /// reading it.
    ///
    /// # Errors
    /// The disk's.
    pub fn delete_due_files(&self, now_ms: i64) -> Result<(), LogError> {
        loop {
            let path = {
                let mut deleted = self.deleted.lock();
                match deleted.due.front() {
                    Some((due_ms, _)) if *due_ms <= now_ms => deleted.due.pop_front(),
                    _ => None,
                }
            };
            let Some((_, path)) = path else { return Ok(()) };
            remove_if_there(&path)?;
        }
    }

    /// Takes the first `count` segments, never the active one, out of the log.
    fn remove_first(&self, count: usize, now_ms: i64) -> Result<Retained, LogError> {
        let segments = self.segments.load_full();
        let (removed, kept) = segments.split_at(count.min(segments.len().saturating_sub(1)));
        if removed.is_empty() {
            return Ok(Retained::default());
        }
        // Readers look at the start first: nobody begins to read what is about to go.
        let first_kept = kept.first().map_or(Offset::ZERO, |segment| segment.base_offset);
        self.start_offset.fetch_max(first_kept.0, Ordering::AcqRel);
        self.segments.store(Arc::new(kept.to_vec()));
        let mut retained = Retained::default();
        for segment in removed {
            self.mark_deleted(segment.base_offset, now_ms)?;
            retained.segments_deleted += 1;
            retained.bytes_deleted += u64::from(segment.size().0);
        }
        self.epochs.write().truncate_from_start(self.start_offset())?;
        Ok(retained)
    }

    /// Renames a segment's files, so that a restart knows that they are no part of the log.
    pub(crate) fn mark_deleted(&self, base_offset: Offset, now_ms: i64) -> Result<(), LogError> {
        let due_ms = now_ms.saturating_add(self.config.load().file_delete_delay_ms);
        for kind in FileKind::ALL {
            let path = kind.path(&self.dir, base_offset);
            let mut renamed = path.clone().into_os_string();
            renamed.push(DELETED_SUFFIX);
            match fs::rename(&path, &renamed) {
                Ok(()) => self.deleted.lock().due.push_back((due_ms, renamed.into())),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                Err(source) => return Err(LogError::Io { operation: "rename", path, source }),
            }
        }
        Ok(())
    }

    fn breaching_time(
        &self,
        segments: &[Arc<Segment>],
        config: &LogConfig,
        now_ms: i64,
    ) -> Result<usize, LogError> {
        if config.retention_ms < 0 {
            return Ok(0);
        }
        for (index, segment) in segments.iter().enumerate() {
            let latest_ms = match segment.latest()?.timestamp_ms {
                ..0 => segment.modified_ms()?,
                latest_ms => latest_ms,
            };
            if now_ms.saturating_sub(latest_ms) <= config.retention_ms {
                return Ok(index);
            }
        }
        Ok(segments.len())
    }
}

/// Segments that lie wholly before the log's start.
fn segments_before(segments: &[Arc<Segment>], start_offset: Offset) -> usize {
    segments.windows(2).take_while(|pair| pair[1].base_offset <= start_offset).count()
}

/// Segments without which the log is still at least `retention.bytes` long.
fn breaching_size(segments: &[Arc<Segment>], config: &LogConfig, size_bytes: u64) -> usize {
    let Ok(retention_bytes) = u64::try_from(config.retention_bytes) else { return 0 };
    let mut surplus = size_bytes.saturating_sub(retention_bytes);
    segments
        .iter()
        .take_while(|segment| {
            let size = u64::from(segment.size().0);
            let goes = size > 0 && surplus >= size;
            surplus = surplus.saturating_sub(size);
            goes
        })
        .count()
}
