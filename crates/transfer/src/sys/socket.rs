//! Moving memory to and from sockets.

use std::io::IoSlice;
use std::os::fd::{AsRawFd, BorrowedFd};

use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, retry_on_intr};
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags};

/// The number of the ioctl on every architecture (`asm-generic/sockios.h`); libc has neither it nor sockatmark.
const SIOCATMARK: libc::Ioctl = 0x8905;

/// The flags of every send: never block, never raise `SIGPIPE`, and `MSG_MORE` if more of the answer follows.
pub(crate) fn socket_flags(more: bool) -> SendFlags {
    let mut flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    flags.set(SendFlags::MORE, more);
    flags
}

/// The flags of a send that sleeps until the socket has room.
pub(crate) fn waiting_flags(more: bool) -> SendFlags {
    socket_flags(more) - SendFlags::DONTWAIT
}

/// [sendmsg(2)](https://man7.org/linux/man-pages/man2/sendmsg.2.html) of several slices to a connected socket; `more`
/// corks them to what is sent next.
///
/// Takes at most 1,024 slices (`EMSGSIZE`). `EAGAIN`: the socket is full. `EPIPE`, `ECONNRESET` and others of tcp(7):
/// the peer is gone.
pub(crate) fn send_vectored(
    socket: BorrowedFd<'_>,
    slices: &[IoSlice<'_>],
    more: bool,
) -> Result<usize, Errno> {
    send_slices(socket, slices, socket_flags(more))
}

/// [`send_vectored`] on a blocking socket: sleeps until the socket has taken all, unless it breaks meanwhile, and then
/// tells how much it has taken.
pub(crate) fn send_vectored_waiting(
    socket: BorrowedFd<'_>,
    slices: &[IoSlice<'_>],
    more: bool,
) -> Result<usize, Errno> {
    send_slices(socket, slices, waiting_flags(more))
}

fn send_slices(socket: BorrowedFd<'_>, slices: &[IoSlice<'_>], flags: SendFlags) -> Result<usize, Errno> {
    retry_on_intr(|| rustix::net::sendmsg(socket, slices, &mut SendAncillaryBuffer::default(), flags))
}

/// Whether [poll(2)](https://man7.org/linux/man-pages/man2/poll.2.html) finds room on `socket`, or that its peer is gone.
/// Once it finds none, a descriptor that waits for room with epoll(7) is told when there is some.
///
/// A stream socket has room when at least a third of its buffer is free, so that what is sent next is worth the call.
pub(crate) fn has_room(socket: BorrowedFd<'_>) -> bool {
    let mut asked = [PollFd::from_borrowed_fd(socket, PollFlags::OUT)];
    // Where poll fails, for want of memory, whoever sends finds out by itself.
    !matches!(poll(&mut asked, Some(&Timespec::default())), Ok(0))
}

/// [recv(2)](https://man7.org/linux/man-pages/man2/recv.2.html): appends what has come in on `socket` to `buffer`, as far
/// as it has room, without growing its allocation, and returns how many bytes.
///
/// 0 says that the peer has ended its stream, or that `buffer` has no room. `EAGAIN`: nothing has come. `ECONNRESET` and
/// others of tcp(7): the peer is gone.
pub(crate) fn recv_append(socket: BorrowedFd<'_>, buffer: &mut Vec<u8>) -> Result<usize, Errno> {
    retry_on_intr(|| rustix::net::recv(socket, spare_capacity(buffer), RecvFlags::DONTWAIT))
        .map(|(appended, _)| appended)
}

/// [sockatmark(3)](https://man7.org/linux/man-pages/man3/sockatmark.3.html): whether the next byte of the TCP socket
/// `socket` is one that the peer marked as urgent (`MSG_OOB`). Also false where the kernel cannot say.
pub(crate) fn is_at_urgent_mark(socket: BorrowedFd<'_>) -> bool {
    let mut is_at_mark: libc::c_int = 0;
    // SAFETY: the call writes one int, which lives meanwhile.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), SIOCATMARK, &raw mut is_at_mark) };
    result == 0 && is_at_mark != 0
}
