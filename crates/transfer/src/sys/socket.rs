//! Sending memory to sockets.

use std::io::IoSlice;
use std::os::fd::BorrowedFd;

use rustix::io::{Errno, retry_on_intr};
use rustix::net::{SendAncillaryBuffer, SendFlags};

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
