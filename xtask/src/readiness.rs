//! Where a broker may listen, and whether it answers yet.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use bytes::Bytes;
use protocol::api::{decode_response, encode_request};
use protocol::messages::metadata::MetadataRequest;
use rustix::process::{Pid, Signal, kill_process};

/// How long a broker may take to start or to stop.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
/// How often a starting broker is asked.
const POLL: Duration = Duration::from_micros(500);
/// How often a stopping broker is looked at.
const STOP_POLL: Duration = Duration::from_millis(10);
/// A version of Metadata that every broker here serves.
const METADATA_VERSION: i16 = 9;
/// An answer of a broker without topics is far smaller.
const MAX_METADATA_BYTES: usize = 100 << 20;

/// Ports that nobody listens on now.
pub(crate) fn free_ports() -> io::Result<[u16; 2]> {
    let (one, other) = (TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?);
    Ok([one.local_addr()?.port(), other.local_addr()?.port()])
}

/// Waits until the broker at `address`, which `child` runs, answers Metadata.
pub(crate) fn await_metadata(child: &mut Child, address: &str) -> anyhow::Result<()> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait()? {
            bail!("it ended with {status}");
        }
        // Refused, closed or without a broker: it is not ready yet.
        if metadata_names_a_broker(address).unwrap_or(false) {
            return Ok(());
        }
        sleep(POLL);
    }
    bail!("no answer within {} s", PATIENCE.as_secs())
}

/// Sends SIGTERM and waits until the process has ended.
pub(crate) fn stop(child: &mut Child) -> anyhow::Result<()> {
    kill_process(Pid::from_child(child), Signal::TERM)?;
    let give_up = Instant::now() + PATIENCE;
    while child.try_wait()?.is_none() {
        ensure!(Instant::now() < give_up, "the broker has not stopped within {} s", PATIENCE.as_secs());
        sleep(STOP_POLL);
    }
    Ok(())
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
