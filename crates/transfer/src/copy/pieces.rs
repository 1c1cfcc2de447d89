//! Which range of a file is copied next, and how far is it complete?

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::AsFd;

use rustix::io::Errno;

use crate::sys;

/// What one thread copies at a time, at most: pieces begin at multiples of it or where data begins.
///
/// Long enough that threads beside each other read their pieces ahead in peace, short enough that a killed run loses
/// little and that a file of a few hundred MiB is shared by several threads.
pub const PIECE_BYTES: u64 = 64 * 1024 * 1024;

/// The data of a file in pieces, in ascending order, without its holes.
#[derive(Debug)]
pub(super) struct Pieces {
    /// All before it was handed out or is a hole.
    next: u64,
    /// Where the data that `next` is in ends.
    data_end: u64,
    len: u64,
    /// Where the first piece that was given up begins.
    given_up_at: u64,
    /// Where the pieces begin that were handed out and are not complete: as many as threads.
    under_way: Vec<u64>,
}

/// A range to copy, and the hole in front of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) hole_bytes: u64,
    pub(super) data: Range<u64>,
}

impl Pieces {
    /// The data of a file of `len` bytes, from byte `begin` on.
    pub(super) fn new(begin: u64, len: u64) -> Self {
        Self { next: begin.min(len), data_end: 0, len, given_up_at: u64::MAX, under_way: Vec::new() }
    }

    /// Hands out the next piece. One without data is the hole at the end.
    pub(super) fn take(&mut self, source: &File) -> io::Result<Option<Piece>> {
        if self.next >= self.len {
            return Ok(None);
        }
        let before = self.next;
        if self.next >= self.data_end {
            (self.next, self.data_end) = self.seek_data(source)?;
        }
        Ok(Some(Piece { hole_bytes: self.next - before, data: self.cut() }))
    }

    /// Hands out the next piece of a source that has no holes.
    pub(super) fn take_dense(&mut self) -> Option<Range<u64>> {
        self.data_end = self.len;
        (self.next < self.len).then(|| self.cut())
    }

    /// Takes note that the piece that begins at `begin` is complete.
    pub(super) fn complete(&mut self, begin: u64) {
        self.under_way.retain(|other| *other != begin);
    }

    /// Takes note that the piece that begins at `begin` will not be complete. Hands out nothing more.
    pub(super) fn give_up(&mut self, begin: u64) {
        self.complete(begin);
        self.give_up_rest(begin);
    }

    /// Hands out nothing more.
    pub(super) fn stop(&mut self) {
        self.give_up_rest(self.next);
    }

    /// Whether pieces that were handed out are still being copied.
    pub(super) fn any_under_way(&self) -> bool {
        !self.under_way.is_empty()
    }

    /// All bytes before this one are copied.
    pub(super) fn complete_to(&self) -> u64 {
        let first = self.under_way.iter().copied().min();
        first.unwrap_or(self.next).min(self.given_up_at)
    }

    /// What is to be handed out of the data that `next` is in.
    fn cut(&mut self) -> Range<u64> {
        let begin = self.next;
        let boundary = (begin - begin % PIECE_BYTES).saturating_add(PIECE_BYTES);
        let end = boundary.min(self.data_end);
        self.next = end;
        if begin < end {
            self.under_way.push(begin);
        }
        begin..end
    }

    fn give_up_rest(&mut self, begin: u64) {
        self.given_up_at = self.given_up_at.min(begin);
        self.next = self.len;
    }

    /// Where the next data begins and ends; both are the end of the file if there is none.
    fn seek_data(&self, source: &File) -> io::Result<(u64, u64)> {
        let begin = match sys::seek_data(source.as_fd(), self.next) {
            Ok(begin) => begin.min(self.len),
            Err(Errno::NXIO) => return Ok((self.len, self.len)),
            // The file system does not tell: all of it is data.
            Err(Errno::INVAL | Errno::OPNOTSUPP) => return Ok((self.next, self.len)),
            Err(errno) => return Err(errno.into()),
        };
        match sys::seek_hole(source.as_fd(), begin) {
            Ok(end) if end > begin => Ok((begin, end.min(self.len))),
            // A hole that was data a moment ago: someone else is at work, and the copy fails in the end.
            Ok(_) | Err(Errno::NXIO) => Ok((begin, self.len)),
            // It tells of data and not of holes: so be it.
            Err(Errno::INVAL | Errno::OPNOTSUPP) => Ok((begin, self.len)),
            Err(errno) => Err(errno.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(pieces: &mut Pieces, file: &File) -> Vec<Range<u64>> {
        std::iter::from_fn(|| pieces.take(file).unwrap()).map(|piece| piece.data).collect()
    }

    #[test]
    fn dense_files_are_cut_at_multiples() {
        // procfs does not tell where data is: then everything is.
        let file = File::open("/proc/self/status").unwrap();
        let mut pieces = Pieces::new(10, 2 * PIECE_BYTES + 5);
        assert_eq!(
            all(&mut pieces, &file),
            [10..PIECE_BYTES, PIECE_BYTES..2 * PIECE_BYTES, 2 * PIECE_BYTES..2 * PIECE_BYTES + 5]
        );
        let mut pieces = Pieces::new(10, PIECE_BYTES + 5);
        assert_eq!(pieces.take_dense(), Some(10..PIECE_BYTES));
        assert_eq!(pieces.take_dense(), Some(PIECE_BYTES..PIECE_BYTES + 5));
        assert_eq!(pieces.take_dense(), None);
    }

    #[test]
    fn a_file_is_complete_up_to_the_first_piece_that_is_not() {
        let file = File::open("/proc/self/status").unwrap();
        let mut pieces = Pieces::new(0, 2 * PIECE_BYTES);
        assert_eq!(pieces.complete_to(), 0);
        all(&mut pieces, &file);
        assert_eq!((pieces.complete_to(), pieces.any_under_way()), (0, true));
        pieces.complete(PIECE_BYTES);
        assert_eq!(pieces.complete_to(), 0);
        pieces.complete(0);
        assert_eq!((pieces.complete_to(), pieces.any_under_way()), (2 * PIECE_BYTES, false));
    }

    #[test]
    fn a_piece_that_is_given_up_stays_incomplete() {
        let file = File::open("/proc/self/status").unwrap();
        let mut pieces = Pieces::new(0, 4 * PIECE_BYTES);
        for _ in 0..3 {
            pieces.take(&file).unwrap();
        }
        pieces.complete(0);
        pieces.give_up(PIECE_BYTES);
        assert_eq!(pieces.take(&file).unwrap(), None);
        pieces.complete(2 * PIECE_BYTES);
        assert_eq!((pieces.complete_to(), pieces.any_under_way()), (PIECE_BYTES, false));
    }

    #[test]
    fn holes_are_passed_over_and_counted() {
        let file = tempfile::tempfile().unwrap();
        file.set_len(3 * PIECE_BYTES).unwrap();
        std::os::unix::fs::FileExt::write_all_at(&file, &[1; 4096], 2 * PIECE_BYTES).unwrap();
        let mut pieces = Pieces::new(0, 3 * PIECE_BYTES);
        let mut bytes = 0;
        while let Some(piece) = pieces.take(&file).unwrap() {
            assert!(!piece.data.contains(&PIECE_BYTES), "{piece:?}");
            bytes += piece.hole_bytes + (piece.data.end - piece.data.start);
        }
        assert_eq!(bytes, 3 * PIECE_BYTES);
    }
}
