//! May a read wait for the disk?

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Whether a read may wait for the disk: what is found by it is the same either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// It waits as long as it takes.
    Waits,
    /// It gives up with [`LogError::WouldWait`](crate::LogError::WouldWait) where a file is not open yet or a page of it
    /// is not in memory: for threads that have others to serve.
    Hurries,
}

impl Patience {
    /// Fills `bytes` from `position` on.
    pub(crate) fn read_exact_at(self, file: &File, bytes: &mut [u8], position: u64) -> io::Result<()> {
        match self {
            Self::Waits => file.read_exact_at(bytes, position),
            Self::Hurries => transfer::file::read_exact_at_nowait(file, position, bytes),
        }
    }
}
