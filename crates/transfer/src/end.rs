//! When is a connection of a relay ready?
//!
//! A socket that is watched for bytes wakes its thread whenever some come, also while what came before waits for the other
//! peer to read: with 100 connections that pass on all they can, seven of eight wake-ups were for nothing. So the two things
//! to wait for are watched apart, and bytes only while somebody waits for them. Room may be watched for all the time: an
//! edge-triggered epoll(7) tells of it only after a send has found none.

use std::future::poll_fn;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::net::sockopt;
use tokio::io::unix::{AsyncFd, AsyncFdReadyGuard};
use tokio::net::TcpStream;

use crate::sys;

/// One of the two connections of a relay.
pub(crate) struct End {
    /// Watched for room.
    socket: AsyncFd<OwnedFd>,
    /// The same socket, to be watched for bytes: an epoll(7) watches each descriptor once.
    twin: OwnedFd,
}

/// What comes in at an [`End`].
pub(crate) struct Incoming<'a> {
    socket: BorrowedFd<'a>,
    watch: Option<AsyncFd<BorrowedFd<'a>>>,
}

impl End {
    pub(crate) fn new(socket: TcpStream) -> io::Result<Self> {
        // Urgent bytes stay in their place in the stream. A socket that is already broken says so to whoever uses it.
        let _ = sockopt::set_socket_oobinline(&socket, true);
        // A kernel that cannot is asked in vain before each wait.
        let _ = sys::tell_what_is_left(socket.as_fd());
        let twin = socket.as_fd().try_clone_to_owned()?;
        let socket = sys::watch_for_room(socket.into_std()?.into())?;
        Ok(Self { socket, twin })
    }

    pub(crate) fn incoming(&self) -> io::Result<Incoming<'_>> {
        let socket = self.twin.as_fd();
        Ok(Incoming { socket, watch: Some(sys::watch_for_bytes(socket)?) })
    }

    /// Waits until there is room and does `work` once, which also says whether there is known to be none left: then the next
    /// call waits without having tried in vain. Whoever waits calls `waits` before.
    pub(crate) async fn fill<T>(
        &self,
        mut waits: impl FnMut(),
        mut work: impl FnMut(BorrowedFd<'_>) -> io::Result<(T, bool)>,
    ) -> io::Result<T> {
        loop {
            let mut ready = poll_fn(|context| {
                let ready = self.socket.poll_write_ready(context);
                if ready.is_pending() {
                    waits();
                }
                ready
            })
            .await?;
            if let Some(done) = once(&mut ready, || work(self.as_fd()))? {
                return Ok(done);
            }
        }
    }
}

impl AsFd for End {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.twin.as_fd()
    }
}

impl Incoming<'_> {
    /// Waits until there are bytes, or the peer has ended its stream, and does `work` once, which also says whether there is
    /// known to be nothing left: then the next call waits without having tried in vain.
    pub(crate) async fn take<T>(
        &mut self,
        mut work: impl FnMut(BorrowedFd<'_>) -> io::Result<(T, bool)>,
    ) -> io::Result<T> {
        loop {
            let done = match &self.watch {
                Some(watch) => {
                    let mut ready = poll_fn(|context| watch.poll_read_ready(context)).await?;
                    once(&mut ready, || work(self.socket))?
                }
                None => {
                    let done = unless_it_would_block(work(self.socket))?;
                    if done.is_none() {
                        self.watch = Some(sys::watch_for_bytes(self.socket)?);
                    }
                    done.map(|(done, _)| done)
                }
            };
            if let Some(done) = done {
                return Ok(done);
            }
        }
    }

    /// Wakes nobody until the next [`take`](Self::take).
    pub(crate) fn ignore(&mut self) {
        self.watch = None;
    }
}

/// Does `work` on a descriptor that is said to be ready, and notes if it is no longer.
fn once<F: AsRawFd, T>(
    ready: &mut AsyncFdReadyGuard<'_, F>,
    work: impl FnOnce() -> io::Result<(T, bool)>,
) -> io::Result<Option<T>> {
    let done = unless_it_would_block(work())?;
    if done.as_ref().is_none_or(|(_, is_exhausted)| *is_exhausted) {
        ready.clear_ready();
    }
    Ok(done.map(|(done, _)| done))
}

fn unless_it_would_block<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(done) => Ok(Some(done)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}
