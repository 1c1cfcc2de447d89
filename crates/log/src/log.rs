//! A partition's log: what its parts share.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use arc_swap::ArcSwap;
use parking_lot::{Mutex, RwLock};
use protocol::{LeaderEpoch, Offset, ProducerId};

use crate::leader_epochs::{EpochStart, LeaderEpochs};
use crate::open_files::OpenFiles;
use crate::producer_states::{ProducerState, ProducerStates};
use crate::retention::DeletedFiles;
use crate::segment::{ActiveSegment, Segment};
use crate::stability::Stability;
use crate::{LogConfig, LogError};

/// One partition's log.
///
/// Everything is `&self` and may be called from any thread. Appends, truncation and deletion of old segments exclude each
/// other; reads exclude nothing.
#[derive(Debug)]
pub struct Log {
    pub(crate) dir: Arc<Path>,
    pub(crate) files: Arc<OpenFiles>,
    pub(crate) config: ArcSwap<LogConfig>,
    /// Rising by base offset, never empty. The last one is the active segment.
    pub(crate) segments: ArcSwap<Vec<Arc<Segment>>>,
    pub(crate) appender: Mutex<Appender>,
    /// Held while index entries of the active segment are written out, and while that is replaced by another of its name.
    /// Taken after `appender`, where both are.
    pub(crate) index_writes: Mutex<()>,
    pub(crate) epochs: RwLock<LeaderEpochs>,
    pub(crate) stability: Mutex<Stability>,
    pub(crate) deleted: Mutex<DeletedFiles>,
    pub(crate) start_offset: AtomicI64,
    pub(crate) end_offset: AtomicI64,
    pub(crate) high_watermark: AtomicI64,
    /// The first offset of an undecided transaction, or `i64::MAX`.
    pub(crate) first_unstable: AtomicI64,
    /// Everything before it is on disk for good.
    pub(crate) recovery_point: AtomicI64,
    pub(crate) last_flush_ms: AtomicI64,
    /// Closed in order: nothing can be appended any more.
    pub(crate) closed: AtomicBool,
    /// A write went wrong half-way: what the files hold is for the next recovery to tell.
    pub(crate) failed: AtomicBool,
}

/// What only the appending thread touches.
#[derive(Debug)]
pub(crate) struct Appender {
    pub(crate) active: ActiveSegment,
    pub(crate) producers: ProducerStates,
    pub(crate) end_offset: Offset,
}

/// How to open a log.
#[derive(Debug)]
pub struct LogOptions {
    /// The topic's settings.
    pub config: LogConfig,
    /// The data directory was closed in order: everything on disk is whole.
    pub clean: bool,
    /// Everything before it was flushed, as `recovery-point-offset-checkpoint` says.
    pub recovery_point: Offset,
    /// Records before it are deleted, as `log-start-offset-checkpoint` says.
    pub start_offset: Offset,
    /// The broker's clock, in ms.
    pub now_ms: i64,
}

impl Default for LogOptions {
    /// A log of which nothing is known: everything in it is checked.
    fn default() -> Self {
        Self {
            config: LogConfig::default(),
            clean: false,
            recovery_point: Offset::ZERO,
            start_offset: Offset::ZERO,
            now_ms: 0,
        }
    }
}

impl Log {
    /// The partition's directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> Arc<LogConfig> {
        self.config.load_full()
    }

    /// Changes the settings, from the next append, read or roll on.
    pub fn set_config(&self, config: LogConfig) {
        self.config.store(Arc::new(config));
    }

    /// The first offset that can be read.
    #[must_use]
    pub fn start_offset(&self) -> Offset {
        Offset(self.start_offset.load(Ordering::Acquire))
    }

    /// The offset that the next record gets.
    #[must_use]
    pub fn end_offset(&self) -> Offset {
        Offset(self.end_offset.load(Ordering::Acquire))
    }

    /// The offset before which everything is on all replicas that count.
    #[must_use]
    pub fn high_watermark(&self) -> Offset {
        Offset(self.high_watermark.load(Ordering::Acquire))
    }

    /// The offset before which every transaction is decided.
    #[must_use]
    pub fn last_stable_offset(&self) -> Offset {
        let unstable = Offset(self.first_unstable.load(Ordering::Acquire));
        unstable.min(self.high_watermark())
    }

    /// Everything before it is on disk for good.
    #[must_use]
    pub fn recovery_point(&self) -> Offset {
        Offset(self.recovery_point.load(Ordering::Acquire))
    }

    /// Raises the high watermark to `offset`, at most to the log's end. It never falls here; see [`Self::truncate_to`].
    pub fn advance_high_watermark(&self, offset: Offset) {
        let offset = offset.min(self.end_offset());
        let before = self.high_watermark.fetch_max(offset.0, Ordering::AcqRel);
        if before < offset.0 && self.first_unstable.load(Ordering::Acquire) != i64::MAX {
            let mut stability = self.stability.lock();
            stability.high_watermark_advanced(offset);
            self.publish_first_unstable(&stability);
        }
    }

    /// Bytes of all segments' batches.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.segments.load().iter().map(|segment| u64::from(segment.size().0)).sum()
    }

    /// How many segments there are.
    #[must_use]
    pub fn segment_count(&self) -> usize {
        self.segments.load().len()
    }

    /// The base offset of the active segment: what lies before it is sealed.
    #[must_use]
    pub fn active_base_offset(&self) -> Offset {
        self.segments.load().last().map_or(Offset::ZERO, |active| active.base_offset)
    }

    /// Leaders' epochs with their first offsets, rising.
    #[must_use]
    pub fn leader_epochs(&self) -> Vec<EpochStart> {
        self.epochs.read().entries().to_vec()
    }

    /// The latest leader's epoch.
    #[must_use]
    pub fn latest_epoch(&self) -> Option<LeaderEpoch> {
        self.epochs.read().latest().map(|entry| entry.epoch)
    }

    /// Notes that a leader of `epoch` begins at the log's end.
    ///
    /// # Errors
    /// The disk's.
    pub fn assign_leader_epoch(&self, epoch: LeaderEpoch) -> Result<(), LogError> {
        let appender = self.appender.lock();
        self.epochs.write().assign(epoch, appender.end_offset)
    }

    /// The largest epoch at or below `requested` and the offset after its last record: where a follower whose last epoch
    /// is `requested` has to cut. `None` if this log knows nothing of that epoch.
    #[must_use]
    pub fn end_offset_for_epoch(&self, requested: LeaderEpoch) -> Option<(LeaderEpoch, Offset)> {
        self.epochs.read().end_offset(requested, self.end_offset())
    }

    /// What is known of every idempotent producer.
    #[must_use]
    pub fn producers(&self) -> Vec<(ProducerId, ProducerState)> {
        let appender = self.appender.lock();
        appender.producers.iter().map(|(id, state)| (id, state.clone())).collect()
    }

    /// Forgets idempotent producers that have been silent for `expiration_ms` (`producer.id.expiration.ms`).
    pub fn expire_producers(&self, now_ms: i64, expiration_ms: i64) {
        self.appender.lock().producers.expire(now_ms, expiration_ms);
    }

    /// The segment in which a search for `offset` begins.
    pub(crate) fn segment_index(segments: &[Arc<Segment>], offset: Offset) -> usize {
        segments.partition_point(|segment| segment.base_offset <= offset).saturating_sub(1)
    }

    pub(crate) fn publish_first_unstable(&self, stability: &Stability) {
        let first = stability.first_unstable().map_or(i64::MAX, |offset| offset.0);
        self.first_unstable.store(first, Ordering::Release);
    }

    pub(crate) fn ensure_open(&self) -> Result<(), LogError> {
        if self.closed.load(Ordering::Acquire) || self.failed.load(Ordering::Acquire) {
            return Err(LogError::Closed(self.dir.to_path_buf()));
        }
        Ok(())
    }
}
