//! One connection: requests are read and answered one after the other, as HTTP/1.1 demands, however many come at once.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tracing::debug;
use transfer::{Path, SendError};

use crate::answer::Answer;
use crate::limit::Limit;
use crate::request::{self, Manner, Received};
use crate::server::Shared;
use crate::status::Status;

/// How long a connection may stay without a request.
const IDLE: Duration = Duration::from_secs(75);

/// How long the head of a request may take, from its first byte to its last.
const HEAD: Duration = Duration::from_secs(30);

/// How long a client may read nothing of its answer.
const STALLED: Duration = Duration::from_secs(60);

/// After the last answer, what a client still sends is thrown away for as long as this: closing at once would make the
/// system tell it of a reset, and the answer might be lost (RFC 9112, section 9.6).
const LINGER: Duration = Duration::from_secs(5);

/// Room for a read. Most heads fit, and so much memory comes from the allocator's cache for small pieces, also glibc's.
const READ_BYTES: usize = 1024;

/// Why a connection came to its end, other than by its client's wish.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("{0}")]
    Socket(#[from] io::Error),
    #[error("{0}")]
    Send(#[from] SendError),
    #[error("no request within {IDLE:?}")]
    Idle,
    #[error("no whole head within {HEAD:?}")]
    SlowHead,
}

/// A client's side of a connection.
struct Client<'a> {
    server: &'a Shared,
    socket: TcpStream,
    peer: SocketAddr,
    /// What has come and was not answered yet.
    unread: BytesMut,
    limit: Limit,
}

/// Serves one connection until either side ends it.
pub(crate) async fn serve(
    server: Arc<Shared>,
    socket: TcpStream,
    peer: SocketAddr,
    stopping: watch::Receiver<bool>,
) {
    let limit = Limit::new(IDLE);
    let mut client = Client { server: &server, socket, peer, unread: BytesMut::new(), limit };
    match client.run(stopping).await {
        Ok(()) => debug!(%peer, "connection closed"),
        Err(ended) => {
            if matches!(ended, Ended::SlowHead | Ended::Send(SendError::Stalled(_))) {
                server.metrics.timeouts.inc();
            }
            debug!(%peer, "connection closed: {ended}");
        }
    }
}

impl Client<'_> {
    async fn run(&mut self, mut stopping: watch::Receiver<bool>) -> Result<(), Ended> {
        let mut stop = pin!(async move {
            let _ = stopping.wait_for(|stopping| *stopping).await;
        });
        loop {
            let next = tokio::select! {
                biased;
                next = self.next() => next,
                // Between two requests; one that has begun is waited for.
                () = &mut stop => match self.unread.is_empty() {
                    true => Ok(None),
                    false => self.next().await,
                },
            };
            let (len, manner, request) = match next {
                Ok(Some(Received { len, manner, request })) => (len, manner, request),
                Ok(None) => return Ok(()),
                Err(Ended::SlowHead) => {
                    self.send(
                        Answer::of_status(Status::REQUEST_TIMEOUT),
                        Manner::default(),
                        self.unread.len(),
                    )
                    .await?;
                    return Err(Ended::SlowHead);
                }
                Err(ended) => return Err(ended),
            };
            let manner = Manner { keep_alive: manner.keep_alive && !self.server.is_stopping(), ..manner };
            let answer = match &request {
                Ok(request) => self.server.site.answer(request).await,
                Err(status) => Answer::of_status(*status),
            };
            self.send(answer, manner, len).await?;
            if !manner.keep_alive {
                return Ok(self.linger().await?);
            }
        }
    }

    /// Reads until there is a whole head; `None` if the client has no more requests. May be dropped, and called again: what
    /// was read is kept.
    async fn next(&mut self) -> Result<Option<Received>, Ended> {
        let mut has_begun = false;
        self.limit.set(IDLE);
        loop {
            if !self.unread.is_empty() {
                if let Some(received) = request::parse(&self.unread) {
                    return Ok(Some(received));
                }
                if !has_begun {
                    has_begun = true;
                    self.limit.set(HEAD);
                }
            } else {
                // Whoever waits for a request holds no buffer.
                self.unread = BytesMut::new();
            }
            let read = tokio::select! {
                biased;
                read = read(&mut self.socket, &mut self.unread) => read?,
                () = self.limit.reached() => {
                    return Err(if has_begun { Ended::SlowHead } else { Ended::Idle });
                }
            };
            if read == 0 {
                return Ok(None);
            }
        }
    }

    /// Sends the answer to the head of `len` bytes at the front of what was read, and is done with that.
    async fn send(&mut self, answer: Answer, manner: Manner, len: usize) -> Result<(), Ended> {
        let told = self.server.access_log.is_some().then(|| request::told(&self.unread[..len]));
        self.unread.advance(len);
        let status = answer.status;
        let (plan, body_bytes) = answer.into_plan(manner);
        self.server.metrics.answered(status);
        let sent = self.server.engine.send_unless_stalled(&self.socket, plan, Path::Http, STALLED).await;
        if let (Some(log), Some(told)) = (&self.server.access_log, told) {
            // Of an answer that was not taken to its end nobody knows how much was.
            let body_bytes = if sent.is_ok() { body_bytes } else { 0 };
            if !log.add(self.peer.ip(), &told, status, body_bytes) {
                self.server.metrics.log_lines_lost.inc();
            }
        }
        sent?;
        Ok(())
    }

    /// Ends the connection so that its last answer arrives.
    async fn linger(&mut self) -> io::Result<()> {
        self.socket.shutdown().await?;
        let socket = &mut self.socket;
        let until_closed = async move {
            let mut thrown_away = [0; 1_024];
            while socket.read(&mut thrown_away).await? > 0 {}
            io::Result::Ok(())
        };
        tokio::time::timeout(LINGER, until_closed).await.unwrap_or(Ok(()))
    }
}

/// Reads what there is. Room is made when something has come, and not for those who wait.
async fn read(socket: &mut TcpStream, into: &mut BytesMut) -> io::Result<usize> {
    if into.is_empty() {
        // Cheaper than `readable`: this connection's only reader needs no place in a list.
        poll_fn(|context| socket.poll_read_ready(context)).await?;
    }
    into.reserve(READ_BYTES);
    socket.read_buf(into).await
}
