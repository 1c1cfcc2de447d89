//! `.timeindex`: from which offset on are there records as late as a timestamp?
//!
//! An entry (timestamp in ms, 64 bits; offset − base offset, 32 bits) says that no record up to the offset is later than
//! the timestamp. Timestamps rise strictly. The last entry of a sealed segment has its latest timestamp.

use protocol::Offset;
use protocol::records::NO_TIMESTAMP;

use crate::index_file::{Entry, IndexFile};
use crate::offset_index::relative;
use crate::{FileKind, LogError, Patience};

/// An entry of the time index, and the latest timestamp of something with its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimestampOffset {
    /// In ms.
    pub timestamp_ms: i64,
    /// The offset of the last record of the batch with that timestamp.
    pub offset: Offset,
}

impl TimestampOffset {
    /// There is no timestamp.
    pub(crate) const NONE: Self = Self { timestamp_ms: NO_TIMESTAMP, offset: Offset(-1) };
}

/// The time index of one segment.
pub(crate) type TimeIndex = IndexFile<TimestampOffset>;

impl Entry for TimestampOffset {
    const BYTES: usize = 12;
    const KIND: FileKind = FileKind::TimeIndex;

    fn decode(base_offset: Offset, bytes: &[u8]) -> Option<Self> {
        let (timestamp, offset) = bytes.split_first_chunk()?;
        Some(Self {
            timestamp_ms: i64::from_be_bytes(*timestamp),
            offset: base_offset.plus(u32::from_be_bytes(*offset.first_chunk()?).into()),
        })
    }

    fn encode(&self, base_offset: Offset, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.timestamp_ms.to_be_bytes());
        out.extend_from_slice(&relative(base_offset, self.offset).to_be_bytes());
    }
}

impl TimeIndex {
    /// The offset up to which no record is as late as `timestamp_ms`, if an entry says one.
    pub(crate) fn floor(&self, timestamp_ms: i64) -> Result<Option<Offset>, LogError> {
        let entry = self.last_where(|entry| entry.timestamp_ms < timestamp_ms, (1, 2), Patience::Waits)?;
        Ok(entry.map(|entry| entry.offset))
    }
}
