//! Where recently written and recently read batches begin.
//!
//! A consumer at the end of the log asks for an offset that was just written, and one further back for the offset after
//! what it got last: both are found here without touching a file.

use protocol::Offset;

use crate::Position;

/// Batches whose place is remembered because they were appended: what a consumer at the end may be behind by.
const APPENDED: usize = 32;

/// Places remembered because a read ended there: consumers that follow each other through a segment.
const READ: usize = 8;

/// A small memory of offset → position.
#[derive(Debug, Default)]
pub(crate) struct Boundaries {
    appended: Ring<APPENDED>,
    read: Ring<READ>,
}

impl Boundaries {
    /// A batch with this base offset was written here.
    pub(crate) fn appended(&mut self, base_offset: Offset, position: Position) {
        self.appended.push(base_offset, position);
    }

    /// A read ended here, and the next batch has this base offset.
    pub(crate) fn read(&mut self, next_offset: Offset, position: Position) {
        if self.position_of(next_offset).is_none() {
            self.read.push(next_offset, position);
        }
    }

    /// Where the batch begins whose base offset is exactly `offset`, if remembered.
    pub(crate) fn position_of(&self, offset: Offset) -> Option<Position> {
        self.appended.find(offset).or_else(|| self.read.find(offset))
    }
}

/// The last `N` places; takes no memory before the first.
#[derive(Debug, Default)]
struct Ring<const N: usize> {
    places: Vec<(Offset, Position)>,
    next: usize,
}

impl<const N: usize> Ring<N> {
    fn push(&mut self, offset: Offset, position: Position) {
        if self.places.len() < N {
            self.places.push((offset, position));
        } else if let Some(oldest) = self.places.get_mut(self.next) {
            *oldest = (offset, position);
        }
        self.next = (self.next + 1) % N;
    }

    fn find(&self, offset: Offset) -> Option<Position> {
        let (newer, older) = self.places.split_at(self.next.min(self.places.len()));
        newer.iter().rev().chain(older.iter().rev()).find(|place| place.0 == offset).map(|place| place.1)
    }
}
