//! Calls that move pages between descriptors without copying them: `sendfile(2)` and `splice(2)`.

use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::io::{Errno, retry_on_intr};
use rustix::pipe::{PipeFlags, SpliceFlags};

/// [sendfile(2)](https://man7.org/linux/man-pages/man2/sendfile.2.html): moves up to `count` bytes of `file` from
/// `position` on to `out`. Linux 2.6.33 for outputs that are not sockets.
///
/// Takes at most 0x7ffff000 bytes a call. 0 says that the file ends at `position`. `EAGAIN`: the socket is full.
/// `EINVAL`, `ENOSYS`, `EOVERFLOW`: not with this file. Any error of the socket or of reading the file.
/// A broken pipe also raises `SIGPIPE`, unless it is ignored.
pub(crate) fn sendfile(
    out: BorrowedFd<'_>,
    file: BorrowedFd<'_>,
    position: u64,
    count: usize,
) -> Result<usize, Errno> {
    retry_on_intr(|| {
        let mut position = position;
        rustix::fs::sendfile(out, file, Some(&mut position), count)
    })
}

/// A [pipe(7)](https://man7.org/linux/man-pages/man7/pipe.7.html) for `splice(2)`, which needs one between any two
/// descriptors that are not pipes.
#[derive(Debug)]
pub(crate) struct Pipe {
    read_end: OwnedFd,
    write_end: OwnedFd,
    has_asked_capacity: bool,
}

impl Pipe {
    /// [pipe2(2)](https://man7.org/linux/man-pages/man2/pipe2.2.html). `EMFILE` and `ENFILE`: no descriptors left.
    ///
    /// It is given room for `capacity` bytes if the limits of pipe(7) allow it; else it has the kernel's default.
    pub(crate) fn new(capacity: usize) -> Result<Self, Errno> {
        let (read_end, write_end) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        let mut pipe = Self { read_end, write_end, has_asked_capacity: false };
        pipe.ask_for(capacity);
        Ok(pipe)
    }

    /// Gives it, while it is empty, room for `capacity` bytes if the limits of pipe(7) allow it.
    pub(crate) fn ask_for(&mut self, capacity: usize) {
        // A pipe of the default size does the same work in more calls.
        self.has_asked_capacity = rustix::pipe::fcntl_setpipe_size(&self.write_end, capacity).is_ok();
    }

    /// Whether it has the room that was asked for.
    pub(crate) fn has_asked_capacity(&self) -> bool {
        self.has_asked_capacity
    }

    /// Where bytes come out.
    pub(super) fn read_end(&self) -> &OwnedFd {
        &self.read_end
    }
}

/// [splice(2)](https://man7.org/linux/man-pages/man2/splice.2.html): fills `pipe` with references to up to `count`
/// bytes of `file` from `position` on. Linux 2.6.17.
///
/// 0 says that the file ends at `position`. `EAGAIN`: the pipe is full. `EINVAL`, `ENOSYS`: not with this file.
pub(crate) fn splice_from_file(
    file: BorrowedFd<'_>,
    position: u64,
    pipe: &Pipe,
    count: usize,
) -> Result<usize, Errno> {
    retry_on_intr(|| {
        let mut position = position;
        let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
        rustix::pipe::splice(file, Some(&mut position), &pipe.write_end, None, count, flags)
    })
}

/// [splice(2)](https://man7.org/linux/man-pages/man2/splice.2.html): moves up to `count` bytes that have come in on the
/// TCP socket `socket` into `pipe`, which is empty. Linux 2.6.25.
///
/// 0 says that the peer has ended its stream. `EAGAIN`: nothing has come; a blocking socket waits for it first, as long as
/// its receive timeout (`SO_RCVTIMEO`) says. Both also come where the next byte is one that
/// the peer marked as urgent: see [`is_at_urgent_mark`](super::is_at_urgent_mark). `EINVAL`, `ENOSYS`: not with this
/// socket. Any error of the socket, once what came before it has been taken.
pub(crate) fn splice_from_socket(socket: BorrowedFd<'_>, pipe: &Pipe, count: usize) -> Result<usize, Errno> {
    let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
    retry_on_intr(|| rustix::pipe::splice(socket, None, &pipe.write_end, None, count, flags))
}

/// [splice(2)](https://man7.org/linux/man-pages/man2/splice.2.html): moves up to `count` bytes from `pipe` to
/// `socket`; `more` corks them to what is sent next, like `MSG_MORE`.
///
/// `EAGAIN`: the socket is full. Any error of the socket; a broken pipe also raises `SIGPIPE`, unless it is ignored.
pub(crate) fn splice_to_socket(
    pipe: &Pipe,
    socket: BorrowedFd<'_>,
    count: usize,
    more: bool,
) -> Result<usize, Errno> {
    splice_out(pipe, socket, count, SpliceFlags::NONBLOCK, more)
}

/// [`splice_to_socket`] on a blocking socket: sleeps until it has room.
pub(crate) fn splice_to_socket_waiting(
    pipe: &Pipe,
    socket: BorrowedFd<'_>,
    count: usize,
    more: bool,
) -> Result<usize, Errno> {
    splice_out(pipe, socket, count, SpliceFlags::empty(), more)
}

fn splice_out(
    pipe: &Pipe,
    socket: BorrowedFd<'_>,
    count: usize,
    waiting: SpliceFlags,
    more: bool,
) -> Result<usize, Errno> {
    let mut flags = SpliceFlags::MOVE | waiting;
    flags.set(SpliceFlags::MORE, more);
    retry_on_intr(|| rustix::pipe::splice(&pipe.read_end, None, socket, None, count, flags))
}
