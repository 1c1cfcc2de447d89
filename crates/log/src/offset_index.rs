//! `.index`: at which position of the segment does an offset lie?
//!
//! An entry (offset of a batch's last record − base offset, 32 bits; position of the batch, 32 bits) is added for the
//! first batch after every `index.interval.bytes` of log.

use protocol::Offset;

use crate::index_file::{Entry, IndexFile};
use crate::{FileKind, LogError, Patience, Position};

/// An entry of the offset index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OffsetEntry {
    /// The offset of the batch's last record.
    pub offset: Offset,
    /// Where the batch begins.
    pub position: Position,
}

/// The offset index of one segment.
pub(crate) type OffsetIndex = IndexFile<OffsetEntry>;

impl Entry for OffsetEntry {
    const BYTES: usize = 8;
    const KIND: FileKind = FileKind::OffsetIndex;

    fn decode(base_offset: Offset, bytes: &[u8]) -> Option<Self> {
        let (offset, position) = bytes.split_first_chunk()?;
        Some(Self {
            offset: base_offset.plus(u32::from_be_bytes(*offset).into()),
            position: Position(u32::from_be_bytes(*position.first_chunk()?)),
        })
    }

    fn encode(&self, base_offset: Offset, out: &mut Vec<u8>) {
        out.extend_from_slice(&relative(base_offset, self.offset).to_be_bytes());
        out.extend_from_slice(&self.position.0.to_be_bytes());
    }
}

impl OffsetIndex {
    /// A batch at or before the one that holds `offset`, given that the segment ends with `end_offset`.
    pub(crate) fn floor_offset(
        &self,
        base_offset: Offset,
        offset: Offset,
        end_offset: Offset,
        patience: Patience,
    ) -> Result<Position, LogError> {
        let guess = offset.0.saturating_sub(base_offset.0).max(0).cast_unsigned();
        let of = end_offset.0.saturating_sub(base_offset.0).max(0).cast_unsigned();
        let entry = self.last_where(|entry| entry.offset <= offset, (guess, of), patience)?;
        Ok(entry.map_or(Position(0), |entry| entry.position))
    }

    /// A batch boundary at or before `position`, given that the segment has `size`.
    pub(crate) fn floor_position(
        &self,
        position: Position,
        size: Position,
        patience: Patience,
    ) -> Result<Position, LogError> {
        let guess = (position.0.into(), size.0.into());
        let entry = self.last_where(|entry| entry.position <= position, guess, patience)?;
        Ok(entry.map_or(Position(0), |entry| entry.position))
    }
}

/// An offset as the indexes have it. A segment never spans more than 2³¹ − 1 offsets, so nothing is lost.
pub(crate) fn relative(base_offset: Offset, offset: Offset) -> u32 {
    u32::try_from(offset.0 - base_offset.0).unwrap_or(u32::MAX)
}
