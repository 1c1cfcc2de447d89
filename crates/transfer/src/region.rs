//! What is a range of a file that someone may be sending?

use std::fmt;
use std::fs::File;
use std::io;
use std::sync::Arc;

use crate::file;

/// A leased byte range of a file.
///
/// The lease is a promise by whoever makes the region: **the bytes of the range are not overwritten, punched out or
/// truncated as long as the region or anything split from it exists, nor until the peer has acknowledged them.** The
/// kernel hands the cached pages themselves to the network card and sends them again after a loss, so a change inside
/// the range would reach the peer as a change of bytes already sent. Appending behind the range, and deleting or
/// renaming the file, are allowed: the region keeps the file open.
///
/// Cloning costs one reference count.
#[derive(Clone)]
pub struct Region {
    file: Arc<File>,
    position: u64,
    len: u64,
    is_fresh: bool,
}

impl Region {
    /// Leases `len` bytes of `file` from byte `position` on.
    ///
    /// The file must be open for reading. Whether the range lies inside the file shows when it is sent:
    /// [`SendError::Truncated`](crate::SendError::Truncated).
    pub fn new(file: Arc<File>, position: u64, len: u64) -> Self {
        Self { file, position, len, is_fresh: false }
    }

    /// The same range, with the word of the caller that its pages were written or read a moment ago.
    ///
    /// It is then sent without asking the page cache, which costs more than a microsecond: much for the small answers
    /// that consumers at the end of a log get, nothing for long ones. Wrong word costs time on the event loop.
    #[must_use]
    pub fn fresh(self) -> Self {
        Self { is_fresh: true, ..self }
    }

    /// Whether somebody has given [that word](Self::fresh).
    pub fn is_fresh(&self) -> bool {
        self.is_fresh
    }

    /// The file that the range is in.
    pub fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// The file position of the first byte.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The length in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether the range has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The file position behind the last byte.
    pub fn end(&self) -> u64 {
        self.position.saturating_add(self.len)
    }

    /// Splits the first `len` bytes off and returns them; `self` keeps the rest. Takes everything if there are fewer.
    pub fn split_to(&mut self, len: u64) -> Self {
        let head = self.first(len);
        self.skip(len);
        head
    }

    /// Reads the whole range into memory with blocking reads.
    ///
    /// This is the copy that the rest of the crate avoids: it is for callers that must look at the bytes. The caller
    /// bounds [`len`](Self::len) first. Fails with [`io::ErrorKind::UnexpectedEof`] if the file ends inside the range.
    pub fn read(&self) -> io::Result<Vec<u8>> {
        file::read_exact_at(&self.file, self.position, self.len)
    }

    /// The part that the file has now.
    pub(crate) fn in_file(&self) -> io::Result<Self> {
        let file_bytes = self.file.metadata()?.len();
        Ok(self.first(file_bytes.saturating_sub(self.position)))
    }

    /// The first `len` bytes, or all if there are fewer.
    pub(crate) fn first(&self, len: u64) -> Self {
        Self { len: len.min(self.len), ..self.clone() }
    }

    /// Drops the first `len` bytes, or all if there are fewer.
    pub(crate) fn skip(&mut self, len: u64) {
        let skipped = len.min(self.len);
        self.position = self.position.saturating_add(skipped);
        self.len -= skipped;
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Region")
            .field("position", &self.position)
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(position: u64, len: u64) -> Region {
        Region::new(Arc::new(tempfile::tempfile().unwrap()), position, len)
    }

    #[test]
    fn splitting_keeps_every_byte_in_exactly_one_half() {
        let mut tail = region(100, 50);
        let head = tail.split_to(20);
        assert_eq!((head.position(), head.len()), (100, 20));
        assert_eq!((tail.position(), tail.len()), (120, 30));
        let rest = tail.split_to(1_000);
        assert_eq!((rest.position(), rest.len()), (120, 30));
        assert!(tail.is_empty());
    }

    #[test]
    fn a_range_beyond_any_file_does_not_overflow() {
        let mut range = region(u64::MAX - 1, 10);
        assert_eq!(range.end(), u64::MAX);
        range.skip(10);
        assert!(range.is_empty());
    }
}
