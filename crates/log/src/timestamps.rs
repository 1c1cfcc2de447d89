//! Which offset belongs to a time?

use protocol::records::{BatchHeader, NO_TIMESTAMP, RecordBatch};
use protocol::{LeaderEpoch, Offset};

use crate::scan::{HeaderScan, PlacedBatch, ScanError};
use crate::segment::Segment;
use crate::{Log, LogError, Patience, Position};

/// A record found by its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedOffset {
    /// The record's offset.
    pub offset: Offset,
    /// Its timestamp, in ms.
    pub timestamp_ms: i64,
    /// The epoch of the leader that appended it.
    pub leader_epoch: LeaderEpoch,
}

impl Log {
    /// The first record, from the log's start on, whose timestamp is `timestamp_ms` or later.
    ///
    /// # Errors
    /// The disk's, or a batch that does not decompress.
    pub fn offset_for_timestamp(&self, timestamp_ms: i64) -> Result<Option<TimedOffset>, LogError> {
        let start_offset = self.start_offset();
        for segment in self.segments.load().iter() {
            if segment.end_offset() <= start_offset || segment.latest()?.timestamp_ms < timestamp_ms {
                continue;
            }
            let floor = segment.time_index.floor(timestamp_ms)?.unwrap_or(segment.base_offset);
            let found = self.search(
                segment,
                floor.max(start_offset),
                |header| header.max_timestamp_ms >= timestamp_ms && header.last_offset() >= start_offset,
                |record| record.timestamp_ms >= timestamp_ms && record.offset >= start_offset,
            )?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// The first record with the log's latest timestamp; `None` if no record has one.
    ///
    /// # Errors
    /// The disk's, or a batch that does not decompress.
    pub fn max_timestamp(&self) -> Result<Option<TimedOffset>, LogError> {
        let segments = self.segments.load();
        let mut best = None;
        for segment in segments.iter() {
            let latest = segment.latest()?;
            if best.as_ref().is_none_or(|(_, known): &(_, crate::TimestampOffset)| {
                latest.timestamp_ms > known.timestamp_ms
            }) {
                best = Some((segment, latest));
            }
        }
        let Some((segment, latest)) = best.filter(|(_, latest)| latest.timestamp_ms != NO_TIMESTAMP) else {
            return Ok(None);
        };
        let at_least = latest.timestamp_ms;
        self.search(
            segment,
            latest.offset,
            |header| header.max_timestamp_ms >= at_least,
            |record| record.timestamp_ms >= at_least,
        )
    }

    /// The first record that `record` takes, in the first batch that `batch` takes and that has one, from the batch that
    /// holds `from` on.
    fn search(
        &self,
        segment: &Segment,
        from: Offset,
        batch: impl Fn(&BatchHeader) -> bool,
        record: impl Fn(&TimedOffset) -> bool,
    ) -> Result<Option<TimedOffset>, LogError> {
        let file = segment.file()?;
        let (size, end_offset) = (segment.size(), segment.end_offset());
        let near =
            segment.offset_index.floor_offset(segment.base_offset, from, end_offset, Patience::Waits)?;
        let mut scan = HeaderScan::new(&file, near, size);
        while let Some(placed) = scan.next_batch().map_err(|e| segment.damaged(e))? {
            if !batch(&placed.header) {
                continue;
            }
            let found = self.first_record(segment, &placed, &record)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn first_record(
        &self,
        segment: &Segment,
        placed: &PlacedBatch,
        takes: impl Fn(&TimedOffset) -> bool,
    ) -> Result<Option<TimedOffset>, LogError> {
        let Position(position) = placed.position;
        let file = segment.file()?;
        let bytes = transfer::file::read_exact_at(&file, position.into(), placed.header.size_bytes() as u64)
            .map_err(|e| segment.damaged(ScanError::Io(e)))?;
        let batch = RecordBatch::take_from(&mut bytes.into())?;
        let body = batch.body(self.config.load().inflate_limit_bytes())?;
        for record in body.records() {
            let record = record?;
            let found = TimedOffset {
                offset: placed.header.base_offset.plus(record.offset_delta.into()),
                timestamp_ms: record.timestamp_ms,
                leader_epoch: placed.header.leader_epoch,
            };
            if takes(&found) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}
