//! How does each mechanism move bytes of a file to a socket that may be full?
//!
//! One attempt moves as much of a chunk as the socket takes. It never waits for the socket and keeps nothing when it
//! ends: what was read but not taken is read again by the next attempt, so a peer that does not read ties up no memory
//! and no descriptor.

use std::io::IoSlice;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::io::Errno;

use crate::error::Obstacle;
use crate::pipes::PIPE_BYTES;
use crate::{Mechanism, Region, sys};

/// The buffer of `ReadWrite`: large enough that system calls do not count, small enough for the L2 cache.
pub(crate) const COPY_BUFFER_BYTES: usize = 64 * 1024;

/// Moves bytes from the beginning of `chunk` to `socket` and returns how many, at least one.
///
/// `more` says that the answer goes on behind the chunk: its end is then held back to fill a packet with what follows,
/// as far as the mechanism can do that (`sendfile` cannot).
pub(crate) fn move_bytes(
    mechanism: Mechanism,
    socket: BorrowedFd<'_>,
    chunk: &Region,
    more: bool,
    pipe: &mut Option<sys::Pipe>,
) -> Result<u64, Obstacle> {
    let moved = match mechanism {
        Mechanism::Sendfile => by_sendfile(socket, chunk),
        Mechanism::Splice => by_splice(socket, chunk, more, pipe),
        Mechanism::Mmap => by_mmap(socket, chunk, more),
        Mechanism::ReadWrite => by_read_write(socket, chunk, more),
    }?;
    Ok(moved as u64)
}

fn by_sendfile(socket: BorrowedFd<'_>, chunk: &Region) -> Result<usize, Obstacle> {
    match sys::sendfile(socket, chunk.file().as_fd(), chunk.position(), length(chunk)) {
        Ok(0) => Err(Obstacle::EndOfFile),
        Ok(moved) => Ok(moved),
        Err(errno) => Err(Obstacle::of_both(errno)),
    }
}

/// `pipe` is empty before and after; a pipe with bytes that the socket did not take is thrown away.
fn by_splice(
    socket: BorrowedFd<'_>,
    chunk: &Region,
    more: bool,
    pipe: &mut Option<sys::Pipe>,
) -> Result<usize, Obstacle> {
    let reused = pipe.take().map_or_else(|| sys::Pipe::new(PIPE_BYTES), Ok);
    let through = reused.map_err(|_| Obstacle::Refused)?;
    let mut rest = chunk.clone();
    let mut moved = Progress::default();
    while !rest.is_empty() {
        let filled = sys::splice_from_file(rest.file().as_fd(), rest.position(), &through, length(&rest));
        let mut in_pipe = match filled {
            Ok(0) => return moved.or(Obstacle::EndOfFile),
            Ok(filled) => filled,
            Err(errno) => return moved.or(Obstacle::of_both(errno)),
        };
        rest.skip(in_pipe as u64);
        while in_pipe > 0 {
            match sys::splice_to_socket(&through, socket, in_pipe, more || !rest.is_empty()) {
                // A pipe that holds bytes does not run dry: only a broken one could say so.
                Ok(0) => return moved.or(Obstacle::Refused),
                Ok(taken) => {
                    in_pipe = in_pipe.saturating_sub(taken);
                    moved.add(taken);
                }
                Err(errno) => return moved.or(Obstacle::of_both(errno)),
            }
        }
    }
    *pipe = Some(through);
    Ok(moved.0)
}

/// Never looks at the mapped bytes itself, so a file that shrinks meanwhile is an error and not a signal.
fn by_mmap(socket: BorrowedFd<'_>, chunk: &Region, more: bool) -> Result<usize, Obstacle> {
    // Behind the end of the file, the rest of its last page reads as zeros: those are not to be sent.
    let present = chunk.in_file().map_err(|error| Obstacle::of_file(errno_of(&error)))?;
    if present.is_empty() {
        return Err(Obstacle::EndOfFile);
    }
    let mapping = sys::Mapping::new(present.file().as_fd(), present.position(), length(&present))
        .map_err(|_| Obstacle::Refused)?;
    let more = more || present.len() < chunk.len();
    let mut moved = Progress::default();
    while moved.0 < length(&present) {
        match mapping.send(socket, moved.0, more) {
            Ok(taken) => moved.add(taken),
            Err(Errno::FAULT) => return moved.or(Obstacle::EndOfFile),
            Err(errno) => return moved.or(Obstacle::of_socket(errno)),
        }
    }
    Ok(moved.0)
}

fn by_read_write(socket: BorrowedFd<'_>, chunk: &Region, more: bool) -> Result<usize, Obstacle> {
    let mut buffer = Vec::with_capacity(COPY_BUFFER_BYTES.min(length(chunk)));
    let mut rest = chunk.clone();
    let mut moved = Progress::default();
    while !rest.is_empty() {
        buffer.clear();
        match sys::pread_append(rest.file().as_fd(), rest.position(), &mut buffer, length(&rest)) {
            Ok(0) => return moved.or(Obstacle::EndOfFile),
            Ok(read) => rest.skip(read as u64),
            Err(errno) => return moved.or(Obstacle::of_file(errno)),
        }
        let mut unsent = buffer.as_slice();
        while !unsent.is_empty() {
            match sys::send_vectored(socket, &[IoSlice::new(unsent)], more || !rest.is_empty()) {
                Ok(taken) => {
                    unsent = unsent.get(taken..).unwrap_or_default();
                    moved.add(taken);
                }
                Err(errno) => return moved.or(Obstacle::of_socket(errno)),
            }
        }
    }
    Ok(moved.0)
}

/// What an attempt has moved so far.
#[derive(Default)]
struct Progress(usize);

impl Progress {
    fn add(&mut self, taken: usize) {
        self.0 += taken;
    }

    /// Success if anything was moved: the obstacle will still be there next time.
    fn or(self, obstacle: Obstacle) -> Result<usize, Obstacle> {
        if self.0 > 0 { Ok(self.0) } else { Err(obstacle) }
    }
}

pub(crate) fn length(region: &Region) -> usize {
    usize::try_from(region.len()).unwrap_or(usize::MAX)
}

fn errno_of(error: &std::io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::IO, Errno::from_raw_os_error)
}
