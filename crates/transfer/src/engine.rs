//! How does a plan get down a socket, or a connection through this process, start to end?

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::AsFd;
use std::pin::pin;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::last_move::LastMove;
use crate::passing::{Lease, Passing};
use crate::pipes::Pipes;
use crate::relay::Sockets;
use crate::seen::Seen;
use crate::sending::{Means, Sending, Step};
use crate::warm::WarmPool;
use crate::{Capabilities, Ledger, Path, Plan, Policy, Region, RelayError, SendError, Side, relay};

/// A send whose peer keeps up makes so many steps, which is up to 3 MiB, before it lets others on its event loop go on. A full
/// socket has less room than that when it is said to have some again, by the kernel's usual limit (`net.ipv4.tcp_wmem`).
const TURN_STEPS: u32 = 6;

/// Sends plans and relays connections: a policy, what the kernel offers, the ledger, the threads for cold files, and the
/// pipes that are at hand.
///
/// One engine serves all connections of a process; share it in an [`Arc`].
#[derive(Debug)]
pub struct Engine {
    policy: Policy,
    capabilities: Capabilities,
    ledger: Ledger,
    warm: WarmPool,
    seen: Seen,
    pipes: Pipes,
    /// For one of the sends that have waited for the disk.
    late_turn: Semaphore,
}

impl Engine {
    /// An engine for this kernel.
    pub fn new(policy: Policy) -> Self {
        Self::with_capabilities(policy, Capabilities::probe())
    }

    /// An engine that uses no more than `capabilities`, whatever the kernel has.
    pub fn with_capabilities(policy: Policy, capabilities: Capabilities) -> Self {
        Self {
            policy,
            capabilities,
            ledger: Ledger::new(),
            warm: WarmPool::new(Passing::new(&capabilities)),
            seen: Seen::default(),
            pipes: Pipes::default(),
            late_turn: Semaphore::new(1),
        }
    }

    /// Leaves pages that are read from the disk to be sent to the kernel, which keeps what is asked for again: for files that
    /// many ask for at different times. Otherwise they are given up when they have been sent and 64 MiB have been read
    /// after them, so that a reader of old data does not push out what others need.
    #[must_use]
    pub fn leaving_pages(self) -> Self {
        Self { warm: WarmPool::new(Passing::new(&self.capabilities).leaving_pages()), ..self }
    }

    /// How mechanisms are chosen.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What the engine uses of the kernel.
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// What was sent so far.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Sends all of `plan` and returns its length in bytes.
    ///
    /// Waits as long as the peer does not read; a limit to that is the caller's, who drops the future. After an error,
    /// or when the future was dropped before it was done, the peer has a part of the answer: close the connection.
    /// Nobody else may write to the socket meanwhile. A future that is neither polled nor dropped may hold up other sends of
    /// what is not in memory: they go on one at a time.
    pub async fn send(&self, socket: &TcpStream, plan: Plan, path: Path) -> Result<u64, SendError> {
        self.send_with(socket, plan, path, None).await
    }

    /// The same for peers that nobody trusts to read: [`SendError::Stalled`] once the socket has taken nothing for
    /// `patience`. Waits for the disk do not count.
    pub async fn send_unless_stalled(
        &self,
        socket: &TcpStream,
        plan: Plan,
        path: Path,
        patience: Duration,
    ) -> Result<u64, SendError> {
        self.send_with(socket, plan, path, Some(patience)).await
    }

    async fn send_with(
        &self,
        socket: &TcpStream,
        plan: Plan,
        path: Path,
        patience: Option<Duration>,
    ) -> Result<u64, SendError> {
        let len = plan.len();
        let last_move = LastMove::now();
        let means = Means {
            policy: &self.policy,
            capabilities: &self.capabilities,
            ledger: &self.ledger,
            warm: &self.warm,
            seen: &self.seen,
            last_move: &last_move,
        };
        let mut stalled = pin!(last_move.is_older_than(patience.unwrap_or(Duration::MAX)));
        let mut sending = Sending::new(means, plan, path);
        let mut steps_of_turn = 0;
        let mut is_late = false;
        while !sending.is_done() {
            if steps_of_turn == TURN_STEPS {
                steps_of_turn = 0;
                tokio::task::yield_now().await;
            }
            // A peer that does not read causes no reads of the disk: the step looks for cold pages only when the
            // socket has room.
            let stepping = async {
                if is_late || sending.is_passing() {
                    self.step_after_others(socket, &mut sending).await
                } else {
                    let counted_step = || {
                        let stepped = sending.step(socket.as_fd());
                        // While it waits others go on.
                        steps_of_turn = if stepped.is_ok() { steps_of_turn + 1 } else { 0 };
                        stepped
                    };
                    socket.async_io(Interest::WRITABLE, counted_step).await
                }
            };
            let step = match patience {
                None => stepping.await,
                Some(patience) => tokio::select! {
                    biased;
                    step = stepping => step,
                    () = &mut stalled => return Err(SendError::Stalled(patience)),
                },
            };
            match step.map_err(SendError::Kernel)?? {
                Step::Moved | Step::MovedInPart => {}
                Step::Cold(region) => {
                    is_late = true;
                    let leases = self.bring_in(&region).await;
                    sending.brought_in(&region, leases);
                    last_move.touch();
                }
            }
        }
        Ok(len)
    }

    /// Makes the connections `left` and `right` one: what either peer sends is delivered to the other, until both have
    /// ended their streams.
    ///
    /// Bytes go by `splice(2)` through a pipe, without a copy in user space; they are copied through one buffer where
    /// little comes at a time, where the policy or the kernel have it so, or while no pipe is to be had. A peer that
    /// ends its stream and goes on reading is served: its end is passed on behind its last byte. A byte that is marked
    /// as urgent goes in its place in the stream, unmarked.
    ///
    /// Each direction takes as much as the socket has, up to a pipe of 1 MiB, or of 256 KiB while 32 others hold bytes, and
    /// takes no more before all of it is delivered: a peer that does not read makes the other one wait. What was delivered
    /// is counted in the ledger under `path`, and told to `delivered` with the side that got it, whenever it happens.
    ///
    /// # Errors
    /// A peer that resets its connection or is lost, no byte delivered either way for `idle_limit`, or trouble of the
    /// kernel. Then, and when the future is dropped, both connections are reset (`SO_LINGER` of 0): an end in order would
    /// tell a peer that it has all there is. What a peer had sent before it was lost is delivered first, as far as the
    /// other reads it; what lies in a socket's send buffer at the reset is dropped by the kernel.
    pub fn relay(
        &self,
        left: TcpStream,
        right: TcpStream,
        path: Path,
        idle_limit: Duration,
        delivered: impl Fn(Side, u64),
    ) -> impl Future<Output = Result<(), RelayError>> {
        let choice = self.policy.choose_between_sockets(&self.capabilities);
        let means = relay::Means { choice, pipes: &self.pipes, ledger: &self.ledger, path };
        // Made here, not in the future: one that is dropped before it begins resets them, too.
        let sockets = Sockets::new(left, right);
        relay::run(means, sockets, idle_limit, delivered)
    }

    /// A step of a send that has waited for the disk: one at a time, and each after all else that is ready.
    ///
    /// A disk hands over much at once, and as many sends go on at the same time as there were reads under way: together they
    /// would hold the event loop for as long as all of that takes to send.
    async fn step_after_others(
        &self,
        socket: &TcpStream,
        sending: &mut Sending<'_>,
    ) -> io::Result<Result<Step, SendError>> {
        loop {
            // Nobody waits for a peer while it is their turn.
            socket.writable().await?;
            let _turn = self.late_turn.acquire().await;
            // Goes on when the event loop has nothing else to do and has looked at all sockets.
            tokio::task::yield_now().await;
            match socket.try_io(Interest::WRITABLE, || sending.step(socket.as_fd())) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                stepped => return stepped,
            }
        }
    }

    async fn bring_in(&self, region: &Region) -> Vec<Lease> {
        let asked = Instant::now();
        let leases = self.warm.bring_in(region.clone()).await;
        self.ledger.add_cold_wait(region.len(), asked.elapsed());
        leases
    }
}

/// Sends the byte range `range` of `file` to `socket`, from the page cache, and returns its length.
///
/// All there is to know for a program that has a file and a socket. The bytes of the range must not change until the
/// peer has them: see [`Region`]. A server that sends headers, counts, or chooses mechanisms builds an [`Engine`].
///
/// ```
/// use std::fs::File;
/// use std::io::Write;
///
/// use tokio::io::AsyncReadExt;
/// use tokio::net::{TcpListener, TcpStream};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("goods");
/// File::create(&path)?.write_all(b"nobody opens the box")?;
///
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let mut peer = TcpStream::connect(listener.local_addr()?).await?;
/// let (socket, _) = listener.accept().await?;
///
/// let sent = transfer::send_file(&socket, &File::open(&path)?, 7..20).await?;
/// drop(socket);
///
/// let mut received = String::new();
/// peer.read_to_string(&mut received).await?;
/// assert_eq!((sent, received.as_str()), (13, "opens the box"));
/// # Ok(())
/// # }
/// ```
pub async fn send_file(socket: &TcpStream, file: &File, range: Range<u64>) -> Result<u64, SendError> {
    static SHARED: LazyLock<Engine> = LazyLock::new(|| Engine::new(Policy::automatic()).leaving_pages());

    let file = Arc::new(file.try_clone().map_err(SendError::Kernel)?);
    let region = Region::new(file, range.start, range.end.saturating_sub(range.start));
    SHARED.send(socket, Plan::new().file(region), Path::Direct).await
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::Poll;

    use bytes::Bytes;
    use tokio::net::TcpListener;

    use super::*;
    use crate::Part;

    const BYTES: u64 = 20_000;

    #[tokio::test]
    async fn others_go_on_while_a_peer_keeps_up() {
        let engine = Engine::new(Policy::automatic());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (socket, _) = listener.accept().await.unwrap();
        let turns = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&turns);
        let other = tokio::spawn(async move {
            loop {
                counted.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
            }
        });
        // Steps of a few bytes, for which the socket always has room.
        const STEPS: u32 = 600;
        let plan = (0..STEPS * 64).map(|_| Part::Bytes(Bytes::from_static(b"x"))).collect();

        engine.send(&socket, plan, Path::Consumer).await.unwrap();

        assert!(turns.load(Ordering::Relaxed) >= STEPS / (TURN_STEPS + 1));
        other.abort();
    }

    #[tokio::test]
    async fn a_send_that_has_waited_for_the_disk_waits_for_its_turn_and_others_do_not() {
        // A kernel that tells nothing: all has to be brought in first.
        let engine = Engine::with_capabilities(Policy::automatic(), Capabilities::none());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (socket, _) = listener.accept().await.unwrap();
        let file = tempfile::tempfile().unwrap();
        file.set_len(BYTES).unwrap();
        let region = Region::new(Arc::new(file), 0, BYTES);

        let turn = engine.late_turn.acquire().await.unwrap();
        let mut late = pin!(engine.send(&socket, Plan::new().file(region.clone()), Path::Consumer));
        let mut waits_once_more = async || {
            tokio::task::yield_now().await;
            poll_fn(|context| Poll::Ready(late.as_mut().poll(context).is_pending())).await
        };
        while engine.ledger().snapshot().cold.count == 0 {
            assert!(waits_once_more().await);
        }
        assert!(waits_once_more().await, "it has been brought in, and somebody else has the turn");
        let fresh = Plan::new().file(region.fresh());
        assert_eq!(engine.send(&peer, fresh, Path::Consumer).await.unwrap(), BYTES);
        assert!(waits_once_more().await);

        drop(turn);
        assert_eq!(late.await.unwrap(), BYTES);
    }
}
