//! Who is at fault when a send or a relay fails?

use std::io;
use std::time::Duration;

use rustix::io::Errno;

use crate::{Region, Side};

/// Why a plan did not reach the socket. The stream is left in the middle of an answer: close the connection.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The peer, or the way to it, is gone. Ordinary: nothing to log above debug.
    #[error("the peer is gone: {0}")]
    Peer(#[source] io::Error),
    /// The peer has not read for as long as the caller would wait.
    #[error("the peer has read nothing for {0:?}")]
    Stalled(Duration),
    /// The file ends inside a leased region: someone broke the lease, or the region was wrong.
    #[error("the file ends at or before byte {position}, {missing_bytes} bytes before the region does")]
    Truncated {
        /// The first byte of the region that was not sent.
        position: u64,
        /// How many bytes of the region were not sent.
        missing_bytes: u64,
    },
    /// The file could not be read.
    #[error("the file cannot be read: {0}")]
    Disk(#[source] io::Error),
    /// The kernel would not do it for a reason of its own, such as no memory; or a bug of this program.
    #[error("the kernel cannot send: {0}")]
    Kernel(#[source] io::Error),
}

/// Why a relay came to its end other than by the wish of both its peers. Both connections are reset: neither peer is
/// told that it has everything.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// A peer, or the way to it, is gone. Ordinary: nothing to log above debug.
    #[error("the {side} peer is gone: {source}")]
    Peer {
        /// Which of the two.
        side: Side,
        /// What the kernel says of its socket.
        source: io::Error,
    },
    /// No byte got through either way for so long.
    #[error("no byte got through either way for {limit:?}")]
    Idle {
        /// The caller's limit.
        limit: Duration,
    },
    /// The kernel would not do it for a reason of its own, such as no memory; or a bug of this program.
    #[error("the kernel cannot relay: {0}")]
    Kernel(#[source] io::Error),
}

/// What stopped one attempt to move bytes.
#[derive(Debug)]
pub(crate) enum Obstacle {
    /// The socket takes no more at the moment; or has no more, where it is the source.
    Full,
    /// The file has no byte here.
    EndOfFile,
    /// This mechanism does not work for this file, kernel or moment; another one may.
    Refused,
    /// The socket is broken.
    Peer(Errno),
    /// The file is broken.
    Disk(Errno),
    /// Neither.
    Kernel(Errno),
}

impl Obstacle {
    /// The error of a send that was stopped by it, with `region` to be sent next.
    pub(crate) fn blame(self, region: Option<&Region>) -> SendError {
        match self {
            Self::Peer(errno) => SendError::Peer(errno.into()),
            Self::Disk(errno) => SendError::Disk(errno.into()),
            Self::Kernel(errno) => SendError::Kernel(errno.into()),
            Self::Full | Self::Refused => SendError::Kernel(Errno::OPNOTSUPP.into()),
            Self::EndOfFile => {
                let (position, missing_bytes) =
                    region.map_or((0, 0), |region| (region.position(), region.len()));
                SendError::Truncated { position, missing_bytes }
            }
        }
    }

    /// Reads an error of a call that only touches the socket.
    pub(crate) fn of_socket(errno: Errno) -> Self {
        match errno {
            Errno::AGAIN => Self::Full,
            errno if is_peer(errno) => Self::Peer(errno),
            errno => Self::Kernel(errno),
        }
    }

    /// Reads an error of a call that moves pages between a socket and a pipe.
    pub(crate) fn of_splice(errno: Errno) -> Self {
        match errno {
            errno if is_lack(errno) || errno == Errno::INVAL => Self::Refused,
            errno => Self::of_socket(errno),
        }
    }

    /// Reads an error of a call that only touches the file.
    pub(crate) fn of_file(errno: Errno) -> Self {
        match errno {
            Errno::NOMEM | Errno::NOBUFS => Self::Kernel(errno),
            errno => Self::Disk(errno),
        }
    }

    /// Reads an error of a call that moves bytes from file to socket, where either may be meant.
    pub(crate) fn of_both(errno: Errno) -> Self {
        match errno {
            Errno::AGAIN => Self::Full,
            Errno::INVAL | Errno::OVERFLOW => Self::Refused,
            errno if is_lack(errno) => Self::Refused,
            errno if is_peer(errno) => Self::Peer(errno),
            errno => Self::of_file(errno),
        }
    }
}

/// Whether it says that the kernel does not have the call, that a filter denies it, or that the file system or the kind of
/// socket does not have it.
pub(crate) fn is_lack(errno: Errno) -> bool {
    matches!(errno, Errno::NOSYS | Errno::PERM | Errno::OPNOTSUPP)
}

/// What tcp(7) and ip(7) report about a connection that no longer works; the rarer ones are what a router has said of it
/// (icmp(7)) by the time it is given up.
fn is_peer(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::PIPE
            | Errno::CONNRESET
            | Errno::CONNABORTED
            | Errno::CONNREFUSED
            | Errno::TIMEDOUT
            | Errno::NOTCONN
            | Errno::HOSTUNREACH
            | Errno::HOSTDOWN
            | Errno::NONET
            | Errno::PROTO
            | Errno::NOPROTOOPT
            | Errno::NETUNREACH
            | Errno::NETDOWN
            | Errno::SHUTDOWN
    )
}
