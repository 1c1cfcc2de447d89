//! Listeners: binding them and accepting connections until the broker stops.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use admin::Open;
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{debug, warn};
use transfer::CongestionControl;

use super::buffer_sizes::BufferSizes;
use super::connection;
use super::limits::Place;
use crate::Broker;
use crate::config::BrokerConfig;

/// How long to wait before accepting again when the system has no file descriptor or memory left for a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A listener that is bound and not yet served.
#[derive(Debug)]
pub(crate) struct BoundListener {
    pub(crate) name: Arc<str>,
    pub(crate) address: SocketAddr,
    socket: TcpListener,
    congestion: CongestionControl,
}

/// The accept loops of a running broker.
#[derive(Debug)]
pub(crate) struct Server {
    stopping: watch::Sender<bool>,
    accepting: JoinSet<()>,
    /// Each connection holds a receiver; when all are gone the last connection has ended.
    connections: watch::Sender<()>,
}

impl BoundListener {
    /// Binds `host:port` with the socket settings of the configuration; port 0 takes any free one.
    pub(crate) async fn bind(name: &str, host: &str, port: u16, config: &BrokerConfig) -> io::Result<Self> {
        let host = if host.is_empty() { "0.0.0.0" } else { host };
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the host name has no address");
        for address in tokio::net::lookup_host((host, port)).await? {
            match listen(address, config) {
                Ok((socket, congestion)) => {
                    let address = socket.local_addr()?;
                    return Ok(Self { name: name.into(), address, socket, congestion });
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

fn listen(address: SocketAddr, config: &BrokerConfig) -> io::Result<(TcpListener, CongestionControl)> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    BufferSizes::of(config).apply_to_listener(&socket)?;
    let congestion = CongestionControl::apply_before_handshake(&socket, config.within_host_unpaced);
    socket.bind(&address.into())?;
    socket.listen(config.socket_listen_backlog_size)?;
    Ok((TcpListener::from_std(socket.into())?, congestion))
}

impl Server {
    /// Accepts connections on `listeners` until stopped.
    pub(crate) fn start(broker: &Arc<Broker>, listeners: Vec<BoundListener>) -> Self {
        let server = Self {
            stopping: watch::Sender::new(false),
            accepting: JoinSet::new(),
            connections: watch::Sender::new(()),
        };
        let mut accepting = JoinSet::new();
        for listener in listeners {
            let loop_of_one = accept(
                Arc::clone(broker),
                listener,
                server.stopping.subscribe(),
                server.connections.subscribe(),
            );
            accepting.spawn(loop_of_one);
        }
        Self { accepting, ..server }
    }

    /// Accepts nothing more, lets connections finish the request they are at, and waits for them at most `grace`.
    pub(crate) async fn stop(self, grace: Duration) {
        self.stopping.send_replace(true);
        self.accepting.join_all().await;
        if tokio::time::timeout(grace, self.connections.closed()).await.is_err() {
            let left = self.connections.receiver_count();
            warn!("{left} connection(s) did not finish their request within {grace:?} and were cut");
        }
    }
}

async fn accept(
    broker: Arc<Broker>,
    listener: BoundListener,
    mut stopping: watch::Receiver<bool>,
    alive: watch::Receiver<()>,
) {
    let sizes = BufferSizes::of(&broker.config());
    loop {
        let next = tokio::select! {
            biased;
            _ = stopping.wait_for(|stopping| *stopping) => return,
            next = next_connection(&broker, &listener) => next,
        };
        let Some((place, socket, peer)) = next else { continue };
        let prepared =
            prepare(&socket, sizes).and_then(|()| listener.congestion.apply_after_handshake(&socket, peer));
        if let Err(error) = prepared {
            debug!(%peer, "connection lost before its first request: {error}");
            continue;
        }
        let open = Open::count(&broker.metrics.connections);
        let serving = connection::serve(
            Arc::clone(&broker),
            socket,
            peer,
            Arc::clone(&listener.name),
            stopping.clone(),
        );
        let alive = alive.clone();
        tokio::spawn(async move {
            serving.await;
            drop((place, alive, open));
        });
    }
}

/// The next connection that may be: while it waits for its place, others wait in the backlog.
async fn next_connection(
    broker: &Broker,
    listener: &BoundListener,
) -> Option<(Place, TcpStream, SocketAddr)> {
    let (socket, peer) = match listener.socket.accept().await {
        Ok(accepted) => accepted,
        Err(error) => {
            warn!(listener = %listener.name, "cannot accept a connection: {error}");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            return None;
        }
    };
    let Some(place) = broker.connection_limits.place(peer.ip()).await else {
        broker.metrics.connections_refused.inc();
        debug!(%peer, "connection refused: the address has as many as max.connections.per.ip allows");
        return None;
    };
    Some((place, socket, peer))
}

fn prepare(socket: &TcpStream, sizes: BufferSizes) -> io::Result<()> {
    socket.set_nodelay(true)?;
    SockRef::from(socket).set_keepalive(true)?;
    sizes.apply_to_connection(socket)
}
