//! Moving memory to and from sockets.

use std::io::IoSlice;
use std::mem::{self, MaybeUninit};
use std::os::fd::{AsRawFd, BorrowedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, retry_on_intr};
use rustix::net::{SendAncillaryBuffer, SendFlags};

use super::control::first_control;

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

/// [send(2)](https://man7.org/linux/man-pages/man2/send.2.html) of `bytes` to a connected socket, with the
/// errors of [`send_vectored`], which costs more: the kernel reads a message and each of its slices first.
pub(crate) fn send(socket: BorrowedFd<'_>, bytes: &[u8]) -> Result<usize, Errno> {
    retry_on_intr(|| rustix::net::send(socket, bytes, socket_flags(false)))
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

/// What [`recv_telling`] has taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) bytes: usize,
    /// Whether that was all that has come, and the peer has not ended its stream. False also where the kernel does not say.
    pub(crate) is_all: bool,
}

/// Has the kernel say with every [`recv_telling`] on the TCP socket `socket` what is left: `TCP_INQ` of
/// [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html). `ENOPROTOOPT`: it cannot, being older than Linux 4.18.
pub(crate) fn tell_what_is_left(socket: BorrowedFd<'_>) -> Result<(), Errno> {
    turn_on(socket, libc::IPPROTO_TCP, libc::TCP_INQ)
}

/// [setsockopt(2)](https://man7.org/linux/man-pages/man2/setsockopt.2.html): turns on an option of `socket` that is an int.
pub(super) fn turn_on(socket: BorrowedFd<'_>, level: libc::c_int, option: libc::c_int) -> Result<(), Errno> {
    let on: libc::c_int = 1;
    // SAFETY: the call reads one int, which lives meanwhile.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            option,
            (&raw const on).cast(),
            size_of_val(&on) as libc::socklen_t,
        )
    };
    if result == 0 { Ok(()) } else { Err(super::last_errno()) }
}

/// [recvmsg(2)](https://man7.org/linux/man-pages/man2/recvmsg.2.html): appends what has come in on `socket` to `buffer`, up
/// to `len` bytes and as far as it has room, without growing its allocation. Whether that was all is told if [`tell_what_is_left`] has been
/// called before.
///
/// 0 bytes say that the peer has ended its stream, or that `buffer` has no room. `EAGAIN`: nothing has come. `ECONNRESET`
/// and others of tcp(7): the peer is gone.
pub(crate) fn recv_telling(
    socket: BorrowedFd<'_>,
    buffer: &mut Vec<u8>,
    len: usize,
) -> Result<Received, Errno> {
    retry_on_intr(|| recv_message(socket, buffer, len))
}

fn recv_message(socket: BorrowedFd<'_>, buffer: &mut Vec<u8>, len: usize) -> Result<Received, Errno> {
    let room = buffer.spare_capacity_mut();
    let mut slice = libc::iovec { iov_base: room.as_mut_ptr().cast(), iov_len: room.len().min(len) };
    // Aligned as the kernel writes them, and enough for a header and one int.
    let mut control = [const { MaybeUninit::<libc::cmsghdr>::uninit() }; 2];
    // SAFETY: zeros are a message without an address, without slices and without control data.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    message.msg_iov = &raw mut slice;
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = size_of_val(&control) as _;
    // SAFETY: the message names one slice, the spare capacity of `buffer`, and the control data, both of which live
    // meanwhile and may be written to their given lengths.
    let received = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut message, libc::MSG_DONTWAIT) };
    let Ok(bytes) = usize::try_from(received) else {
        return Err(super::last_errno());
    };
    // SAFETY: the kernel has written so many bytes from the first of the spare capacity on.
    unsafe { buffer.set_len(buffer.len() + bytes) };
    Ok(Received { bytes, is_all: bytes > 0 && left_behind(&message) == Some(0) })
}

/// How many bytes there are to receive still, if the kernel has told; one more than none if the peer has ended its stream.
fn left_behind(message: &libc::msghdr) -> Option<libc::c_int> {
    // SAFETY: recvmsg(2) has left `message`, its control data still lives, and any bytes are an int.
    match unsafe { first_control(message) } {
        Some((libc::IPPROTO_TCP, libc::TCP_CM_INQ, left)) => Some(left),
        _ => None,
    }
}

/// [sockatmark(3)](https://man7.org/linux/man-pages/man3/sockatmark.3.html): whether the next byte of the TCP socket
/// `socket` is one that the peer marked as urgent (`MSG_OOB`). Also false where the kernel cannot say.
pub(crate) fn is_at_urgent_mark(socket: BorrowedFd<'_>) -> bool {
    let mut is_at_mark: libc::c_int = 0;
    // SAFETY: the call writes one int, which lives meanwhile.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), SIOCATMARK, &raw mut is_at_mark) };
    result == 0 && is_at_mark != 0
}
