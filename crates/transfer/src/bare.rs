//! What does each mechanism cost by itself?
//!
//! The loops that a program would write around one mechanism and a blocking socket, each as tight as it can be: no event
//! loop, no choice, no ledger. They are there to be measured; what serves clients is the [`Engine`](crate::Engine). Each
//! loop counts the system calls it makes and the bytes that the CPU copied.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd};
use std::rc::Rc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::time::ClockId;

use crate::attempt::length;
use crate::error::Obstacle;
use crate::pipes::PIPE_BYTES;
use crate::{Capabilities, Mechanism, Region, SendError, sys};

/// One call with `MSG_ZEROCOPY` is given this much: the kernel counts all of it against `RLIMIT_MEMLOCK` (8 MiB for
/// ordinary users) until it is through with it.
const ZEROCOPY_CALL_BYTES: usize = 512 * 1024;

/// Completions are looked for when so many calls wait for theirs: one look then answers for many.
const COMPLETIONS_WANTED: usize = 8;

/// No more calls than these wait for their completions: each keeps a mapping.
const MAX_IN_FLIGHT: usize = 64;

/// A peer that takes nothing for so long is gone.
const COMPLETION_PATIENCE: Duration = Duration::from_secs(30);

/// A loop to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    /// `pread(2)` into a buffer of this size and `send(2)` out of it.
    ReadWrite {
        /// The size of the buffer.
        buffer_bytes: usize,
    },
    /// `mmap(2)` of the region, `send(2)` from the mapping, `munmap(2)`.
    Mmap,
    /// `sendfile(2)`.
    Sendfile,
    /// `splice(2)` into a pipe and out of it.
    Splice,
    /// `mmap(2)`, `send(2)` with `MSG_ZEROCOPY`, and `recvmsg(2)` of the completions.
    Zerocopy,
}

/// What a loop has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Calls into the kernel.
    pub system_calls: u64,
    /// Bytes that the CPU copied on the sender's side; a byte that is copied twice counts twice.
    pub copied_bytes: u64,
    /// Bytes that were sent with `MSG_ZEROCOPY` and copied by the kernel all the same, as on loopback.
    pub zerocopy_copied_bytes: u64,
}

/// What a thread has cost since it began, from clock_gettime(2) and getrusage(2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ThreadUsage {
    /// CPU time, in user space and in the kernel, to the nanosecond. (Its parts, as getrusage(2) has them, are as old as the
    /// last tick of the kernel's clock.)
    pub cpu: Duration,
    /// Context switches because the thread had to wait.
    pub voluntary_switches: u64,
    /// Context switches because another one's turn came.
    pub involuntary_switches: u64,
    /// Page faults that needed no disk.
    pub minor_faults: u64,
    /// Page faults that waited for the disk.
    pub major_faults: u64,
}

/// Sends regions to blocking sockets, always by the same loop. Belongs to one thread.
#[derive(Debug)]
pub struct Sender {
    method: Method,
    /// Whether the kernel has what the loop needs, as far as it can be asked without a socket.
    is_offered: bool,
    buffer: Vec<u8>,
    pipe: Option<sys::Pipe>,
    tally: Tally,
}

/// What the kernel is not yet through with on one socket; empty but for [`Method::Zerocopy`].
#[derive(Debug, Default)]
pub struct InFlight {
    calls: VecDeque<ZerocopyCall>,
}

#[derive(Debug)]
struct ZerocopyCall {
    bytes: u64,
    _mapping: Rc<sys::Mapping>,
}

impl Method {
    /// All of them, with three buffers from a page to more than the L2 cache of most processors.
    pub const ALL: [Self; 7] = [
        Self::ReadWrite { buffer_bytes: 4 << 10 },
        Self::ReadWrite { buffer_bytes: 64 << 10 },
        Self::ReadWrite { buffer_bytes: 1 << 20 },
        Self::Mmap,
        Self::Sendfile,
        Self::Splice,
        Self::Zerocopy,
    ];

    /// The engine's name for it; `None` if the engine does not have it.
    pub fn mechanism(self) -> Option<Mechanism> {
        match self {
            Self::ReadWrite { .. } => Some(Mechanism::ReadWrite),
            Self::Mmap => Some(Mechanism::Mmap),
            Self::Sendfile => Some(Mechanism::Sendfile),
            Self::Splice => Some(Mechanism::Splice),
            Self::Zerocopy => None,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReadWrite { buffer_bytes } if buffer_bytes.is_multiple_of(1 << 20) => {
                write!(f, "read+write {} MiB", buffer_bytes >> 20)
            }
            Self::ReadWrite { buffer_bytes } => write!(f, "read+write {} KiB", buffer_bytes >> 10),
            Self::Mmap => f.write_str("mmap+write"),
            Self::Sendfile => f.write_str("sendfile"),
            Self::Splice => f.write_str("splice"),
            Self::Zerocopy => f.write_str("MSG_ZEROCOPY"),
        }
    }
}

impl ThreadUsage {
    /// What the calling thread has cost.
    pub fn now() -> io::Result<Self> {
        let usage = sys::thread_usage()?;
        let count = |value| u64::try_from(value).unwrap_or_default();
        let cpu = rustix::time::clock_gettime(ClockId::ThreadCPUTime);
        Ok(Self {
            cpu: Duration::try_from(cpu).unwrap_or_default(),
            voluntary_switches: count(usage.ru_nvcsw),
            involuntary_switches: count(usage.ru_nivcsw),
            minor_faults: count(usage.ru_minflt),
            major_faults: count(usage.ru_majflt),
        })
    }

    /// What came on top of `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            cpu: self.cpu.saturating_sub(earlier.cpu),
            voluntary_switches: self.voluntary_switches.saturating_sub(earlier.voluntary_switches),
            involuntary_switches: self.involuntary_switches.saturating_sub(earlier.involuntary_switches),
            minor_faults: self.minor_faults.saturating_sub(earlier.minor_faults),
            major_faults: self.major_faults.saturating_sub(earlier.major_faults),
        }
    }
}

impl Sender {
    /// A sender that has what its loop needs, touched, so that the first send costs what all do.
    pub fn new(method: Method) -> io::Result<Self> {
        let buffer_bytes = if let Method::ReadWrite { buffer_bytes } = method { buffer_bytes } else { 0 };
        let mut buffer = vec![1; buffer_bytes];
        buffer.clear();
        let pipe = match method {
            Method::Splice => Some(sys::Pipe::new(PIPE_BYTES)?),
            _ => None,
        };
        let is_offered = method.mechanism().is_none_or(|mechanism| Capabilities::probe().offer(mechanism));
        Ok(Self { method, is_offered, buffer, pipe, tally: Tally::default() })
    }

    /// Readies a blocking, connected socket for this loop. Fails where the kernel does not have what the loop needs.
    pub fn prepare(&self, socket: BorrowedFd<'_>) -> io::Result<()> {
        if !self.is_offered {
            return Err(Errno::NOSYS.into());
        }
        if self.method == Method::Zerocopy {
            sys::allow_zerocopy(socket)?;
        }
        Ok(())
    }

    /// What was done so far.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// Sends `header` and all of `region`, which lies inside its file, and waits until the socket has taken both.
    ///
    /// After an error connection and sender are of no more use. With [`Method::Zerocopy`] the kernel may then still refer to the bytes: see [`Self::finish`].
    pub fn send(
        &mut self,
        socket: BorrowedFd<'_>,
        in_flight: &mut InFlight,
        header: &[u8],
        region: &Region,
    ) -> Result<(), SendError> {
        let sent = match self.method {
            Method::ReadWrite { .. } => self.read_write(socket, header, region),
            Method::Mmap => self.corked(socket, header).and_then(|()| self.mmap(socket, region)),
            Method::Sendfile => self.corked(socket, header).and_then(|()| self.sendfile(socket, region)),
            Method::Splice => self.corked(socket, header).and_then(|()| self.splice(socket, region)),
            Method::Zerocopy => {
                self.corked(socket, header).and_then(|()| self.zerocopy(socket, in_flight, region))
            }
        };
        sent.map_err(|obstacle| obstacle.blame(Some(region)))
    }

    /// Waits until the kernel is through with everything that was sent on `socket`.
    pub fn finish(&mut self, socket: BorrowedFd<'_>, in_flight: &mut InFlight) -> io::Result<()> {
        while !in_flight.calls.is_empty() {
            self.await_completions(socket, in_flight)?;
        }
        Ok(())
    }

    /// Holds the header back for what follows it.
    fn corked(&mut self, socket: BorrowedFd<'_>, header: &[u8]) -> Result<(), Obstacle> {
        if header.is_empty() {
            return Ok(());
        }
        self.send_all(socket, [header, &[]], true)
    }

    fn send_all(
        &mut self,
        socket: BorrowedFd<'_>,
        [first, second]: [&[u8]; 2],
        more: bool,
    ) -> Result<(), Obstacle> {
        let mut slices = [IoSlice::new(first), IoSlice::new(second)];
        let mut rest = &mut slices[..];
        IoSlice::advance_slices(&mut rest, 0);
        while !rest.is_empty() {
            let taken = sys::send_vectored_waiting(socket, rest, more).map_err(Obstacle::of_socket)?;
            self.count(1, taken as u64);
            IoSlice::advance_slices(&mut rest, taken);
        }
        Ok(())
    }

    fn read_write(
        &mut self,
        socket: BorrowedFd<'_>,
        mut header: &[u8],
        region: &Region,
    ) -> Result<(), Obstacle> {
        let mut rest = region.clone();
        let mut buffer = std::mem::take(&mut self.buffer);
        while !rest.is_empty() {
            buffer.clear();
            let read = sys::pread_append(rest.file().as_fd(), rest.position(), &mut buffer, length(&rest))
                .map_err(Obstacle::of_file)?;
            if read == 0 {
                return Err(Obstacle::EndOfFile);
            }
            self.count(1, read as u64);
            rest.skip(read as u64);
            self.send_all(socket, [std::mem::take(&mut header), &buffer], false)?;
        }
        self.buffer = buffer;
        Ok(())
    }

    fn mmap(&mut self, socket: BorrowedFd<'_>, region: &Region) -> Result<(), Obstacle> {
        let mapping = self.map(region)?;
        let mut sent = 0;
        while sent < length(region) {
            let taken = mapping
                .send_flagged(socket, sent, length(region) - sent, sys::waiting_flags(false))
                .map_err(of_mapping)?;
            self.count(1, taken as u64);
            sent += taken;
        }
        Ok(())
    }

    fn sendfile(&mut self, socket: BorrowedFd<'_>, region: &Region) -> Result<(), Obstacle> {
        let mut rest = region.clone();
        while !rest.is_empty() {
            let moved = sys::sendfile(socket, rest.file().as_fd(), rest.position(), length(&rest))
                .map_err(Obstacle::of_both)?;
            if moved == 0 {
                return Err(Obstacle::EndOfFile);
            }
            self.count(1, 0);
            rest.skip(moved as u64);
        }
        Ok(())
    }

    fn splice(&mut self, socket: BorrowedFd<'_>, region: &Region) -> Result<(), Obstacle> {
        // Kept only while it is empty.
        let pipe = self.pipe.take().ok_or(Obstacle::Refused)?;
        let mut rest = region.clone();
        while !rest.is_empty() {
            let filled = sys::splice_from_file(rest.file().as_fd(), rest.position(), &pipe, length(&rest))
                .map_err(Obstacle::of_both)?;
            if filled == 0 {
                return Err(Obstacle::EndOfFile);
            }
            self.count(1, 0);
            rest.skip(filled as u64);
            let mut in_pipe = filled;
            while in_pipe > 0 {
                let taken = sys::splice_to_socket_waiting(&pipe, socket, in_pipe, !rest.is_empty())
                    .map_err(Obstacle::of_both)?;
                if taken == 0 {
                    return Err(Obstacle::Refused);
                }
                self.count(1, 0);
                in_pipe = in_pipe.saturating_sub(taken);
            }
        }
        self.pipe = Some(pipe);
        Ok(())
    }

    fn zerocopy(
        &mut self,
        socket: BorrowedFd<'_>,
        in_flight: &mut InFlight,
        region: &Region,
    ) -> Result<(), Obstacle> {
        let mapping = Rc::new(self.map(region)?);
        let mut sent = 0;
        while sent < length(region) {
            let count = ZEROCOPY_CALL_BYTES.min(length(region) - sent);
            self.count(1, 0);
            match mapping.send_flagged(socket, sent, count, sys::zerocopy_flags()) {
                Ok(taken) => {
                    sent += taken;
                    let call = ZerocopyCall { bytes: taken as u64, _mapping: Rc::clone(&mapping) };
                    in_flight.calls.push_back(call);
                }
                Err(Errno::NOBUFS) if !in_flight.calls.is_empty() => {
                    self.await_completions(socket, in_flight).map_err(of_completions)?;
                }
                Err(errno) => return Err(of_mapping(errno)),
            }
            if in_flight.calls.len() >= COMPLETIONS_WANTED {
                self.take_completions(socket, in_flight).map_err(Obstacle::of_socket)?;
            }
            while in_flight.calls.len() >= MAX_IN_FLIGHT {
                self.await_completions(socket, in_flight).map_err(of_completions)?;
            }
        }
        Ok(())
    }

    /// Sleeps until the kernel is through with a call, and notes all that it is through with.
    fn await_completions(&mut self, socket: BorrowedFd<'_>, in_flight: &mut InFlight) -> io::Result<()> {
        let before = in_flight.calls.len();
        self.take_completions(socket, in_flight)?;
        if in_flight.calls.len() < before {
            return Ok(());
        }
        // Nothing is asked for: what lies in the error queue is always told.
        let mut socket_only = [PollFd::new(&socket, PollFlags::empty())];
        let patience = Timespec::try_from(COMPLETION_PATIENCE).ok();
        let ready = rustix::io::retry_on_intr(|| rustix::event::poll(&mut socket_only, patience.as_ref()))?;
        self.count(1, 0);
        if ready == 0 {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.take_completions(socket, in_flight)?;
        // Woken for a reason that is no completion: the connection is broken.
        if in_flight.calls.len() == before { Err(io::ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }

    fn take_completions(&mut self, socket: BorrowedFd<'_>, in_flight: &mut InFlight) -> Result<(), Errno> {
        loop {
            self.count(1, 0);
            let sys::Completed { calls, copied } = match sys::zerocopy_completed(socket) {
                Ok(completed) => completed,
                Err(Errno::AGAIN) => return Ok(()),
                Err(errno) => return Err(errno),
            };
            for _ in 0..calls {
                let Some(call) = in_flight.calls.pop_front() else { break };
                if copied {
                    self.tally.copied_bytes += call.bytes;
                    self.tally.zerocopy_copied_bytes += call.bytes;
                }
            }
            if in_flight.calls.is_empty() {
                return Ok(());
            }
        }
    }

    /// Counts the call that unmaps, too.
    fn map(&mut self, region: &Region) -> Result<sys::Mapping, Obstacle> {
        self.count(2, 0);
        sys::Mapping::new(region.file().as_fd(), region.position(), length(region))
            .map_err(|_| Obstacle::Refused)
    }

    fn count(&mut self, system_calls: u64, copied_bytes: u64) {
        self.tally.system_calls += system_calls;
        self.tally.copied_bytes += copied_bytes;
    }
}

/// Reads an error of a call that sends from a mapping.
fn of_mapping(errno: Errno) -> Obstacle {
    if errno == Errno::FAULT { Obstacle::EndOfFile } else { Obstacle::of_socket(errno) }
}

fn of_completions(error: io::Error) -> Obstacle {
    Obstacle::of_socket(error.raw_os_error().map_or(Errno::TIMEDOUT, Errno::from_raw_os_error))
}
