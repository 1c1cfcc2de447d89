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
