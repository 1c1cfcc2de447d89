//! How do bytes get from a socket into a file?
//!
//! By `splice(2)` through a pipe, so that they do not come up to user space: the kernel copies them once, from the packets
//! into the page cache. Bytes that have left the socket cannot be asked for again, so where a file turns out to refuse the
//! pipe, what is in the pipe is read out of it and written.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::ops::Range;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::io::Errno;

use super::error::Obstacle;
use super::ladder::{Ladder, Rung};
use super::moving::{COPY_BUFFER_BYTES, PIPE_BYTES, write_all};
use super::pieces::Pieces;
use super::{Copier, CopyError, Method};
use crate::{Reason, sys};

/// One file that comes in over connections, shared by the threads that read from them.
#[derive(Debug)]
pub struct Receiver<'a> {
    copier: &'a Copier,
    target: Arc<File>,
    ladder: Ladder<'a>,
    pieces: Mutex<Pieces>,
}

/// What a thread keeps from one step to the next.
#[derive(Debug, Default)]
struct Means {
    buffer: Vec<u8>,
    pipe: Option<sys::Pipe>,
    /// Bytes in the pipe: they are the next ones.
    in_pipe: usize,
}

impl<'a> Receiver<'a> {
    /// Prepares to receive `len` bytes into `target`, which already has those before `begin`. It is open for writing.
    ///
    /// [`CopyError::Refused`]: the copier is forced to a method that is not one of [`Method::RECEIVING`].
    pub fn begin(copier: &'a Copier, target: Arc<File>, begin: u64, len: u64) -> Result<Self, CopyError> {
        if let Some(method) = copier.forced.filter(|method| !Method::RECEIVING.contains(method)) {
            return Err(CopyError::Refused { method, source: Errno::INVAL.into() });
        }
        let ladder = Ladder::new(&Method::RECEIVING, copier)?;
        target.set_len(len).map_err(CopyError::Target)?;
        Ok(Self { copier, target, ladder, pieces: Mutex::new(Pieces::new(begin, len)) })
    }

    /// The range that is to be received next, by the caller; `None` if all were handed out, or nobody is to go on.
    pub fn take(&self) -> Option<Range<u64>> {
        self.lock().take_dense()
    }

    /// Takes note that a range that was taken has been received, and returns up to where the target is complete.
    pub fn complete(&self, taken: &Range<u64>) -> u64 {
        let mut pieces = self.lock();
        pieces.complete(taken.start);
        pieces.complete_to()
    }

    /// Takes note that a range that was taken will not be received. Nothing more is handed out.
    pub fn give_up(&self, taken: &Range<u64>) {
        self.lock().give_up(taken.start);
    }

    /// Receives what belongs at `range` of the target: first `early`, which the caller has read already, and the rest from
    /// `socket`, which is blocking. What the socket has behind it stays there. `observe` is told how many bytes came.
    ///
    /// [`CopyError::WrongLength`]: the peer ended its stream before, or there is more in `early` than belongs there.
    /// [`CopyError::Source`] with [`ErrorKind::WouldBlock`]: nothing came for as long as the socket's read timeout.
    pub fn receive(
        &self,
        socket: &TcpStream,
        early: &[u8],
        range: Range<u64>,
        observe: &impl Fn(u64),
    ) -> Result<(), CopyError> {
        let Range { start, end } = range;
        let early_len = early.len() as u64;
        if early_len > end - start {
            return Err(CopyError::WrongLength { came: early_len, len: end - start });
        }
        self.write_early(early, start)?;
        observe(early_len);
        let mut position = start + early_len;
        let mut means = Means::default();
        while position < end {
            let rung = self.ladder.rung();
            let step = usize::try_from(end - position).unwrap_or(usize::MAX);
            match move_step(rung.method, socket, &self.target, position, step, &mut means) {
                Ok(0) => return Err(CopyError::WrongLength { came: position - start, len: end - start }),
                Ok(moved) => {
                    position += moved;
                    self.copier.ledger.add_copied(rung.method, rung.reason, moved);
                    observe(moved);
                }
                Err(Obstacle::Refused(errno)) => self.ladder.refuse(rung.method, errno)?,
                Err(Obstacle::Failed(error)) => return Err(error),
            }
        }
        Ok(())
    }

    fn write_early(&self, early: &[u8], position: u64) -> Result<(), CopyError> {
        let reason = match self.ladder.rung() {
            Rung { method: Method::ReadWrite, reason } => reason,
            _ => Reason::Small,
        };
        match write_all(self.target.as_fd(), early, position) {
            Ok(()) => {
                self.copier.ledger.add_copied(Method::ReadWrite, reason, early.len() as u64);
                Ok(())
            }
            Err(Obstacle::Failed(error)) => Err(error),
            Err(Obstacle::Refused(errno)) => Err(CopyError::Target(errno.into())),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Pieces> {
        self.pieces.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Moves up to `len` bytes to `position` of the target and returns how many. 0 says that the peer has ended its stream.
fn move_step(
    method: Method,
    socket: &TcpStream,
    target: &File,
    position: u64,
    len: usize,
    means: &mut Means,
) -> Result<u64, Obstacle> {
    let moved = match method {
        Method::Splice => by_splice(socket, target, position, len, means),
        Method::ReadWrite => by_read_write(socket, target, position, len, means),
        Method::Reflink | Method::CopyFileRange | Method::Sendfile | Method::Mmap => {
            Err(Obstacle::Refused(Errno::INVAL))
        }
    }?;
    Ok(moved as u64)
}

/// What is left in the pipe is the business of the next step, whatever its method.
fn by_splice(
    socket: &TcpStream,
    target: &File,
    position: u64,
    len: usize,
    means: &mut Means,
) -> Result<usize, Obstacle> {
    let pipe = match &means.pipe {
        Some(pipe) => pipe,
        None => means.pipe.insert(sys::Pipe::new(PIPE_BYTES).map_err(Obstacle::Refused)?),
    };
    if means.in_pipe == 0 {
        means.in_pipe = sys::splice_from_socket(socket.as_fd(), pipe, len.min(PIPE_BYTES))
            .map_err(Obstacle::of_socket)?;
        if means.in_pipe == 0 {
            return Ok(0);
        }
    }
    let moved = sys::splice_to_file(pipe, target.as_fd(), position, means.in_pipe)
        .map_err(|errno| Obstacle::of_both(Method::Splice, errno))?;
    if moved == 0 {
        return Err(Obstacle::of_target(Errno::IO));
    }
    means.in_pipe = means.in_pipe.saturating_sub(moved);
    Ok(moved)
}

fn by_read_write(
    mut socket: &TcpStream,
    target: &File,
    position: u64,
    len: usize,
    means: &mut Means,
) -> Result<usize, Obstacle> {
    means.buffer.resize(COPY_BUFFER_BYTES, 0);
    let room = COPY_BUFFER_BYTES.min(len);
    let read = match &means.pipe {
        // Splicing was refused when the socket had already given these.
        Some(pipe) if means.in_pipe > 0 => {
            let read = sys::read_from_pipe(pipe, &mut means.buffer[..room]).map_err(Obstacle::of_source)?;
            means.in_pipe = means.in_pipe.saturating_sub(read);
            read
        }
        _ => loop {
            match socket.read(&mut means.buffer[..room]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read.map_err(|error| Obstacle::Failed(CopyError::Source(error)))?,
            }
        },
    };
    write_all(target.as_fd(), &means.buffer[..read], position)?;
    Ok(read)
}
