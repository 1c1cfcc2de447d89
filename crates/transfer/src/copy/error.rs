//! Who is at fault when a copy fails?

use std::io;

use rustix::io::Errno;

use super::Method;

/// Why contents were not copied. The caller knows which files they are and names them.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The method that was asked for does not work for these files.
    #[error("the method {method} is refused: {source}")]
    Refused {
        /// What was asked for.
        method: Method,
        /// What the kernel said.
        source: io::Error,
    },
    /// The source lost bytes that it had when copying began.
    #[error("the source got shorter while it was copied: from {len} to {now_len} bytes")]
    Shrunk {
        /// The length when copying began.
        len: u64,
        /// The length when that was noticed.
        now_len: u64,
    },
    /// The source was written to: the copy may have a bit of before and a bit of after.
    #[error("the source changed while it was copied")]
    Changed,
    /// A peer sent more or less than it had said.
    #[error("{came} bytes came where {len} were to come")]
    WrongLength {
        /// What came: all of it, or as far as it was looked at.
        came: u64,
        /// What was to come.
        len: u64,
    },
    /// A file that has bytes and says that it is empty, as those of procfs.
    #[error("the source does not say how long it is, as files that the kernel makes up do")]
    LengthUnknown,
    /// The source cannot be read.
    #[error("cannot read the source: {0}")]
    Source(#[source] io::Error),
    /// The target cannot be written.
    #[error("cannot write the target: {0}")]
    Target(#[source] io::Error),
    /// A call that works on both files failed.
    #[error("{method} failed: {source}")]
    Between {
        /// How it was tried.
        method: Method,
        /// What the kernel said.
        source: io::Error,
    },
    /// A thread that had a part of the file ended without doing it: a bug.
    #[error("a part of the file was not copied")]
    Unfinished,
}

/// What stopped one attempt to move bytes.
#[derive(Debug)]
pub(super) enum Obstacle {
    /// This method does not work for these files, kernel or moment; another one may.
    Refused(Errno),
    /// No method would help.
    Failed(CopyError),
}

impl Obstacle {
    /// Reads an error of a call that moves bytes from file to file, where either may be meant.
    pub(super) fn of_both(method: Method, errno: Errno) -> Self {
        match errno {
            // BADF: a mount that does not know the call on its files. TXTBSY: swap files. NOTTY: no FICLONE.
            Errno::XDEV
            | Errno::OPNOTSUPP
            | Errno::INVAL
            | Errno::NOSYS
            | Errno::NOTTY
            | Errno::PERM
            | Errno::TXTBSY
            | Errno::OVERFLOW
            | Errno::BADF => Self::Refused(errno),
            Errno::NOSPC | Errno::DQUOT | Errno::FBIG | Errno::ROFS => Self::of_target(errno),
            errno => Self::Failed(CopyError::Between { method, source: errno.into() }),
        }
    }

    /// Reads an error of a call that takes bytes out of a socket.
    pub(super) fn of_socket(errno: Errno) -> Self {
        match errno {
            Errno::INVAL | Errno::OPNOTSUPP | Errno::NOSYS | Errno::PERM => Self::Refused(errno),
            errno => Self::of_source(errno),
        }
    }

    /// Reads an error of a call that only reads the source.
    pub(super) fn of_source(errno: Errno) -> Self {
        Self::Failed(CopyError::Source(errno.into()))
    }

    /// Reads an error of a call that only writes the target.
    pub(super) fn of_target(errno: Errno) -> Self {
        Self::Failed(CopyError::Target(errno.into()))
    }
}
