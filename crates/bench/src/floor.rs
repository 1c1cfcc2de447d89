//! The floor under every broker: what it costs to send a file by `sendfile(2)` and do nothing else.

use std::fs::File;
use std::io::{self, Read};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use client::Address;
use rustix::net::sockopt;

use crate::topic::connect;
use crate::{BenchError, Usage};

/// Bytes that one call is asked to send: beyond 64 KiB the cost per byte no longer falls.
const CHUNK_BYTES: usize = 1 << 20;

/// Bytes that the reader receives at once.
const READ_BYTES: usize = 128 << 10;

/// Sends `file` to the first peer that connects, `times` over, and returns what this process has cost meanwhile.
/// `send_buffer_bytes` is the socket's (`socket.send.buffer.bytes`); the system's own if `None`.
///
/// # Errors
/// The file or the connection failed.
pub fn serve(
    listener: &TcpListener,
    file: &File,
    times: u32,
    send_buffer_bytes: Option<usize>,
) -> Result<Usage, BenchError> {
    if let Some(bytes) = send_buffer_bytes {
        sockopt::set_socket_send_buffer_size(listener, bytes).map_err(io::Error::from)?;
    }
    let length = file.metadata()?.len();
    let (socket, _) = listener.accept()?;
    socket.set_nodelay(true)?;
    let before = Usage::own()?;
    for _ in 0..times {
        let mut offset = 0;
        while offset < length {
            let sent = rustix::fs::sendfile(&socket, file, Some(&mut offset), CHUNK_BYTES)
                .map_err(io::Error::from)?;
            if sent == 0 {
                return Err(BenchError::Malformed("the file became shorter"));
            }
        }
    }
    Ok(Usage::own()?.since(&before))
}

/// Receives from `address` until the peer closes: how many bytes, in what time.
///
/// # Errors
/// The connection failed.
pub fn drain(address: &Address) -> Result<(u64, Duration), BenchError> {
    let mut stream = connect(address)?;
    let mut buffer = vec![0; READ_BYTES];
    let start = Instant::now();
    let mut bytes = 0;
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok((bytes, start.elapsed())),
            received => bytes += received as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn the_reader_gets_the_file_as_often_as_asked() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&vec![7; 3_000_000]).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string().parse().unwrap();
        let server = std::thread::spawn(move || serve(&listener, &file, 3, Some(100 << 10)).unwrap());
        assert_eq!(drain(&address).unwrap().0, 9_000_000);
        server.join().unwrap();
    }
}
