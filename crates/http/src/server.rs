//! The server as a whole: how it starts, accepts connections and stops.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use admin::{Open, Operated};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};
use tracing::{debug, warn};
use transfer::{CongestionControl, Engine};

use crate::access_log::AccessLog;
use crate::answer::Site;
use crate::connection;
use crate::metrics::Metrics;
use crate::root::Root;
use crate::settings::{LogTo, Settings};

/// Connections that wait to be accepted; the kernel takes the smaller of this and `net.core.somaxconn`.
const BACKLOG: i32 = 4_096;

/// How long to wait before accepting again when the system has no file descriptor or memory left for a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long connections may take to finish the answer they are at when the server stops.
const STOP_GRACE: Duration = Duration::from_secs(10);

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The root is no folder that can be read.
    #[error("cannot serve {}: {source}", path.display())]
    Root {
        /// The root.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address as it was given.
        address: String,
        /// The system's reason.
        source: io::Error,
    },
    /// The access log cannot be written.
    #[error("cannot write the access log {}: {source}", path.display())]
    AccessLog {
        /// The log.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) site: Site,
    pub(crate) engine: Arc<Engine>,
    pub(crate) metrics: Metrics,
    pub(crate) access_log: Option<AccessLog>,
    stopping: watch::Sender<bool>,
}

/// A server that serves clients until it is stopped.
#[derive(Debug)]
pub struct RunningServer {
    shared: Arc<Shared>,
    address: SocketAddr,
    admin: Option<SocketAddr>,
    /// Returns the connections that are open when the server stops.
    accepting: JoinHandle<JoinSet<()>>,
}

impl Shared {
    pub(crate) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }
}

impl Operated for Shared {
    fn metrics(&self) -> Result<String, fmt::Error> {
        self.metrics.text()
    }

    fn is_stopping(&self) -> bool {
        Self::is_stopping(self)
    }

    async fn stopping(&self) {
        let _ = self.stopping.subscribe().wait_for(|stopping| *stopping).await;
    }
}

impl RunningServer {
    /// Starts to serve.
    ///
    /// # Errors
    /// [`StartError`]; nothing is served then.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        let root = Root::open(&settings.root)
            .map_err(|source| StartError::Root { path: settings.root.clone(), source })?;
        let access_log = settings.access_log.as_ref().map(open_log).transpose()?;
        let listen_error = |address: &str| {
            let address = address.to_owned();
            move |source| StartError::Listen { address, source }
        };
        let (listener, congestion) = bind(&settings.listen).await.map_err(listen_error(&settings.listen))?;
        let address = listener.local_addr().map_err(listen_error(&settings.listen))?;
        let admin = match &settings.admin {
            Some(address) => Some(admin::bind(address).await.map_err(listen_error(address))?),
            None => None,
        };
        let engine = Arc::new(Engine::new(settings.policy).leaving_pages());
        let shared = Arc::new(Shared {
            site: Site {
                root: Arc::new(root),
                listing: settings.listing,
                precompressed: settings.precompressed,
            },
            metrics: Metrics::new(&engine),
            engine,
            access_log,
            stopping: watch::Sender::new(false),
        });
        let admin = admin.map(|(listener, address)| {
            let pages = admin::serve(Arc::clone(&shared), listener);
            tokio::spawn(async move {
                if let Err(error) = pages.await {
                    warn!("the admin pages are gone: {error}");
                }
            });
            address
        });
        let places = Arc::new(Semaphore::new(settings.connections_max));
        let accepting = tokio::spawn(accept(Arc::clone(&shared), (listener, congestion), places));
        Ok(Self { shared, address, admin, accepting })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the admin pages are, if anywhere.
    pub fn admin(&self) -> Option<SocketAddr> {
        self.admin
    }

    /// What sends the files.
    pub fn engine(&self) -> &Engine {
        &self.shared.engine
    }

    /// Accepts nothing more, lets answers finish for at most ten seconds, and closes what is left.
    pub async fn stop(self) {
        self.shared.stopping.send_replace(true);
        let mut connections = match self.accepting.await {
            Ok(connections) => connections,
            Err(error) => return warn!("the server ended early: {error}"),
        };
        let all_ended = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_GRACE, all_ended).await.is_err() {
            let left = connections.len();
            warn!("{left} connection(s) did not take their answer within {STOP_GRACE:?} and are cut");
            connections.shutdown().await;
        }
    }
}

fn open_log(to: &LogTo) -> Result<AccessLog, StartError> {
    AccessLog::open(to).map_err(|source| {
        let path = match to {
            LogTo::Stdout => PathBuf::from("-"),
            LogTo::File(path) => path.clone(),
        };
        StartError::AccessLog { path, source }
    })
}

async fn bind(address: &str) -> io::Result<(TcpListener, CongestionControl)> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host name has no address");
    for address in tokio::net::lookup_host(address).await? {
        match listen(address) {
            Ok(bound) => return Ok(bound),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn listen(address: SocketAddr) -> io::Result<(TcpListener, CongestionControl)> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    let congestion = CongestionControl::apply_before_handshake(&socket, true);
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok((TcpListener::from_std(socket.into())?, congestion))
}

async fn accept(
    shared: Arc<Shared>,
    (listener, congestion): (TcpListener, CongestionControl),
    places: Arc<Semaphore>,
) -> JoinSet<()> {
    let mut connections = JoinSet::new();
    let mut stopping = shared.stopping.subscribe();
    loop {
        let next = tokio::select! {
            biased;
            _ = stopping.wait_for(|stopping| *stopping) => return connections,
            Some(_) = connections.join_next() => continue,
            next = next_connection(&listener, &places) => next,
        };
        let Some((place, socket, peer)) = next else { continue };
        let prepared =
            socket.set_nodelay(true).and_then(|()| congestion.apply_after_handshake(&socket, peer));
        if let Err(error) = prepared {
            debug!(%peer, "connection lost before its first request: {error}");
            continue;
        }
        let open = Open::count(&shared.metrics.connections);
        let serving = connection::serve(Arc::clone(&shared), socket, peer, stopping.clone());
        connections.spawn(async move {
            serving.await;
            drop((place, open));
        });
    }
}

/// The next connection that there is a place for: until then it waits in the backlog.
async fn next_connection(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(tokio::sync::OwnedSemaphorePermit, TcpStream, SocketAddr)> {
    // The semaphore is never closed.
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((socket, peer)) => Some((place, socket, peer)),
        Err(error) => {
            warn!("cannot accept a connection: {error}");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}
