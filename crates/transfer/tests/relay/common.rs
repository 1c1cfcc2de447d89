//! What the tests of relays share: two peers with a relay between them, and bytes to send.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use transfer::{Engine, Path, RelayError, Side};

pub(crate) use crate::noise::Noise;
pub(crate) use crate::sockets::{Buffers, TINY_BYTES, assert_same_bytes, socket_pair};

/// Longer than any test.
pub(crate) const NEVER: Duration = Duration::from_secs(3_600);

/// Two peers and the relay between them.
pub(crate) struct Passage {
    /// The left peer's own end of its connection.
    pub(crate) left: TcpStream,
    pub(crate) right: TcpStream,
    pub(crate) relay: JoinHandle<Result<(), RelayError>>,
    pub(crate) delivered: Arc<Delivered>,
}

/// Bytes by the side that got them.
#[derive(Default)]
pub(crate) struct Delivered {
    pub(crate) to_left: AtomicU64,
    pub(crate) to_right: AtomicU64,
}

impl Delivered {
    pub(crate) fn both(&self) -> [u64; 2] {
        [&self.to_left, &self.to_right].map(|bytes| bytes.load(Ordering::Relaxed))
    }
}

impl Passage {
    pub(crate) async fn open(engine: &Arc<Engine>, buffers: Buffers, idle_limit: Duration) -> Self {
        let ((left, near), (far, right)) = (socket_pair(buffers).await, socket_pair(buffers).await);
        let (engine, delivered) = (Arc::clone(engine), Arc::new(Delivered::default()));
        let count = {
            let delivered = Arc::clone(&delivered);
            move |side, bytes| {
                let counter = match side {
                    Side::Left => &delivered.to_left,
                    Side::Right => &delivered.to_right,
                };
                counter.fetch_add(bytes, Ordering::Relaxed);
            }
        };
        let relay =
            tokio::spawn(async move { engine.relay(near, far, Path::Proxy, idle_limit, count).await });
        Self { left, right, relay, delivered }
    }
}

/// From 1 to `max`, small ones as often as large ones.
fn size(numbers: &mut Noise, max: usize) -> usize {
    let bits = numbers.next() % (u64::from(max.ilog2()) + 1);
    (1 + (numbers.next() % (2 << bits)) as usize).min(max)
}

/// Sends `bytes` in pieces of all sizes and ends the stream.
pub(crate) async fn send_in_pieces(mut peer: impl AsyncWrite + Unpin, bytes: &[u8], mut numbers: Noise) {
    let mut rest = bytes;
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(size(&mut numbers, 300_000).min(rest.len()));
        peer.write_all(piece).await.unwrap();
        rest = behind;
        tokio::task::yield_now().await;
    }
    peer.shutdown().await.unwrap();
}

/// Receives in pieces of all sizes until the stream ends.
pub(crate) async fn receive_in_pieces(mut peer: impl AsyncRead + Unpin, mut numbers: Noise) -> Vec<u8> {
    let mut received = Vec::new();
    loop {
        let size = size(&mut numbers, 300_000) as u64;
        if (&mut peer).take(size).read_to_end(&mut received).await.unwrap() == 0 {
            return received;
        }
        tokio::task::yield_now().await;
    }
}

/// Receives until the peer's stream comes to any end, and says which.
pub(crate) async fn receive_to_any_end(mut peer: impl AsyncRead + Unpin) -> (Vec<u8>, io::Result<()>) {
    let mut received = Vec::new();
    let end = peer.read_to_end(&mut received).await.map(drop);
    (received, end)
}

#[track_caller]
pub(crate) fn assert_reset(end: &io::Result<()>) {
    assert!(
        end.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::ConnectionReset),
        "expected a reset, not {end:?}"
    );
}
