//! How do two connections become one?

use std::fmt;
use std::io;
use std::os::fd::BorrowedFd;
use std::pin::{Pin, pin};
use std::time::Duration;

use rustix::net::{Shutdown, shutdown, sockopt};
use tokio::net::TcpStream;

use crate::direction::Direction;
use crate::end::{End, Incoming};
use crate::error::Obstacle;
use crate::last_move::LastMove;
use crate::pipes::Pipes;
use crate::policy::Choice;
use crate::{Ledger, Path, RelayError, sys};

/// One of the two ends of a relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The first connection given to [`Engine::relay`](crate::Engine::relay).
    Left,
    /// The second one.
    Right,
}

impl Side {
    fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Left => "left",
            Self::Right => "right",
        })
    }
}

/// What a relay needs from its engine.
#[derive(Clone, Copy)]
pub(crate) struct Means<'a> {
    pub(crate) choice: Choice,
    pub(crate) pipes: &'a Pipes,
    pub(crate) ledger: &'a Ledger,
    pub(crate) path: Path,
}

pub(crate) async fn run(
    means: Means<'_>,
    sockets: Sockets,
    idle_limit: Duration,
    delivered: impl Fn(Side, u64),
) -> Result<(), RelayError> {
    let ends = Ends::new(sockets).map_err(RelayError::Kernel)?;
    let last_move = LastMove::now();
    {
        let count = |to: Side, choice: Choice, bytes: u64| {
            last_move.touch();
            means.ledger.add_payload(means.path, choice, bytes);
            delivered(to, bytes);
        };
        let rightward = pin!(convey(means, &ends, Side::Right, &count));
        let leftward = pin!(convey(means, &ends, Side::Left, &count));
        tokio::select! {
            biased;
            ended = both(&ends, rightward, leftward) => ended?,
            () = last_move.is_older_than(idle_limit) => return Err(RelayError::Idle { limit: idle_limit }),
        }
    }
    ends.close_in_order();
    Ok(())
}

/// Two connections that are reset when they are dropped, unless both peers had ended their streams.
pub(crate) struct Sockets {
    left: TcpStream,
    right: TcpStream,
}

impl Sockets {
    pub(crate) fn new(left: TcpStream, right: TcpStream) -> Self {
        for socket in [&left, &right] {
            // Whoever closes it, and be it the kernel when the process is killed. One that is already broken needs no reset.
            let _ = socket.set_zero_linger();
        }
        Self { left, right }
    }
}

/// The same, for who waits for them.
struct Ends {
    left: End,
    right: End,
}

impl Ends {
    fn new(sockets: Sockets) -> io::Result<Self> {
        Ok(Self { left: End::new(sockets.left)?, right: End::new(sockets.right)? })
    }

    fn of(&self, side: Side) -> &End {
        match side {
            Side::Left => &self.left,
            Side::Right => &self.right,
        }
    }

    fn close_in_order(self) {
        for end in [&self.left, &self.right] {
            // What its peer has not got yet is no longer dropped. One that is already broken has nothing to lose.
            let _ = sockopt::set_socket_linger(end, None);
        }
    }
}

/// Why a direction stopped before its source ended its stream.
enum Broken {
    /// The peer that bytes come from is gone, and all that it had sent has been delivered.
    Source(RelayError),
    /// The peer that bytes go to is gone.
    Target(RelayError),
    Kernel(io::Error),
}

/// What a direction came to.
struct Ended {
    to: Side,
    how: Result<(), Broken>,
}

/// Runs both directions to their ends and passes the ends on.
async fn both<F: Future<Output = Ended>>(
    ends: &Ends,
    mut rightward: Pin<&mut F>,
    mut leftward: Pin<&mut F>,
) -> Result<(), RelayError> {
    let (first, other) = tokio::select! {
        first = &mut rightward => (first, leftward),
        first = &mut leftward => (first, rightward),
    };
    match first.how {
        Ok(()) => {
            end_stream_to(ends, first.to)?;
            let second = other.await;
            match second.how {
                Ok(()) => end_stream_to(ends, second.to),
                Err(Broken::Source(error) | Broken::Target(error)) => Err(error),
                Err(Broken::Kernel(error)) => Err(RelayError::Kernel(error)),
            }
        }
        Err(Broken::Source(error)) => Err(error),
        Err(Broken::Target(error)) => {
            // What it had sent before it was lost may still wait to be read: the end of that comes without waiting for
            // anybody but the other peer, and is not an end to pass on.
            other.await;
            Err(error)
        }
        Err(Broken::Kernel(error)) => Err(RelayError::Kernel(error)),
    }
}

fn end_stream_to(ends: &Ends, to: Side) -> Result<(), RelayError> {
    shutdown(ends.of(to), Shutdown::Write)
        .map_err(|errno| RelayError::Peer { side: to, source: errno.into() })
}

/// Moves bytes to one side until the other has ended its stream.
async fn convey(means: Means<'_>, ends: &Ends, to: Side, count: &impl Fn(Side, Choice, u64)) -> Ended {
    let (source, target) = (ends.of(to.other()), ends.of(to));
    let how = async {
        let mut source = source.incoming().map_err(Broken::Kernel)?;
        let mut direction = Direction::new(means.pipes, means.choice);
        loop {
            let taken = take(&mut direction, &mut source)
                .await
                .map_err(Broken::Kernel)?
                .map_err(|obstacle| blame(obstacle, to.other(), Broken::Source))?;
            if taken == 0 {
                return Ok(());
            }
            while direction.holds_bytes() {
                let (bytes, choice) = deliver(&mut direction, &mut source, target)
                    .await
                    .map_err(Broken::Kernel)?
                    .map_err(|obstacle| blame(obstacle, to, Broken::Target))?;
                count(to, choice, bytes as u64);
            }
        }
    };
    Ended { to, how: how.await }
}

/// Waits until `source` has something, or has ended its stream, and takes it. How many bytes?
async fn take(
    direction: &mut Direction<'_>,
    source: &mut Incoming<'_>,
) -> io::Result<Result<usize, Obstacle>> {
    source
        .take(|source| {
            let received = direction.take(source)?;
            let is_all = received.as_ref().is_ok_and(|received| received.is_all);
            Ok((received.map(|received| received.bytes), is_all))
        })
        .await
}

/// Waits until `target` has room and delivers what it takes. How many bytes, and how?
///
/// Meanwhile nobody is told of what comes from `source`: it is not taken before all is delivered.
async fn deliver(
    direction: &mut Direction<'_>,
    source: &mut Incoming<'_>,
    target: &End,
) -> io::Result<Result<(usize, Choice), Obstacle>> {
    let deliver = |target: BorrowedFd<'_>| {
        let delivered = direction.deliver(target)?;
        // A target that took a part is most likely full: trying it once more would find room for a few bytes where waiting
        // finds room for many.
        let is_full = delivered.is_ok() && direction.holds_bytes() && !sys::has_room(target);
        Ok((delivered, is_full))
    };
    target.fill(|| source.ignore(), deliver).await
}

fn blame(obstacle: Obstacle, side: Side, at: fn(RelayError) -> Broken) -> Broken {
    match obstacle {
        Obstacle::Peer(errno) => at(RelayError::Peer { side, source: errno.into() }),
        Obstacle::Disk(errno) | Obstacle::Kernel(errno) => Broken::Kernel(errno.into()),
        // Dealt with where they come up.
        Obstacle::Full | Obstacle::EndOfFile | Obstacle::Refused => {
            Broken::Kernel(io::ErrorKind::Unsupported.into())
        }
    }
}
