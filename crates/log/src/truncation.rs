//! Cutting the end of a log off, as a follower does when its leader's log turns out different.

use std::fs::{self, File};
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use protocol::Offset;

use crate::disk::{remove_if_there, sync_dir};
use crate::log::Appender;
use crate::producer_states::ProducerStates;
use crate::rebuild::{rebuild, replay};
use crate::recovery::track;
use crate::segment::{ActiveSegment, Segment};
use crate::stability::Stability;
use crate::{FileKind, Log, LogError, Patience, Position, producer_snapshot};

impl Log {
    /// Removes every record from `offset` on; a batch that reaches beyond it goes whole. The high watermark falls with it.
    ///
    /// Bytes that a reader has leased stay as they are: the segment is not cut but replaced by a copy of what stays.
    ///
    /// # Errors
    /// The disk's. The log is then closed, for only recovery can tell what it holds.
    pub fn truncate_to(&self, offset: Offset, now_ms: i64) -> Result<(), LogError> {
        let mut appender = self.appender.lock();
        let _no_index_is_written = self.index_writes.lock();
        self.ensure_open()?;
        if offset >= appender.end_offset {
            return Ok(());
        }
        self.truncate_locked(&mut appender, offset, now_ms)
            .inspect_err(|_| self.failed.store(true, Ordering::Release))
    }

    /// Removes every record and goes on at `offset`, as a follower does that its leader has left behind.
    ///
    /// # Errors
    /// The disk's. The log is then closed, for only recovery can tell what it holds.
    pub fn restart_at(&self, offset: Offset, now_ms: i64) -> Result<(), LogError> {
        let mut appender = self.appender.lock();
        let _no_index_is_written = self.index_writes.lock();
        self.ensure_open()?;
        self.restart_locked(&mut appender, offset, now_ms)
            .inspect_err(|_| self.failed.store(true, Ordering::Release))
    }

    fn restart_locked(&self, appender: &mut Appender, offset: Offset, now_ms: i64) -> Result<(), LogError> {
        for segment in self.segments.load().iter() {
            self.mark_deleted(segment.base_offset, now_ms)?;
        }
        self.remove_snapshots_from(Offset::ZERO)?;
        let segment = Arc::new(Segment::create(&self.dir, offset, &self.files)?);
        appender.active = ActiveSegment::empty(Arc::clone(&segment), &self.config.load(), now_ms);
        appender.producers = ProducerStates::default();
        self.epochs.write().truncate_from_end(Offset::ZERO)?;
        self.segments.store(Arc::new(vec![segment]));
        self.start_offset.store(offset.0, Ordering::Release);
        self.set_end(appender, offset);
        Ok(())
    }

    fn truncate_locked(&self, appender: &mut Appender, offset: Offset, now_ms: i64) -> Result<(), LogError> {
        let segments = self.segments.load_full();
        let keep = Self::segment_index(&segments, offset);
        if offset <= self.start_offset() {
            return self.restart_locked(appender, offset, now_ms);
        }
        for segment in segments.iter().skip(keep + 1) {
            self.mark_deleted(segment.base_offset, now_ms)?;
        }
        let Some(last) = segments.get(keep) else { return Ok(()) };
        let mut kept = segments[..keep].to_vec();
        let active = self.shortened(last, offset, now_ms)?;
        let end_offset = active.segment.end_offset();
        kept.push(Arc::clone(&active.segment));
        appender.active = active;
        self.segments.store(Arc::new(kept));
        self.epochs.write().truncate_from_end(end_offset)?;
        self.remove_snapshots_from(end_offset.plus(1))?;
        appender.producers = self.producers_before(end_offset)?;
        self.set_end(appender, end_offset);
        Ok(())
    }

    /// Replaces a segment by a copy of its batches before `offset`.
    fn shortened(&self, segment: &Segment, offset: Offset, now_ms: i64) -> Result<ActiveSegment, LogError> {
        let path = segment.path();
        let found = segment.batch_holding(offset, segment.size(), segment.end_offset(), Patience::Waits)?;
        let size = found.map_or(segment.size(), |batch| batch.position);
        let beside = path.with_extension("log.tmp");
        File::open(&path)
            .and_then(|from| {
                let mut to = File::create(&beside)?;
                io::copy(&mut from.take(size.0.into()), &mut to)?;
                to.sync_all()
            })
            .map_err(LogError::io("copy", &path))?;
        fs::rename(&beside, &path).map_err(LogError::io("rename", &beside))?;
        sync_dir(&self.dir)?;

        let config = self.config.load();
        let base_offset = segment.base_offset;
        let shortened = Segment::existing(&self.dir, base_offset, size, base_offset, &self.files);
        shortened.offset_index.clear()?;
        shortened.time_index.clear()?;
        shortened.transaction_index.truncate_to(offset)?;
        let mut active = ActiveSegment::empty(Arc::new(shortened), &config, now_ms);
        let mut end_offset = base_offset;
        let torn = rebuild(&mut active, size, None, &config, |header, _| {
            end_offset = header.next_offset();
            Ok(())
        })?;
        if let Some(torn) = torn {
            return Err(LogError::Damaged {
                path,
                position: Some(torn.position.0.into()),
                expected: "a record batch",
                found: torn.reason,
            });
        }
        // An empty segment goes on exactly at the offset it was cut to.
        let end_offset = if size == Position(0) { base_offset } else { end_offset };
        active.segment.set_extent(size, end_offset, active.latest);
        Ok(active)
    }

    fn set_end(&self, appender: &mut Appender, end_offset: Offset) {
        appender.end_offset = end_offset;
        // A batch may go whole in whose middle the log began.
        self.start_offset.fetch_min(end_offset.0, Ordering::AcqRel);
        self.high_watermark.fetch_min(end_offset.0, Ordering::AcqRel);
        self.recovery_point.fetch_min(end_offset.0, Ordering::AcqRel);
        let mut stability = self.stability.lock();
        *stability = Stability::with_open(appender.producers.open_transactions());
        self.publish_first_unstable(&stability);
        drop(stability);
        self.end_offset.store(end_offset.0, Ordering::Release);
    }

    fn producers_before(&self, end_offset: Offset) -> Result<ProducerStates, LogError> {
        let mut states = ProducerStates::default();
        let mut from = self.start_offset();
        for offset in self.snapshots()?.into_iter().rev().filter(|offset| *offset <= end_offset) {
            match producer_snapshot::read(&self.dir, offset) {
                Ok(read) => {
                    states = read;
                    from = offset;
                    break;
                }
                Err(LogError::Damaged { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let segments = self.segments.load();
        for segment in segments.iter().skip(Self::segment_index(&segments, from)) {
            replay(segment, from, &self.config.load(), |header, marker| {
                track(&mut states, header, marker);
            })?;
        }
        Ok(states)
    }

    /// Offsets of the snapshots in the directory, rising.
    fn snapshots(&self) -> Result<Vec<Offset>, LogError> {
        let mut offsets = Vec::new();
        for entry in fs::read_dir(&self.dir).map_err(LogError::io("list", &self.dir))? {
            let name = entry.map_err(LogError::io("list", &self.dir))?.file_name();
            if let Some((offset, FileKind::ProducerSnapshot)) = name.to_str().and_then(FileKind::parse) {
                offsets.push(offset);
            }
        }
        offsets.sort_unstable();
        Ok(offsets)
    }

    fn remove_snapshots_from(&self, from: Offset) -> Result<(), LogError> {
        for offset in self.snapshots()?.into_iter().filter(|offset| *offset >= from) {
            remove_if_there(&FileKind::ProducerSnapshot.path(&self.dir, offset))?;
        }
        Ok(())
    }
}
