//! How does each method move bytes from a file to a file?

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::io::Errno;

use super::Method;
use super::error::{CopyError, Obstacle};
use crate::sys;

/// The buffer of `ReadWrite`: large enough that system calls do not count, small enough for the L2 cache.
pub(super) const COPY_BUFFER_BYTES: usize = 256 * 1024;

/// The room of a pipe: the default limit for one.
pub(super) const PIPE_BYTES: usize = 1024 * 1024;

/// The two files of a copy.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) source: Arc<File>,
    pub(super) target: Arc<File>,
    /// `sendfile(2)` writes where the target's file offset is, which all threads share.
    offset_turn: Mutex<()>,
}

/// What a thread keeps from one step to the next.
#[derive(Debug, Default)]
pub(super) struct Means {
    buffer: Vec<u8>,
    /// Empty whenever it is here.
    pipe: Option<sys::Pipe>,
}

impl Files {
    pub(super) fn new(source: Arc<File>, target: Arc<File>) -> Self {
        Self { source, target, offset_turn: Mutex::new(()) }
    }

    fn fds(&self) -> (BorrowedFd<'_>, BorrowedFd<'_>) {
        (self.source.as_fd(), self.target.as_fd())
    }
}

/// Moves up to `len` bytes from `position` of the source to the same position of the target and returns how many. 0 says
/// that the source ends there, or that the method cannot.
pub(super) fn move_bytes(
    method: Method,
    files: &Files,
    position: u64,
    len: u64,
    means: &mut Means,
) -> Result<u64, Obstacle> {
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    let moved = match method {
        // Clones are made of whole files, before the first step.
        Method::Reflink => Err(Obstacle::Refused(Errno::INVAL)),
        Method::CopyFileRange => by_copy_file_range(files, position, len),
        Method::Sendfile => by_sendfile(files, position, len),
        Method::Splice => by_splice(files, position, len, means),
        Method::Mmap => by_mmap(files, position, len),
        Method::ReadWrite => by_read_write(files, position, len, means),
    }?;
    Ok(moved as u64)
}

fn by_copy_file_range(files: &Files, position: u64, len: usize) -> Result<usize, Obstacle> {
    let (source, target) = files.fds();
    sys::copy_file_range(source, target, position, len)
        .map_err(|errno| Obstacle::of_both(Method::CopyFileRange, errno))
}

fn by_sendfile(files: &Files, position: u64, len: usize) -> Result<usize, Obstacle> {
    let (source, target) = files.fds();
    let _turn = files.offset_turn.lock().unwrap_or_else(PoisonError::into_inner);
    sys::seek_to(target, position).map_err(Obstacle::of_target)?;
    sys::sendfile(target, source, position, len).map_err(|errno| Obstacle::of_both(Method::Sendfile, errno))
}

fn by_splice(files: &Files, position: u64, len: usize, means: &mut Means) -> Result<usize, Obstacle> {
    let (source, target) = files.fds();
    // A pipe that is left with bytes in it by an error goes with it.
    let reused = means.pipe.take().map_or_else(|| sys::Pipe::new(PIPE_BYTES), Ok);
    let pipe = reused.map_err(Obstacle::Refused)?;
    let mut moved = 0;
    while moved < len {
        let filled = sys::splice_from_file(source, position + moved as u64, &pipe, len - moved)
            .map_err(|errno| Obstacle::of_both(Method::Splice, errno))?;
        if filled == 0 {
            break;
        }
        let mut in_pipe = filled;
        while in_pipe > 0 {
            let at = position + (moved + filled - in_pipe) as u64;
            let taken = sys::splice_to_file(&pipe, target, at, in_pipe)
                .map_err(|errno| Obstacle::of_both(Method::Splice, errno))?;
            if taken == 0 {
                return Err(Obstacle::of_target(Errno::IO));
            }
            in_pipe = in_pipe.saturating_sub(taken);
        }
        moved += filled;
    }
    means.pipe = Some(pipe);
    Ok(moved)
}

/// Never looks at the mapped bytes itself, so a file that shrinks meanwhile is an error and not a signal.
fn by_mmap(files: &Files, position: u64, len: usize) -> Result<usize, Obstacle> {
    let (source, target) = files.fds();
    // Behind the end of the file, the rest of its last page reads as zeros: those are not to be copied.
    let source_len =
        files.source.metadata().map_err(|error| Obstacle::Failed(CopyError::Source(error)))?.len();
    let present = usize::try_from(source_len.saturating_sub(position)).unwrap_or(usize::MAX).min(len);
    if present == 0 {
        return Ok(0);
    }
    let mapping = sys::Mapping::new(source, position, present).map_err(Obstacle::Refused)?;
    let mut moved = 0;
    while moved < present {
        match mapping.pwrite(target, moved, position + moved as u64) {
            Ok(0) => return Err(Obstacle::of_target(Errno::IO)),
            Ok(written) => moved += written,
            // The source is shorter now than a moment ago: the next step says so.
            Err(Errno::FAULT) => break,
            Err(errno) => return Err(Obstacle::of_both(Method::Mmap, errno)),
        }
    }
    Ok(moved)
}

fn by_read_write(files: &Files, position: u64, len: usize, means: &mut Means) -> Result<usize, Obstacle> {
    let (source, target) = files.fds();
    means.buffer.clear();
    means.buffer.reserve_exact(COPY_BUFFER_BYTES.min(len));
    let mut moved = 0;
    while moved < len {
        means.buffer.clear();
        let at = position + moved as u64;
        let read =
            sys::pread_append(source, at, &mut means.buffer, len - moved).map_err(Obstacle::of_source)?;
        if read == 0 {
            break;
        }
        write_all(target, &means.buffer, at)?;
        moved += read;
    }
    Ok(moved)
}

/// Writes all of `bytes` at `position`.
pub(super) fn write_all(target: BorrowedFd<'_>, mut bytes: &[u8], mut position: u64) -> Result<(), Obstacle> {
    while !bytes.is_empty() {
        match sys::pwrite(target, bytes, position).map_err(Obstacle::of_target)? {
            0 => return Err(Obstacle::of_target(Errno::IO)),
            written => {
                bytes = bytes.get(written..).unwrap_or_default();
                position += written as u64;
            }
        }
    }
    Ok(())
}
