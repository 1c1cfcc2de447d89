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
    let flags = socket_flags(more);
    retry_on_intr(|| rustix::net::sendmsg(socket, slices, &mut SendAncillaryBuffer::default(), flags))
}
