//! What the tests of relays share: two peers with a relay between them, and bytes to send.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use transfer::{Engine, Path, RelayError, Side};

/// Longer than any test.
pub(crate) const NEVER: Duration = Duration::from_secs(3_600);

/// The sizes of the kernel's socket buffers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Buffers {
    /// As the system has them.
    Usual,
    /// A few KiB fill them.
    Tiny,
}

/// Smaller ones make loopback wait for its timers: they are less than a packet of it.
pub(crate) const TINY_BYTES: u32 = 64 * 1024;

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

pub(crate) async fn socket_pair(buffers: Buffers) -> (TcpStream, TcpStream) {
    let listening = TcpSocket::new_v4().unwrap();
    let connecting = TcpSocket::new_v4().unwrap();
    if let Buffers::Tiny = buffers {
        for socket in [&listening, &connecting] {
            socket.set_send_buffer_size(TINY_BYTES).unwrap();
            socket.set_recv_buffer_size(TINY_BYTES).unwrap();
        }
    }
    listening.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = listening.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let (accepted, connected) = tokio::join!(listener.accept(), connecting.connect(address));
    (accepted.unwrap().0, connected.unwrap())
}

/// xorshift64: numbers that look random and are the same for the same seed.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(seed | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// From 1 to `max`, small ones as often as large ones.
    fn size(&mut self, max: usize) -> usize {
        let bits = self.next() % (u64::from(max.ilog2()) + 1);
        (1 + (self.next() % (2 << bits)) as usize).min(max)
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(len + 8);
        while bytes.len() < len {
            bytes.extend_from_slice(&self.next().to_le_bytes());
        }
        bytes.truncate(len);
        bytes
    }
}

/// Sends `bytes` in pieces of all sizes and ends the stream.
pub(crate) async fn send_in_pieces(mut peer: impl AsyncWrite + Unpin, bytes: &[u8], mut numbers: Numbers) {
    let mut rest = bytes;
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(numbers.size(300_000).min(rest.len()));
        peer.write_all(piece).await.unwrap();
        rest = behind;
        tokio::task::yield_now().await;
    }
    peer.shutdown().await.unwrap();
}

/// Receives in pieces of all sizes until the stream ends.
pub(crate) async fn receive_in_pieces(mut peer: impl AsyncRead + Unpin, mut numbers: Numbers) -> Vec<u8> {
    let mut received = Vec::new();
    loop {
        let size = numbers.size(300_000) as u64;
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

/// Fails with the place of the first difference instead of megabytes of bytes.
#[track_caller]
pub(crate) fn assert_same_bytes(received: &[u8], expected: &[u8]) {
    let same = received.iter().zip(expected).take_while(|(a, b)| a == b).count();
    assert!(
        received == expected,
        "{} bytes received, {} expected, the first difference at byte {same}",
        received.len(),
        expected.len()
    );
}
