//! One connection: the target is reached, and the two are made one.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use socket2::SockRef;
use tokio::net::TcpStream;
use tracing::{debug, warn};
use transfer::{CongestionControl, Engine, Path, RelayError, Side};

use crate::Counters;
use crate::target::Target;

/// What all connections of a proxy share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) engine: Arc<Engine>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) target: Target,
    /// The listener's, for the clients' connections.
    pub(crate) congestion: CongestionControl,
    pub(crate) idle_timeout: Duration,
}

/// Serves one client, which is set to be reset at its close, until its connection ends.
pub(crate) async fn serve(shared: Arc<Shared>, client: TcpStream, peer: SocketAddr) {
    let _open = shared.counters.opened();
    debug!(%peer, "connection opened");
    let target = match shared.target.connect(client.local_addr().ok()).await {
        Ok(target) => target,
        Err(error) => {
            shared.counters.unreachable();
            warn!(%peer, "connection reset: {error}");
            return;
        }
    };
    relay(&shared, client, target, peer).await;
}

async fn relay(shared: &Shared, client: TcpStream, target: TcpStream, peer: SocketAddr) {
    let prepared = prepare(&client)
        .and_then(|()| shared.congestion.apply_after_handshake(&client, peer))
        .and_then(|()| prepare(&target));
    if let Err(error) = prepared {
        // A socket that is already broken says so to the relay.
        debug!(%peer, "cannot set a socket up: {error}");
    }
    let (to_client_bytes, to_target_bytes) = (AtomicU64::new(0), AtomicU64::new(0));
    let delivered = |side, bytes| {
        shared.counters.delivered(side, bytes);
        let of_connection = match side {
            Side::Left => &to_client_bytes,
            Side::Right => &to_target_bytes,
        };
        of_connection.fetch_add(bytes, Ordering::Relaxed);
    };
    let ended = shared.engine.relay(client, target, Path::Proxy, shared.idle_timeout, delivered).await;
    shared.counters.ended(&ended);
    let (to_client_bytes, to_target_bytes) = (to_client_bytes.into_inner(), to_target_bytes.into_inner());
    match ended {
        Ok(()) => debug!(%peer, to_target_bytes, to_client_bytes, "connection closed"),
        Err(RelayError::Peer { side, source }) => {
            let who = match side {
                Side::Left => "client",
                Side::Right => "target",
            };
            debug!(%peer, to_target_bytes, to_client_bytes, "connection reset: the {who} is gone: {source}");
        }
        Err(error @ RelayError::Idle { .. }) => {
            debug!(%peer, to_target_bytes, to_client_bytes, "connection reset: {error} (--idle-timeout)");
        }
        Err(error @ RelayError::Kernel(_)) => {
            warn!(%peer, to_target_bytes, to_client_bytes, "connection reset: {error}");
        }
    }
}

/// What is passed on is sent when it comes, as its sender wanted it; and a peer that vanished without a word is found out
/// also where the idle limit is long.
fn prepare(socket: &TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    SockRef::from(socket).set_keepalive(true)
}
