//! How do bytes get from one socket into another?
//!
//! In turns: what has come in is taken, up to a pipe of it, and delivered to the last byte before more is taken. So a pipe
//! is always empty when it is filled, a full one cannot be mistaken for a source that has nothing, and what is under way
//! is bounded. The sockets' own buffers keep both peers busy meanwhile.

use std::io::{self, IoSlice};
use std::os::fd::BorrowedFd;

use rustix::io::Errno;

use crate::attempt::COPY_BUFFER_BYTES;
use crate::error::Obstacle;
use crate::pipes::{Pipe, Pipes, WIDE_PIPE_BYTES};
use crate::policy::Choice;
use crate::{Mechanism, Reason, sys};

/// One direction of a relay, without a thought about waiting.
pub(crate) struct Direction<'a> {
    pipes: &'a Pipes,
    /// How bytes are taken. Once splicing has been refused they are copied.
    choice: Choice,
    hold: Hold,
}

/// What was taken and has not been delivered.
enum Hold {
    Nothing,
    Pipe {
        pipe: Pipe,
        left: usize,
    },
    Buffer {
        bytes: Vec<u8>,
        delivered: usize,
        /// Why it is copied.
        reason: Reason,
    },
}

impl<'a> Direction<'a> {
    pub(crate) fn new(pipes: &'a Pipes, choice: Choice) -> Self {
        Self { pipes, choice, hold: Hold::Nothing }
    }

    /// Whether there is something to deliver.
    pub(crate) fn holds_bytes(&self) -> bool {
        match &self.hold {
            Hold::Nothing => false,
            Hold::Pipe { left, .. } => *left > 0,
            Hold::Buffer { bytes, delivered, .. } => *delivered < bytes.len(),
        }
    }

    /// Takes what `source` has, which ended its stream if that is nothing. Only when all that was taken before has been
    /// delivered.
    ///
    /// In the form that [`TcpStream::async_io`](tokio::net::TcpStream::async_io) takes: the outer error is only ever
    /// [`io::ErrorKind::WouldBlock`].
    pub(crate) fn take(&mut self, source: BorrowedFd<'_>) -> io::Result<Result<usize, Obstacle>> {
        let taken = match self.choice.mechanism {
            Mechanism::Splice => self.take_by_splice(source),
            Mechanism::Sendfile | Mechanism::Mmap | Mechanism::ReadWrite => {
                self.take_by_read(source, self.choice.reason)
            }
        };
        match taken {
            Err(Obstacle::Full) => Err(io::ErrorKind::WouldBlock.into()),
            taken => Ok(taken),
        }
    }

    /// Delivers what `target` has room for, and says how many bytes and how they went. Takes the same form as
    /// [`take`](Self::take).
    pub(crate) fn deliver(
        &mut self,
        target: BorrowedFd<'_>,
    ) -> io::Result<Result<(usize, Choice), Obstacle>> {
        let delivered = match &mut self.hold {
            Hold::Nothing => Ok((0, self.choice)),
            Hold::Pipe { pipe, left } => sys::splice_to_socket(pipe, target, *left, false).map(|taken| {
                *left = left.saturating_sub(taken);
                (taken, self.choice)
            }),
            Hold::Buffer { bytes, delivered, reason } => {
                let rest = bytes.get(*delivered..).unwrap_or_default();
                sys::send_vectored(target, &[IoSlice::new(rest)], false).map(|taken| {
                    *delivered += taken;
                    (taken, Choice { mechanism: Mechanism::ReadWrite, reason: *reason })
                })
            }
        };
        match delivered {
            Err(Errno::AGAIN) => Err(io::ErrorKind::WouldBlock.into()),
            Err(errno) => Ok(Err(Obstacle::of_socket(errno))),
            // A pipe that holds bytes does not run dry: only a broken one could say so.
            Ok((0, _)) if self.holds_bytes() => Ok(Err(Obstacle::Kernel(Errno::IO))),
            Ok(delivered) => Ok(Ok(delivered)),
        }
    }

    /// Holds no pipe unless there are bytes in it: whoever waits for bytes gives it back.
    fn take_by_splice(&mut self, source: BorrowedFd<'_>) -> Result<usize, Obstacle> {
        let Ok(pipe) = self.empty_pipe() else {
            // Other relays or other programs have them all: a moment later there may be one.
            return self.take_by_read(source, Reason::Refused);
        };
        let taken = sys::splice_from_socket(source, &pipe, WIDE_PIPE_BYTES);
        if let Ok(taken @ 1..) = taken {
            self.hold = Hold::Pipe { pipe, left: taken };
            return Ok(taken);
        }
        self.pipes.give_back(pipe);
        match taken.map_err(Obstacle::of_splice) {
            // Splicing does not get past a byte that was marked as urgent; reading does.
            Ok(_) | Err(Obstacle::Full) if sys::is_at_urgent_mark(source) => {
                self.take_by_read(source, Reason::Refused)
            }
            Err(Obstacle::Refused) => {
                self.choice = Choice { mechanism: Mechanism::ReadWrite, reason: Reason::Refused };
                self.take_by_read(source, Reason::Refused)
            }
            taken => taken,
        }
    }

    /// Holds no buffer if there was nothing.
    fn take_by_read(&mut self, source: BorrowedFd<'_>, reason: Reason) -> Result<usize, Obstacle> {
        let mut bytes = match std::mem::replace(&mut self.hold, Hold::Nothing) {
            Hold::Buffer { bytes, .. } => bytes,
            Hold::Nothing | Hold::Pipe { .. } => Vec::with_capacity(COPY_BUFFER_BYTES),
        };
        bytes.clear();
        let taken = sys::recv_append(source, &mut bytes).map_err(Obstacle::of_socket)?;
        self.hold = Hold::Buffer { bytes, delivered: 0, reason };
        Ok(taken)
    }

    /// The one that was used last, or one from the pool.
    fn empty_pipe(&mut self) -> Result<Pipe, Errno> {
        match std::mem::replace(&mut self.hold, Hold::Nothing) {
            Hold::Pipe { pipe, .. } => Ok(pipe),
            Hold::Nothing | Hold::Buffer { .. } => self.pipes.take(),
        }
    }
}
