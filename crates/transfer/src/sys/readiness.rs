//! Being told of what a socket is ready for, with [epoll(7)](https://man7.org/linux/man-pages/man7/epoll.7.html).
//!
//! A `TcpStream` is watched for everything there is, for as long as it lives. These are watched for one thing, until they
//! are dropped. They panic outside of a runtime, as everything that waits with tokio.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Watches `socket` for room. `ENOMEM`, `ENOSPC` of epoll_ctl(2): nothing more can be watched.
pub(crate) fn watch_for_room(socket: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an owned descriptor stays open, and the same, as long as its owner lives.
    Ok(unsafe { AsyncFd::register_with_interest(socket, Interest::WRITABLE) }?)
}

/// Watches `socket` for bytes and for the end of its peer's stream. Errors as of [`watch_for_room`].
pub(crate) fn watch_for_bytes(socket: BorrowedFd<'_>) -> io::Result<AsyncFd<BorrowedFd<'_>>> {
    // SAFETY: a borrowed descriptor stays open, and the same, as long as it is borrowed.
    Ok(unsafe { AsyncFd::register_with_interest(socket, Interest::READABLE) }?)
}
