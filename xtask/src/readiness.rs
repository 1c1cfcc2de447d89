//! Where a server may listen, and whether it answers yet.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use bytes::Bytes;
use protocol::api::{decode_response, encode_request};
use protocol::messages::metadata::MetadataRequest;

use crate::process::{PATIENCE, Process};

/// How often a starting server is asked.
const POLL: Duration = Duration::from_micros(500);
/// A version of Metadata that every broker here serves.
const METADATA_VERSION: i16 = 9;
/// An answer of a broker without topics is far smaller.
const MAX_METADATA_BYTES: usize = 100 << 20;

/// Ports that nobody listens on now, all different.
pub(crate) fn free_ports<const N: usize>() -> io::Result<[u16; N]> {
    let listeners = (0..N).map(|_| TcpListener::bind("127.0.0.1:0")).collect::<io::Result<Vec<_>>>()?;
    let mut ports = [0; N];
    for (port, listener) in ports.iter_mut().zip(&listeners) {
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}

/// Waits until the broker at `address`, which `process` is, answers Metadata.
pub(crate) fn await_metadata(process: &mut Process, address: &str) -> anyhow::Result<()> {
    // Refused, closed or without a broker: it is not ready yet.
    wait(process, || metadata_names_a_broker(address).unwrap_or(false))
}

/// Waits until the server at `address`, which `process` is, answers HTTP.
pub(crate) fn await_http(process: &mut Process, address: &str) -> anyhow::Result<()> {
    wait(process, || answers_http(address).unwrap_or(false))
}

/// Waits until somebody listens at `address`, which `process` should be.
pub(crate) fn await_listening(process: &mut Process, address: &str) -> anyhow::Result<()> {
    wait(process, || TcpStream::connect(address).is_ok())
}

fn wait(process: &mut Process, is_ready: impl Fn() -> bool) -> anyhow::Result<()> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(status) = process.ended()? {
            bail!("it ended with {status}");
        }
        if is_ready() {
            return Ok(());
        }
        sleep(POLL);
    }
    bail!("no answer within {} s", PATIENCE.as_secs())
}

fn answers_http(address: &str) -> io::Result<bool> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"HEAD / HTTP/1.0\r\n\r\n")?;
    let mut begin = [0; 5];
    stream.read_exact(&mut begin)?;
    Ok(&begin == b"HTTP/")
}

fn metadata_names_a_broker(address: &str) -> anyhow::Result<bool> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let request = MetadataRequest { topics: Some(Vec::new()), ..MetadataRequest::default() };
    stream
        .write_all(&encode_request::<Bytes, _>(&request, METADATA_VERSION, 1, Some("xtask")).into_bytes())?;
    let mut size = [0; 4];
    stream.read_exact(&mut size)?;
    let size = usize::try_from(i32::from_be_bytes(size))?;
    ensure!(size <= MAX_METADATA_BYTES, "an answer of {size} bytes");
    let mut answer = vec![0; size];
    stream.read_exact(&mut answer)?;
    Ok(!decode_response::<MetadataRequest>(answer.into(), METADATA_VERSION)?.brokers.is_empty())
}
