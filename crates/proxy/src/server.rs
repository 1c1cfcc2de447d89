//! The listener: accepting connections until the proxy stops.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream, lookup_host};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tracing::warn;
use transfer::{CongestionControl, Engine};

use crate::connection::{self, Shared};
use crate::metrics::{Metrics, StopReceiver};
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
    /// Where `/metrics`, `/healthz` and `/readyz` are served, if anywhere.
    pub admin: Option<HostPort>,
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
    admin: Option<SocketAddr>,
    counters: Arc<Counters>,
    engine: Arc<Engine>,
    /// Tells the server to stop, and what grace it gives to open connections.
    stop: watch::Sender<Option<Duration>>,
    /// Returns how many connections were cut.
    serving: JoinHandle<usize>,
}

impl RunningProxy {
    /// Listens, and accepts connections from now on.
    ///
    /// # Errors
    /// An address cannot be listened on; nothing is served then.
    pub async fn start(config: ProxyConfig, engine: Arc<Engine>) -> Result<Self, StartError> {
        let cannot_listen = |address: &HostPort| {
            let address = address.clone();
            move |source| StartError { address, source }
        };
        let (listener, congestion) = bind(&config.listen).await.map_err(cannot_listen(&config.listen))?;
        let address = listener.local_addr().map_err(cannot_listen(&config.listen))?;
        let admin = match &config.admin {
            Some(address) => Some(admin::bind(&address.to_string()).await.map_err(cannot_listen(address))?),
            None => None,
        };
        let counters = Arc::new(Counters::default());
        let (stop, stopping) = watch::channel(None);
        let admin = admin.map(|(listener, address)| {
            let metrics = Metrics::new(&counters, &engine, stopping.clone());
            tokio::spawn(serve_pages(metrics, listener));
            address
        });
        let shared = Arc::new(Shared {
            engine: Arc::clone(&engine),
            counters: Arc::clone(&counters),
            target: Target::new(config.target, config.connect_timeout),
            congestion,
            idle_timeout: config.idle_timeout,
        });
        let serving = tokio::spawn(accept(shared, listener, config.max_connections, stopping));
        Ok(Self { address, admin, counters, engine, stop, serving })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the admin pages are, if anywhere.
    pub fn admin(&self) -> Option<SocketAddr> {
        self.admin
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
        self.stop.send_replace(Some(grace));
        self.serving.await.unwrap_or_else(|error| {
            warn!("the server ended early: {error}");
            0
        })
    }
}

async fn serve_pages(metrics: Metrics, listener: TcpListener) {
    if let Err(error) = admin::serve(Arc::new(metrics), listener).await {
        warn!("the admin pages are gone: {error}");
    }
}

async fn bind(listen: &HostPort) -> io::Result<(TcpListener, CongestionControl)> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host name has no address");
    for address in lookup_host((listen.host.as_str(), listen.port)).await? {
        match listen_on(address) {
            Ok(bound) => return Ok(bound),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn listen_on(address: SocketAddr) -> io::Result<(TcpListener, CongestionControl)> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    let congestion = CongestionControl::apply_before_handshake(&socket, true);
    socket.bind(address)?;
    Ok((socket.listen(BACKLOG)?, congestion))
}

async fn accept(
    shared: Arc<Shared>,
    listener: TcpListener,
    max_connections: usize,
    mut stop: StopReceiver,
) -> usize {
    let mut connections = JoinSet::new();
    let grace = loop {
        tokio::select! {
            biased;
            grace = told_to_stop(&mut stop) => break grace,
            Some(_) = connections.join_next() => {}
            accepted = next_connection(&listener), if connections.len() < max_connections => {
                if let Some((client, peer)) = accepted {
                    // Until the target answers, an end in order would say that it had nothing to say, whoever closes the
                    // connection. One that is already broken needs no reset.
                    let _ = client.set_zero_linger();
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

/// The grace that is given. Whoever drops the proxy gives none.
async fn told_to_stop(stop: &mut StopReceiver) -> Duration {
    let told = stop.wait_for(Option::is_some).await;
    told.ok().and_then(|grace| *grace).unwrap_or_default()
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

#[cfg(test)]
mod tests {
    use rustix::net::sockopt;

    use super::*;

    #[tokio::test]
    async fn a_client_on_this_host_is_served_without_pacing() {
        let systems = sockopt::tcp_congestion(TcpSocket::new_v4().unwrap()).unwrap();
        let (listener, congestion) = listen_on("127.0.0.1:0".parse().unwrap()).unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (accepted, peer) = listener.accept().await.unwrap();
        congestion.apply_after_handshake(&accepted, peer).unwrap();
        let expected = if systems.starts_with("bbr") { "reno" } else { &systems };
        assert_eq!(sockopt::tcp_congestion(&accepted).unwrap(), expected);
    }
}
