//! The listener: accepting connections until the proxy stops.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream, lookup_host};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};
use tracing::warn;
use transfer::Engine;

use crate::connection::{self, Shared, Unanswered};
use crate::target::Target;
use crate::{Counters, HostPort};

/// How long to wait before accepting again when the system has no file descriptor or memory left for a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Connections that the kernel keeps for us until they are accepted; `net.core.somaxconn` bounds it further.
const BACKLOG: u32 = 4096;

/// What a proxy does.
#[derive(Clone, Debug)]
pub struct ProxyConfig {
    /// Where clients connect.
    pub listen: HostPort,
    /// Where they are connected to. The name is looked up for each of them.
    pub target: HostPort,
    /// How long finding the target and connecting to it may take together.
    pub connect_timeout: Duration,
    /// How long a connection may be without a byte delivered either way.
    pub idle_timeout: Duration,
    /// How many connections there may be.
    pub max_connections: usize,
}

/// A proxy cannot begin.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}")]
pub struct StartError {
    address: HostPort,
    source: io::Error,
}

/// A proxy that accepts connections. Dropping it stops it at once.
#[derive(Debug)]
pub struct RunningProxy {
    address: SocketAddr,
    counters: Arc<Counters>,
    engine: Arc<Engine>,
    /// Tells the server to stop, and what grace it gives to open connections.
    stop: oneshot::Sender<Duration>,
    /// Returns how many connections were cut.
    serving: JoinHandle<usize>,
}

impl RunningProxy {
    /// Listens, and accepts connections from now on.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub async fn start(config: ProxyConfig, engine: Arc<Engine>) -> Result<Self, StartError> {
        let cannot_listen = |source| StartError { address: config.listen.clone(), source };
        let listener = bind(&config.listen).await.map_err(cannot_listen)?;
        let address = listener.local_addr().map_err(cannot_listen)?;
        let counters = Arc::new(Counters::default());
        let shared = Arc::new(Shared {
            engine: Arc::clone(&engine),
            counters: Arc::clone(&counters),
            target: Target::new(config.target, config.connect_timeout),
            idle_timeout: config.idle_timeout,
        });
        let (stop, stopping) = oneshot::channel();
        let serving = tokio::spawn(accept(shared, listener, config.max_connections, stopping));
        Ok(Self { address, counters, engine, stop, serving })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it counts.
    pub fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    /// What moves its bytes.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Accepts nothing more, lets connections go on until they end, at most for `grace`, and resets the rest. Returns how
    /// many those were.
    pub async fn stop(self, grace: Duration) -> usize {
        // The server ends only when it is told to.
        let _ = self.stop.send(grace);
        self.serving.await.unwrap_or_else(|error| {
            warn!("the server ended early: {error}");
            0
        })
    }
}

async fn bind(listen: &HostPort) -> io::Result<TcpListener> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host name has no address");
    for address in lookup_host((listen.host.as_str(), listen.port)).await? {
        match listen_on(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn listen_on(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

async fn accept(
    shared: Arc<Shared>,
    listener: TcpListener,
    max_connections: usize,
    mut stopping: oneshot::Receiver<Duration>,
) -> usize {
    let mut connections = JoinSet::new();
    let grace = loop {
        tokio::select! {
            biased;
            // Whoever drops the proxy gives no grace.
            grace = &mut stopping => break grace.unwrap_or_default(),
            Some(_) = connections.join_next() => {}
            accepted = next_connection(&listener), if connections.len() < max_connections => {
                if let Some((client, peer)) = accepted {
                    let client = Unanswered::new(client);
                    connections.spawn(connection::serve(Arc::clone(&shared), client, peer));
                }
            }
        }
    };
    drop(listener);
    let all_ended = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(grace, all_ended).await;
    let cut = connections.len();
    // A connection that is abandoned is reset.
    connections.shutdown().await;
    cut
}

async fn next_connection(listener: &TcpListener) -> Option<(TcpStream, SocketAddr)> {
    match listener.accept().await {
        Ok(accepted) => Some(accepted),
        Err(error) => {
            warn!("cannot accept a connection: {error}");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}
