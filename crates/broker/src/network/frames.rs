//! Reading request frames off a socket: a 4-byte big-endian length, then that many bytes.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BufMut, BytesMut};
use tokio::io::Interest;
use tokio::net::TcpStream;

use super::buffers::{Frame, FrameBuffer, RequestBuffers, SMALL_FRAME_BYTES};

/// How long a peer that has begun a large frame may send nothing while others wait for the memory it holds.
const STALLED_FRAME: Duration = Duration::from_secs(5);

/// Bytes of the length that goes before each frame.
const LENGTH_BYTES: usize = 4;

/// The reading half of a connection.
#[derive(Debug)]
pub(crate) struct FrameReader {
    buffers: Arc<RequestBuffers>,
    max_frame_bytes: usize,
    /// What has been read and not yet been handed out; always shorter than a small frame and its length.
    unread: BytesMut,
}

/// Why no further frame comes.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FrameError {
    /// The length is no length of a request.
    #[error("frame of {length} bytes, expected 1 to {limit} (socket.request.max.bytes)")]
    BadLength {
        /// What the peer sent.
        length: i32,
        /// The largest that is accepted.
        limit: usize,
    },
    /// The peer closed its side in the middle of a frame.
    #[error("connection closed after {got} of {expected} bytes of a frame")]
    Truncated {
        /// Bytes that came.
        got: usize,
        /// Bytes that were announced.
        expected: usize,
    },
    /// The peer holds memory that others wait for and sends nothing.
    #[error(
        "nothing came for {STALLED_FRAME:?} after {got} of {expected} bytes of a frame while others wait for memory"
    )]
    Stalled {
        /// Bytes that came.
        got: usize,
        /// Bytes that were announced.
        expected: usize,
    },
    /// The socket failed.
    #[error(transparent)]
    Socket(#[from] io::Error),
}

impl FrameReader {
    /// A reader that takes the memory of large frames from `buffers`.
    pub(crate) fn new(buffers: Arc<RequestBuffers>, max_frame_bytes: usize) -> Self {
        Self { buffers, max_frame_bytes, unread: BytesMut::new() }
    }

    /// The next frame without its length; `None` when the peer has closed the connection between two frames.
    ///
    /// Cancel safe until the first byte of a large frame has been read: a caller that gives up closes the connection.
    pub(crate) async fn next(&mut self, socket: &TcpStream) -> Result<Option<Frame>, FrameError> {
        let length = loop {
            if let Some(length) = self.announced_length()? {
                break length;
            }
            if !self.read_more(socket).await? {
                return match self.unread.len() {
                    0 => Ok(None),
                    got => Err(FrameError::Truncated { got, expected: LENGTH_BYTES }),
                };
            }
        };
        self.unread.advance(LENGTH_BYTES);
        if length <= SMALL_FRAME_BYTES {
            while self.unread.len() < length {
                if !self.read_more(socket).await? {
                    return Err(FrameError::Truncated { got: self.unread.len(), expected: length });
                }
            }
            return Ok(Some(Frame::small(self.unread.split_to(length).freeze())));
        }
        self.large(socket, length).await.map(Some)
    }

    /// Whether a whole frame, or its beginning, is already in memory.
    pub(crate) fn has_unread(&self) -> bool {
        !self.unread.is_empty()
    }

    fn announced_length(&self) -> Result<Option<usize>, FrameError> {
        let Some(&prefix) = self.unread.first_chunk::<LENGTH_BYTES>() else { return Ok(None) };
        let length = i32::from_be_bytes(prefix);
        match usize::try_from(length) {
            Ok(bytes) if (1..=self.max_frame_bytes).contains(&bytes) => Ok(Some(bytes)),
            _ => Err(FrameError::BadLength { length, limit: self.max_frame_bytes }),
        }
    }

    /// One read into the small buffer; `false` at the end of the stream.
    async fn read_more(&mut self, socket: &TcpStream) -> io::Result<bool> {
        loop {
            self.unread.reserve((SMALL_FRAME_BYTES + LENGTH_BYTES).saturating_sub(self.unread.len()));
            match try_read(socket, &mut self.unread) {
                Ok(count) => return Ok(count > 0),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    // A connection that waits for its peer keeps no memory for it.
                    if self.unread.is_empty() {
                        self.unread = BytesMut::new();
                    }
                    socket.readable().await?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn large(&mut self, socket: &TcpStream, length: usize) -> Result<Frame, FrameError> {
        // Memory is promised only to a peer that has sent a small frame's worth of the large one.
        while self.unread.len() < SMALL_FRAME_BYTES {
            if !self.read_more(socket).await? {
                return Err(FrameError::Truncated { got: self.unread.len(), expected: length });
            }
        }
        let mut frame = self.buffers.take(length).await;
        let known = self.unread.len().min(length);
        frame.bytes.extend_from_slice(&self.unread[..known]);
        self.unread.advance(known);
        while frame.bytes.len() < length {
            self.fill(socket, &mut frame, length).await?;
        }
        Ok(frame.freeze())
    }

    /// One read into a large frame, never beyond its end.
    async fn fill(
        &self,
        socket: &TcpStream,
        frame: &mut FrameBuffer,
        length: usize,
    ) -> Result<(), FrameError> {
        let got = frame.bytes.len();
        let mut rest = (&mut frame.bytes).limit(length - got);
        loop {
            match try_read(socket, &mut rest) {
                Ok(0) => return Err(FrameError::Truncated { got, expected: length }),
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    match tokio::time::timeout(STALLED_FRAME, socket.readable()).await {
                        Ok(ready) => ready?,
                        Err(_) if self.buffers.contended() => {
                            return Err(FrameError::Stalled { got, expected: length });
                        }
                        Err(_) => {}
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// One read of what there is. A short one has emptied the socket: that is noted here, where another read would only be told
/// so, having waited for whoever is just handing the socket more.
fn try_read(socket: &TcpStream, into: &mut impl BufMut) -> io::Result<usize> {
    let room = into.chunk_mut().len();
    let mut read = Err(io::ErrorKind::WouldBlock.into());
    // Tokio waits for the next bytes when it is told that there are none.
    let _ = socket.try_io(Interest::READABLE, || {
        read = socket.try_read_buf(into);
        match &read {
            Ok(count) if *count < room => Err(io::ErrorKind::WouldBlock.into()),
            Ok(_) | Err(_) => Ok(()),
        }
    });
    read
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use bytes::Bytes;
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::*;

    const LARGE: usize = 300_000;

    /// A reader, its socket, and the peer's.
    async fn connection() -> (FrameReader, TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (socket, _) = listener.accept().await.unwrap();
        // The budget has room for one large frame.
        (FrameReader::new(Arc::new(RequestBuffers::new(LARGE)), LARGE), socket, peer)
    }

    fn framed(bytes: &[u8]) -> Vec<u8> {
        [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
    }

    fn counting_up(bytes: usize) -> Vec<u8> {
        (0..bytes).map(|at| (at % 251) as u8).collect()
    }

    async fn next(frames: &mut FrameReader, socket: &TcpStream) -> Bytes {
        let frame = frames.next(socket).await.unwrap().unwrap();
        let bytes = Bytes::copy_from_slice(&frame.bytes());
        frames.buffers.give_back(frame);
        bytes
    }

    /// From now on somebody waits for the memory of a large frame.
    fn contend(buffers: &Arc<RequestBuffers>) {
        let buffers = Arc::clone(buffers);
        tokio::spawn(async move { drop(buffers.take(LARGE).await) });
    }

    #[tokio::test]
    async fn frames_that_follow_each_other_closely_come_out_one_by_one() {
        let (mut frames, socket, mut peer) = connection().await;
        let sent = [LARGE, 5, 20_000, SMALL_FRAME_BYTES, 100_000, 70_000, 1].map(counting_up);
        let stream = sent.iter().flat_map(|frame| framed(frame)).collect::<Vec<_>>();
        let writing = tokio::spawn(async move { peer.write_all(&stream).await.map(|()| peer) });
        for frame in &sent {
            assert!(next(&mut frames, &socket).await == frame);
        }
        drop(writing.await.unwrap().unwrap());
        assert!(frames.next(&socket).await.unwrap().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_stops_in_a_large_frame_is_left_alone_until_others_need_its_memory() {
        let (mut frames, socket, mut peer) = connection().await;
        let buffers = Arc::clone(&frames.buffers);
        peer.write_all(&framed(&counting_up(LARGE))[..LARGE / 2]).await.unwrap();
        let a_while = STALLED_FRAME * 10;
        let mut reading = pin!(frames.next(&socket));
        assert!(tokio::time::timeout(a_while, &mut reading).await.is_err());
        contend(&buffers);
        let ended = tokio::time::timeout(a_while, reading).await.unwrap();
        assert!(matches!(ended, Err(FrameError::Stalled { got, expected: LARGE }) if got > 0), "{ended:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_sends_slowly_is_not_taken_for_one_that_has_stopped() {
        let (mut frames, socket, mut peer) = connection().await;
        let buffers = Arc::clone(&frames.buffers);
        let large = counting_up(LARGE);
        let stream = framed(&large);
        let sending = async {
            for part in stream.chunks(LARGE / 7) {
                peer.write_all(part).await.unwrap();
                tokio::time::sleep(STALLED_FRAME / 2).await;
                contend(&buffers);
            }
        };
        let (read, ()) = tokio::join!(next(&mut frames, &socket), sending);
        assert!(read == large);
    }
}
