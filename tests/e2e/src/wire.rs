//! Raw frames: for what no client library would ever send.
//!
//! A frame is an i32 length and that many bytes; a request begins with its API key, version and correlation id
//! (<https://kafka.apache.org/protocol#protocol_messages>).

use std::io::{self, Read, Write};
use std::net::TcpStream;

use crate::wait::DEADLINE;

/// API keys that tests use by hand.
pub mod api {
    /// Produce.
    pub const PRODUCE: i16 = 0;
    /// Fetch.
    pub const FETCH: i16 = 1;
    /// Metadata.
    pub const METADATA: i16 = 3;
    /// FindCoordinator.
    pub const FIND_COORDINATOR: i16 = 10;
    /// ApiVersions.
    pub const API_VERSIONS: i16 = 18;
}

/// A connection to a broker on which any bytes can be sent.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
}

/// What became of a request.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The broker answered: the bytes after the correlation id.
    Answer(Vec<u8>),
    /// The broker closed the connection.
    Closed,
}

impl Connection {
    /// Connects to `address`; no call on the connection waits longer than [`DEADLINE`].
    ///
    /// # Errors
    ///
    /// When nobody listens there.
    pub fn open(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        stream.set_write_timeout(Some(DEADLINE))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream })
    }

    /// The socket itself.
    pub fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Sends bytes as they are. A peer that closes meanwhile is no error: what it says is in [`outcome`](Self::outcome).
    pub fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// Sends a request of `api` at `version` with a header of version 1 and waits for what becomes of it.
    ///
    /// # Panics
    ///
    /// When neither an answer nor an end comes within [`DEADLINE`].
    pub fn request(&mut self, api: i16, version: i16, body: &[u8]) -> Outcome {
        self.send(&frame(api, version, body));
        self.outcome()
    }

    /// What becomes of the request that was sent.
    ///
    /// # Panics
    ///
    /// When neither an answer nor an end comes within [`DEADLINE`], or the answer is not to [`CORRELATION_ID`].
    pub fn outcome(&mut self) -> Outcome {
        match self.read_frame() {
            Ok(answer) => {
                let (id, body) = answer.split_at_checked(4).expect("an answer begins with a correlation id");
                assert_eq!(id, CORRELATION_ID.to_be_bytes(), "the answer is to another request");
                Outcome::Answer(body.to_vec())
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                panic!("neither an answer nor an end within {} s", DEADLINE.as_secs())
            }
            Err(_) => Outcome::Closed,
        }
    }

    /// How many brokers the Metadata answer (version 1) lists.
    ///
    /// # Errors
    ///
    /// What became of the request instead.
    pub fn broker_count(&mut self) -> Result<i32, Outcome> {
        // An empty array of topics asks for none.
        match self.request(api::METADATA, 1, &0_i32.to_be_bytes()) {
            Outcome::Answer(body) => {
                let count = body.first_chunk().copied().ok_or(Outcome::Closed)?;
                Ok(i32::from_be_bytes(count))
            }
            Outcome::Closed => Err(Outcome::Closed),
        }
    }

    fn read_frame(&mut self) -> io::Result<Vec<u8>> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length)?;
        let length = usize::try_from(i32::from_be_bytes(length)).map_err(io::Error::other)?;
        let mut frame = vec![0; length];
        self.stream.read_exact(&mut frame)?;
        Ok(frame)
    }
}

/// The correlation id of every request that [`frame`] makes.
pub const CORRELATION_ID: i32 = 0x0c0f_fee0;

/// The frame of a request with a header of version 1 and a null client id.
pub fn frame(api: i16, version: i16, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(i32::try_from(10 + body.len()).expect("a frame of less than 2 GiB").to_be_bytes());
    bytes.extend(api.to_be_bytes());
    bytes.extend(version.to_be_bytes());
    bytes.extend(CORRELATION_ID.to_be_bytes());
    bytes.extend((-1_i16).to_be_bytes());
    bytes.extend(body);
    bytes
}

fn put_name(body: &mut Vec<u8>, topic: &str) {
    body.extend(i16::try_from(topic.len()).expect("a topic's name").to_be_bytes());
    body.extend(topic.as_bytes());
}

/// The body of a Produce request (version 7, `acks=1`) with the same batch for several partitions of `topic`.
pub fn produce(topic: &str, partitions: &[i32], batch: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    body.extend((-1_i16).to_be_bytes()); // no transactional id
    body.extend(1_i16.to_be_bytes()); // acks
    body.extend(30_000_i32.to_be_bytes()); // timeout_ms
    body.extend(1_i32.to_be_bytes()); // topics
    put_name(&mut body, topic);
    body.extend(i32::try_from(partitions.len()).expect("partitions").to_be_bytes());
    for partition in partitions {
        body.extend(partition.to_be_bytes());
        body.extend(i32::try_from(batch.len()).expect("a batch").to_be_bytes());
        body.extend(batch);
    }
    body
}

/// The frame of a Fetch request (version 4) for partition 0 of `topic`, which waits for nothing.
pub fn fetch(topic: &str, offset: i64, max_bytes: i32) -> Vec<u8> {
    let mut body = Vec::new();
    body.extend((-1_i32).to_be_bytes()); // a consumer, no replica
    body.extend(0_i32.to_be_bytes()); // max_wait_ms
    body.extend(1_i32.to_be_bytes()); // min_bytes
    body.extend(max_bytes.to_be_bytes());
    body.push(0); // read uncommitted
    body.extend(1_i32.to_be_bytes()); // topics
    put_name(&mut body, topic);
    body.extend(1_i32.to_be_bytes()); // partitions
    body.extend(0_i32.to_be_bytes()); // partition
    body.extend(offset.to_be_bytes());
    body.extend(max_bytes.to_be_bytes());
    frame(api::FETCH, 4, &body)
}

/// The body of a Fetch request (version 7) for partition 0 of `topic`, which begins a session (KIP-227).
pub fn fetch_in_a_new_session(topic: &str) -> Vec<u8> {
    let mut body = Vec::new();
    body.extend((-1_i32).to_be_bytes()); // a consumer, no replica
    body.extend(0_i32.to_be_bytes()); // max_wait_ms
    body.extend(1_i32.to_be_bytes()); // min_bytes
    body.extend((1_i32 << 20).to_be_bytes()); // max_bytes
    body.push(0); // read uncommitted
    body.extend(0_i32.to_be_bytes()); // no session yet
    body.extend(0_i32.to_be_bytes()); // its first epoch
    body.extend(1_i32.to_be_bytes()); // topics
    put_name(&mut body, topic);
    body.extend(1_i32.to_be_bytes()); // partitions
    body.extend(0_i32.to_be_bytes()); // partition
    body.extend(0_i64.to_be_bytes()); // fetch_offset
    body.extend((-1_i64).to_be_bytes()); // log_start_offset, which only followers have
    body.extend((1_i32 << 20).to_be_bytes()); // partition_max_bytes
    body.extend(0_i32.to_be_bytes()); // forgotten topics
    body
}

/// The id of the session in the answer to [`fetch_in_a_new_session`].
///
/// # Panics
///
/// When the answer has another shape.
pub fn session_id(answer: &[u8]) -> i32 {
    // After throttle_time_ms and an error code.
    let id = answer.get(6..10).and_then(|id| id.try_into().ok());
    i32::from_be_bytes(id.expect("an answer of version 7"))
}

/// The records in the answer to a request that [`fetch`] made for `topic`.
///
/// # Panics
///
/// When the answer has another shape, or an error code.
pub fn fetched(topic: &str, answer: &[u8]) -> Vec<u8> {
    // throttle_time_ms, topics (one), its name, partitions (one), the partition, an error code, two offsets and aborted
    // transactions (none), then the records with their length.
    let partition = answer.get(4 + 4 + 2 + topic.len() + 4..).expect("one topic with one partition");
    assert_eq!(partition.get(4..6), Some(&[0, 0][..]), "the error code of the partition");
    let (_, rest) = partition.split_at_checked(4 + 2 + 8 + 8 + 4).expect("one partition");
    let (length, records) = rest.split_first_chunk::<4>().expect("records");
    assert_eq!(usize::try_from(i32::from_be_bytes(*length)), Ok(records.len()));
    records.to_vec()
}
