//! One connection: requests are read, handled and answered one after the other, in order, as Kafka does.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::watch;
use tracing::{debug, info};
use transfer::{Path, Plan, SendError};

use super::frames::{FrameError, FrameReader};
use crate::Broker;
use crate::dispatch::{self, Refusal, RequestContext};

/// What a handler wants sent.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The bytes and file regions of a whole response frame.
    Send(Plan),
    /// Nothing: a produce request with `acks=0`.
    Nothing,
}

/// Why a connection came to its end, other than by its peer's wish.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("{0}")]
    Frame(#[from] FrameError),
    #[error("{0}")]
    Refused(#[from] Refusal),
    #[error("{0}")]
    Send(#[from] SendError),
    #[error("idle for {0:?} (connections.max.idle.ms)")]
    Idle(Duration),
}

/// Serves one connection until either side ends it.
pub(crate) async fn serve(
    broker: Arc<Broker>,
    socket: TcpStream,
    peer: SocketAddr,
    listener: Arc<str>,
    stopping: watch::Receiver<bool>,
) {
    debug!(%peer, "connection opened");
    let _looked_after = broker.watch.look_after().await;
    match run(&broker, &socket, peer, listener, stopping).await {
        Ok(()) => debug!(%peer, "connection closed"),
        Err(Ended::Send(error @ (SendError::Peer(_) | SendError::Stalled(_)))) => {
            debug!(%peer, "connection closed: {error}");
        }
        Err(Ended::Frame(FrameError::Socket(error))) => debug!(%peer, "connection closed: {error}"),
        Err(ended @ Ended::Idle(_)) => debug!(%peer, "connection closed: {ended}"),
        Err(ended) => {
            broker.metrics.connections_refused.inc();
            info!(%peer, "connection closed: {ended}");
        }
    }
}

async fn run(
    broker: &Arc<Broker>,
    socket: &TcpStream,
    peer: SocketAddr,
    listener: Arc<str>,
    mut stopping: watch::Receiver<bool>,
) -> Result<(), Ended> {
    let idle = broker.config().connections_max_idle;
    let mut context = RequestContext::new(peer, listener);
    let mut frames = FrameReader::new(Arc::clone(&broker.buffers), broker.config().socket_request_max_bytes);
    loop {
        let next = tokio::select! {
            biased;
            next = tokio::time::timeout(idle, frames.next(socket)) => next,
            _ = stopping.wait_for(|stopping| *stopping), if !frames.has_unread() => return Ok(()),
        };
        let Some(frame) = next.map_err(|_| Ended::Idle(idle))?? else { return Ok(()) };
        let answer = dispatch::answer(broker, &mut context, frame.bytes()).await;
        broker.buffers.give_back(frame);
        if let Answer::Send(plan) = answer? {
            broker.engine.send_unless_stalled(socket, plan, Path::Consumer, idle).await?;
        }
    }
}
