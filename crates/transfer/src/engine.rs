//! How does a plan get down a socket, start to end?

use std::fs::File;
use std::ops::Range;
use std::os::fd::AsFd;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::passing::Lease;
use crate::sending::{Means, Sending, Step};
use crate::warm::WarmPool;
use crate::{Capabilities, Ledger, Path, Plan, Policy, Region, SendError};

/// Sends plans: a policy, what the kernel offers, the ledger, and the threads for cold files.
///
/// One engine serves all connections of a process; share it in an [`Arc`].
#[derive(Debug)]
pub struct Engine {
    policy: Policy,
    capabilities: Capabilities,
    ledger: Ledger,
    warm: WarmPool,
}

impl Engine {
    /// An engine for this kernel.
    pub fn new(policy: Policy) -> Self {
        Self::with_capabilities(policy, Capabilities::probe())
    }

    /// An engine that uses no more than `capabilities`, whatever the kernel has.
    pub fn with_capabilities(policy: Policy, capabilities: Capabilities) -> Self {
        Self { policy, capabilities, ledger: Ledger::new(), warm: WarmPool::default() }
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
    /// Nobody else may write to the socket meanwhile.
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
        let means = Means {
            policy: &self.policy,
            capabilities: &self.capabilities,
            ledger: &self.ledger,
            warm: &self.warm,
        };
        let mut sending = Sending::new(means, plan, path);
        while !sending.is_done() {
            // A peer that does not read causes no reads of the disk: the step looks for cold pages only when the
            // socket has room.
            let stepping = socket.async_io(Interest::WRITABLE, || sending.step(socket.as_fd()));
            let step = match patience {
                None => stepping.await,
                Some(patience) => {
                    timeout(patience, stepping).await.map_err(|_| SendError::Stalled(patience))?
                }
            };
            match step.map_err(SendError::Kernel)?? {
                Step::Moved => {}
                Step::Cold(region) => {
                    let lease = self.bring_in(&region).await;
                    sending.brought_in(&region, lease);
                }
            }
        }
        Ok(len)
    }

    async fn bring_in(&self, region: &Region) -> Option<Lease> {
        let asked = Instant::now();
        let lease = self.warm.bring_in(region.clone()).await;
        self.ledger.add_cold_wait(region.len(), asked.elapsed());
        lease
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
    static SHARED: LazyLock<Engine> = LazyLock::new(|| Engine::new(Policy::automatic()));

    let file = Arc::new(file.try_clone().map_err(SendError::Kernel)?);
    let region = Region::new(file, range.start, range.end.saturating_sub(range.start));
    SHARED.send(socket, Plan::new().file(region), Path::Direct).await
}
