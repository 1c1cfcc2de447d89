//! How do bytes get from one socket into another?
//!
//! In turns: what has come in is taken, up to a pipe of it, and delivered to the last byte before more is taken. So a pipe
//! is always empty when it is filled, a full one cannot be mistaken for a source that has nothing, and what is under way
//! is bounded. The sockets' own buffers keep both peers busy meanwhile.
//!
//! Where little comes at a time, as of questions and answers, copying it costs less than taking its pages through a pipe.
//! So what comes next is copied or spliced by how much came before the source last had nothing.

use std::io;
use std::mem;
use std::os::fd::BorrowedFd;

use rustix::io::Errno;

use crate::attempt::COPY_BUFFER_BYTES;
use crate::error::Obstacle;
use crate::pipes::{Pipe, Pipes, WIDE_PIPE_BYTES};
use crate::policy::Choice;
use crate::scratch::Scratch;
use crate::sys::Received;
use crate::{Mechanism, Reason, sys};

/// After less than this at a time the next is copied, and spliced after more.
///
/// On loopback, Linux 6.18 on x86-64, messages of 100 bytes cost a proxy that copies 0.8 of one that splices, of 16 KiB
/// 0.94, and messages of this size the same.
const SMALL_BYTES: usize = 32 * 1024;

/// One direction of a relay, without a thought about waiting.
pub(crate) struct Direction<'a> {
    pipes: &'a Pipes,
    /// How bytes are taken where there are many. Once splicing has been refused they are copied.
    choice: Choice,
    expects_few: bool,
    /// What has come since the source last had nothing.
    burst_bytes: usize,
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
        bytes: Scratch,
        delivered: usize,
        /// Why it is copied.
        reason: Reason,
    },
}

impl<'a> Direction<'a> {
    pub(crate) fn new(pipes: &'a Pipes, choice: Choice) -> Self {
        Self { pipes, choice, expects_few: true, burst_bytes: 0, hold: Hold::Nothing }
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
    /// In the form that [`TcpStream::try_io`](tokio::net::TcpStream::try_io) takes: the outer error is only ever
    /// [`io::ErrorKind::WouldBlock`].
    pub(crate) fn take(&mut self, source: BorrowedFd<'_>) -> io::Result<Result<Received, Obstacle>> {
        let taken = match self.choice {
            Choice { mechanism: Mechanism::Splice, reason: Reason::FirstChoice } if self.expects_few => {
                self.take_by_read(source, SMALL_BYTES, Reason::Small)
            }
            Choice { mechanism: Mechanism::Splice, .. } => self.take_by_splice(source),
            Choice { mechanism: Mechanism::Sendfile | Mechanism::Mmap | Mechanism::ReadWrite, reason } => {
                self.take_by_read(source, COPY_BUFFER_BYTES, reason)
            }
        };
        match taken {
            Err(Obstacle::Full) => {
                self.end_burst();
                Err(io::ErrorKind::WouldBlock.into())
            }
            Err(obstacle) => Ok(Err(obstacle)),
            Ok(taken) => {
                self.burst_bytes = self.burst_bytes.saturating_add(taken.bytes);
                if taken.is_all {
                    self.end_burst();
                } else {
                    self.expects_few = false;
                }
                Ok(Ok(taken))
            }
        }
    }

    /// Delivers what `target` has room for, and says how many bytes and how they went. In the form that
    /// [`TcpStream::async_io`](tokio::net::TcpStream::async_io) takes, with the same outer error as [`take`](Self::take).
    pub(crate) fn deliver(
        &mut self,
        target: BorrowedFd<'_>,
    ) -> io::Result<Result<(usize, Choice), Obstacle>> {
        let delivered = match &mut self.hold {
            Hold::Nothing => Ok((0, self.choice)),
            Hold::Pipe { pipe, left } => {
                match sys::splice_to_socket(pipe, target, *left, false).map_err(Obstacle::of_splice) {
                    Ok(taken) => {
                        *left = left.saturating_sub(taken);
                        Ok((taken, self.choice))
                    }
                    Err(Obstacle::Refused) => {
                        if let Err(errno) = self.empty_into_buffer() {
                            return Ok(Err(Obstacle::Kernel(errno)));
                        }
                        return self.deliver(target);
                    }
                    Err(obstacle) => Err(obstacle),
                }
            }
            Hold::Buffer { bytes, delivered, reason } => {
                let choice = Choice { mechanism: Mechanism::ReadWrite, reason: *reason };
                let rest = bytes.get(*delivered..).unwrap_or_default();
                sys::send(target, rest).map_err(Obstacle::of_socket).map(|taken| {
                    *delivered += taken;
                    (taken, choice)
                })
            }
        };
        match delivered {
            Err(Obstacle::Full) => Err(io::ErrorKind::WouldBlock.into()),
            Err(obstacle) => Ok(Err(obstacle)),
            // A pipe that holds bytes does not run dry: only a broken one could say so.
            Ok((0, _)) if self.holds_bytes() => Ok(Err(Obstacle::Kernel(Errno::IO))),
            Ok(delivered) => {
                self.drop_empty_buffer();
                Ok(Ok(delivered))
            }
        }
    }

    /// Holds no pipe unless there are bytes in it: whoever waits for bytes gives it back.
    fn take_by_splice(&mut self, source: BorrowedFd<'_>) -> Result<Received, Obstacle> {
        let Ok(pipe) = self.empty_pipe() else {
            // Other relays or other programs have them all: a moment later there may be one.
            return self.take_by_read(source, COPY_BUFFER_BYTES, Reason::Refused);
        };
        let taken = sys::splice_from_socket(source, &pipe, WIDE_PIPE_BYTES);
        if let Ok(bytes @ 1..) = taken {
            self.hold = Hold::Pipe { pipe, left: bytes };
            return Ok(Received { bytes, is_all: false });
        }
        self.pipes.give_back(pipe);
        match taken.map_err(Obstacle::of_splice) {
            // Splicing does not get past a byte that was marked as urgent; reading does.
            Ok(_) | Err(Obstacle::Full) if sys::is_at_urgent_mark(source) => {
                self.take_by_read(source, COPY_BUFFER_BYTES, Reason::Refused)
            }
            Err(Obstacle::Refused) => {
                self.copy_from_now_on();
                self.take_by_read(source, COPY_BUFFER_BYTES, Reason::Refused)
            }
            Err(obstacle) => Err(obstacle),
            Ok(bytes) => Ok(Received { bytes, is_all: false }),
        }
    }

    /// Holds a buffer only as long as there are bytes in it.
    fn take_by_read(
        &mut self,
        source: BorrowedFd<'_>,
        len: usize,
        reason: Reason,
    ) -> Result<Received, Obstacle> {
        if let Hold::Pipe { pipe, .. } = mem::replace(&mut self.hold, Hold::Nothing) {
            self.pipes.give_back(pipe);
        }
        let mut bytes = Scratch::take();
        bytes.reserve_exact(len);
        let taken = sys::recv_telling(source, &mut bytes, len).map_err(Obstacle::of_socket)?;
        self.hold = Hold::Buffer { bytes, delivered: 0, reason };
        Ok(taken)
    }

    /// The one that was used last, or one from the pool.
    fn empty_pipe(&mut self) -> Result<Pipe, Errno> {
        match mem::replace(&mut self.hold, Hold::Nothing) {
            Hold::Pipe { pipe, .. } => Ok(pipe),
            Hold::Nothing | Hold::Buffer { .. } => self.pipes.take(),
        }
    }

    /// The source no longer has what is in the pipe, and the target does not take it from there.
    fn empty_into_buffer(&mut self) -> Result<(), Errno> {
        let Hold::Pipe { pipe, left } = &self.hold else { return Ok(()) };
        let mut bytes = Scratch::take();
        bytes.resize(*left, 0);
        let mut read = 0;
        while let Some(rest) = bytes.get_mut(read..).filter(|rest| !rest.is_empty()) {
            match sys::read_from_pipe(pipe, rest)? {
                0 => return Err(Errno::IO),
                more => read += more,
            }
        }
        self.copy_from_now_on();
        self.hold = Hold::Buffer { bytes, delivered: 0, reason: Reason::Refused };
        Ok(())
    }

    fn copy_from_now_on(&mut self) {
        self.choice = Choice { mechanism: Mechanism::ReadWrite, reason: Reason::Refused };
    }

    /// The source has nothing more at the moment.
    fn end_burst(&mut self) {
        if self.burst_bytes > 0 {
            self.expects_few = self.burst_bytes < SMALL_BYTES;
            self.burst_bytes = 0;
        }
    }

    fn drop_empty_buffer(&mut self) {
        if matches!(self.hold, Hold::Buffer { .. }) && !self.holds_bytes() {
            self.hold = Hold::Nothing;
        }
    }
}
