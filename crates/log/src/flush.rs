//! Bringing what was appended to the disk for good, and closing.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use protocol::Offset;

use crate::disk::sync_dir;
use crate::log::Appender;
use crate::segment::is_gone;
use crate::{Log, LogConfig, LogError, producer_snapshot};

impl Log {
    /// Flushes everything before `until`, at most what is there, and moves the recovery point there. Holds no lock
    /// meanwhile: reads and appends go on.
    ///
    /// # Errors
    /// The disk's. What is on disk for good is then unknown, and the recovery point stays.
    pub fn flush(&self, until: Offset, now_ms: i64) -> Result<(), LogError> {
        let until = until.min(self.end_offset());
        let from = self.recovery_point();
        if until <= from {
            return Ok(());
        }
        self.write_indexes_out()?;
        let segments = self.segments.load_full();
        for (index, segment) in segments.iter().enumerate().skip(Self::segment_index(&segments, from)) {
            if segment.base_offset >= until && index > 0 {
                break;
            }
            match segment.sync() {
                // Retention was quicker: what is deleted need not be flushed.
                Err(error) if is_gone(&error) && self.start_offset() >= segment.end_offset() => {}
                other => other?,
            }
        }
        sync_dir(&self.dir)?;
        self.recovery_point.fetch_max(until.0, Ordering::AcqRel);
        self.last_flush_ms.store(now_ms, Ordering::Release);
        Ok(())
    }

    /// Writes index entries of the active segment that wait in memory to their files. Reads and appends go on meanwhile.
    ///
    /// # Errors
    /// The disk's: the entries stay in memory.
    pub fn write_indexes_out(&self) -> Result<(), LogError> {
        let _no_segment_is_replaced = self.index_writes.lock();
        self.segments.load_full().last().map_or(Ok(()), |active| active.write_indexes_out())
    }

    /// Writes the indexes of the active segment out for good.
    pub(crate) fn seal(&self, appender: &mut Appender) -> Result<(), LogError> {
        let _nobody_else_writes = self.index_writes.lock();
        appender.active.seal()
    }

    /// Flushes everything and notes the producers' state, so that the next start need not look at the records. Nothing can
    /// be appended afterwards.
    ///
    /// # Errors
    /// The disk's: the log is then not cleanly closed.
    pub fn close(&self, now_ms: i64) -> Result<(), LogError> {
        {
            let mut appender = self.appender.lock();
            if self.closed.load(Ordering::Acquire) {
                return Ok(());
            }
            self.ensure_open()?;
            self.closed.store(true, Ordering::Release);
            self.seal(&mut appender)?;
            if appender.end_offset > self.start_offset() {
                producer_snapshot::write(&self.dir, appender.end_offset, &appender.producers)?;
            }
        }
        self.flush(self.end_offset(), now_ms)
    }

    /// Ends the log without flushing, because its directory is about to be deleted. Nothing can be appended afterwards;
    /// readers go on.
    pub fn discard(&self) {
        let _appender = self.appender.lock();
        self.closed.store(true, Ordering::Release);
    }

    /// Whether `flush.messages` or `flush.ms` say that [`Self::flush`] is due.
    #[must_use]
    pub fn is_flush_due(&self, now_ms: i64) -> bool {
        self.flush_due(&self.config.load(), now_ms)
    }

    /// The `.log` file of the active segment, for messages.
    #[must_use]
    pub fn active_path(&self) -> PathBuf {
        self.segments.load().last().map_or_else(|| self.dir.to_path_buf(), |active| active.path())
    }

    /// As [`Self::is_flush_due`], with settings at hand.
    pub(crate) fn flush_due(&self, config: &LogConfig, now_ms: i64) -> bool {
        let unflushed = self.end_offset().0 - self.recovery_point().0;
        unflushed >= config.flush_messages
            || (unflushed > 0
                && now_ms.saturating_sub(self.last_flush_ms.load(Ordering::Acquire)) >= config.flush_ms)
    }
}
