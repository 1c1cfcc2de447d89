//! Reading: which range of which file answers a fetch?

use protocol::Offset;
use transfer::Region;

use crate::segment::is_gone;
use crate::transaction_index::AbortedTransaction;
use crate::{Log, LogError, Patience};

/// How far a reader may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadUntil {
    /// Everything: replicas, and the broker itself.
    LogEnd,
    /// What cannot be lost: consumers.
    HighWatermark,
    /// What is decided: consumers that read committed records only.
    LastStable,
}

/// The answer to a read.
#[derive(Clone, Debug)]
pub struct ReadInfo {
    /// Whole batches, of which the first holds the offset asked for. `None` if there is nothing to read there yet, or if
    /// the first batch does not fit the limit.
    pub region: Option<Region>,
    /// The offset from which the next read goes on; without a region, the offset asked for.
    pub next_offset: Offset,
    /// The first offset of the log.
    pub start_offset: Offset,
    /// The offset after the last record.
    pub end_offset: Offset,
    /// Where the high watermark was.
    pub high_watermark: Offset,
    /// Where the last stable offset was.
    pub last_stable_offset: Offset,
}

impl ReadInfo {
    /// Bytes to send.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.region.as_ref().map_or(0, Region::len)
    }
}

impl Log {
    /// Finds the batches from the one that holds `from` on, without reading them: as many whole ones as fit `max_bytes`
    /// and end before `until`. With `at_least_one`, one that is larger than the limit counts as fitting.
    ///
    /// The region never crosses a segment's end.
    ///
    /// # Errors
    /// [`LogError::OffsetOutOfRange`] if `from` is before the start or after the end of the log; or the disk's.
    pub fn read(
        &self,
        from: Offset,
        max_bytes: u32,
        until: ReadUntil,
        at_least_one: bool,
    ) -> Result<ReadInfo, LogError> {
        self.read_with_patience(from, max_bytes, until, at_least_one, Patience::Waits)
    }

    /// The same, for those who may not wait for the disk.
    ///
    /// # Errors
    /// Those of [`Self::read`], and [`LogError::WouldWait`] where a hurried read needs what is not in memory.
    pub fn read_with_patience(
        &self,
        from: Offset,
        max_bytes: u32,
        until: ReadUntil,
        at_least_one: bool,
        patience: Patience,
    ) -> Result<ReadInfo, LogError> {
        let info = ReadInfo {
            region: None,
            next_offset: from,
            start_offset: self.start_offset(),
            high_watermark: self.high_watermark(),
            last_stable_offset: self.last_stable_offset(),
            end_offset: self.end_offset(),
        };
        if from < info.start_offset || from > info.end_offset {
            return Err(LogError::OffsetOutOfRange {
                requested: from,
                start: info.start_offset,
                end: info.end_offset,
            });
        }
        let until = match until {
            ReadUntil::LogEnd => info.end_offset,
            ReadUntil::HighWatermark => info.high_watermark,
            ReadUntil::LastStable => info.last_stable_offset,
        };
        if from >= until {
            return Ok(info);
        }
        self.find(from, (max_bytes, at_least_one), until, patience, info).map_err(|error| {
            // The segment may have been deleted between finding and opening it.
            let start = self.start_offset();
            if is_gone(&error) && from < start {
                return LogError::OffsetOutOfRange { requested: from, start, end: self.end_offset() };
            }
            error
        })
    }

    fn find(
        &self,
        from: Offset,
        (max_bytes, at_least_one): (u32, bool),
        until: Offset,
        patience: Patience,
        info: ReadInfo,
    ) -> Result<ReadInfo, LogError> {
        let segments = self.segments.load();
        // Compaction may leave a hole between two segments: then the next one answers.
        for segment in segments.iter().skip(Self::segment_index(&segments, from)) {
            let Some(range) = segment.find(from, until, max_bytes, at_least_one, patience)? else { continue };
            let length = u64::from(range.end.0 - range.start.0);
            if length == 0 {
                break;
            }
            let region = Region::new(segment.file_with_patience(patience)?, range.start.0.into(), length);
            let region = if segment.is_fresh_from(range.start) { region.fresh() } else { region };
            return Ok(ReadInfo { region: Some(region), next_offset: range.next_offset, ..info });
        }
        Ok(info)
    }

    /// The aborted transactions that have records from `from` on and before `until`.
    ///
    /// # Errors
    /// The disk's, and [`LogError::WouldWait`] where a hurried look needs what is not known.
    pub fn aborted_transactions(
        &self,
        from: Offset,
        until: Offset,
        patience: Patience,
    ) -> Result<Vec<AbortedTransaction>, LogError> {
        let segments = self.segments.load();
        let mut aborted = Vec::new();
        for segment in segments.iter().skip(Self::segment_index(&segments, from)) {
            for transaction in segment.transaction_index.all_with_patience(patience)? {
                if transaction.last_offset >= from && transaction.first_offset < until {
                    aborted.push(transaction);
                }
                // Nothing that ends later began before what was stable then.
                if transaction.last_stable_offset >= until {
                    return Ok(aborted);
                }
            }
        }
        Ok(aborted)
    }
}
