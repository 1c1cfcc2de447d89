//! From which size on is `sendfile` cheaper than copying a region next to its header?
//!
//! Prints the time that the sending thread needs for one response (a header of 100 bytes and a region), for regions of
//! 128 bytes to 64 KiB, sent in turn by `sendfile` after asking whether the region is in the page cache, by `sendfile`
//! without asking (`fresh`), and by copying. [`transfer::COPY_BELOW_BYTES`] is read off this table.
//!
//! The sender is pinned to the first core and the receiver, which polls instead of sleeping so that waking it is no
//! part of the figure, to the second. A burst fits into the socket's buffers: the sender does not wait within one, so
//! its time is CPU time, and the median over bursts leaves out those that were interrupted. The first round touches all
//! memory and does not count. Both cores must be idle otherwise.
//!
//! ```text
//! cargo run --release -p transfer --example small_regions
//! ```

use std::error::Error;
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use rustix::thread::{CpuSet, sched_setaffinity};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use transfer::{Engine, Path, Plan, Policy, Region};

const HEADER_BYTES: usize = 100;
const FILE_BYTES: u64 = 64 << 20;
/// Responses between two acknowledgements of the receiver: few enough to fit into the socket's buffers.
const BURST_RESPONSES: u64 = 8;
const BURST_BYTES: u64 = 256 * 1024;
const BURSTS: usize = 300;
const ROUNDS: usize = 5;
const SIZES: [u64; 13] =
    [128, 256, 512, 1_024, 2_048, 4_096, 6_144, 8_192, 12_288, 16_384, 24_576, 32_768, 65_536];

fn main() -> Result<(), Box<dyn Error>> {
    let file = warm_file()?;
    let by_sendfile = Engine::new(Policy::automatic().with_copy_below(0));
    let by_copy = Engine::new(Policy::automatic().with_copy_below(u64::MAX));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    pin_to(0)?;

    println!("ns per response, median of {ROUNDS} rounds of {BURSTS} bursts");
    println!(
        "{:>8} {:>10} {:>10} {:>10} {:>14} {:>11}",
        "bytes", "sendfile", "fresh", "copy", "copy/sendfile", "copy/fresh"
    );
    for size in SIZES {
        let mut times_ns: [Vec<u64>; 3] = Default::default();
        for round in 0..=ROUNDS {
            for (times_ns, (engine, fresh)) in
                times_ns.iter_mut().zip([(&by_sendfile, false), (&by_sendfile, true), (&by_copy, false)])
            {
                let ns = runtime.block_on(ns_per_response(engine, &file, size, fresh))?;
                if round > 0 {
                    times_ns.push(ns);
                }
            }
        }
        let [sendfile, fresh, copy] = times_ns.map(median);
        let ratio = |to: u64| copy as f64 / to as f64;
        println!(
            "{size:>8} {sendfile:>10} {fresh:>10} {copy:>10} {:>14.2} {:>11.2}",
            ratio(sendfile),
            ratio(fresh)
        );
    }
    Ok(())
}

async fn ns_per_response(
    engine: &Engine,
    file: &Arc<File>,
    size: u64,
    fresh: bool,
) -> Result<u64, Box<dyn Error>> {
    let burst = BURST_RESPONSES.min(BURST_BYTES / size);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let receiver = thread::spawn(move || receive(address, (HEADER_BYTES as u64 + size) * burst));
    let (socket, _) = listener.accept()?;
    socket.set_nonblocking(true)?;
    socket.set_nodelay(true)?;
    let mut socket = TcpStream::from_std(socket)?;

    let header = bytes::Bytes::from(vec![b'h'; HEADER_BYTES]);
    let mut position = 0;
    let mut times_ns = Vec::with_capacity(BURSTS);
    for _ in 0..BURSTS {
        let started = Instant::now();
        for _ in 0..burst {
            // Strides through the file, as the fetches of many consumers do.
            position = (position + (1 << 20) + 4_321) % (FILE_BYTES - size);
            let region = Region::new(Arc::clone(file), position, size);
            let region = if fresh { region.fresh() } else { region };
            engine.send(&socket, Plan::new().bytes(header.clone()).file(region), Path::Direct).await?;
        }
        times_ns.push(u64::try_from(started.elapsed().as_nanos())?);
        socket.read_u8().await?;
    }
    drop(socket);
    receiver.join().map_err(|_| "the receiver panicked")??;
    Ok(median(times_ns) / burst)
}

/// Reads to the end and acknowledges each burst.
fn receive(address: SocketAddr, burst_bytes: u64) -> io::Result<()> {
    pin_to(1)?;
    let mut socket = std::net::TcpStream::connect(address)?;
    socket.set_nodelay(true)?;
    socket.set_nonblocking(true)?;
    let mut buffer = vec![0; 256 * 1024];
    let mut missing = burst_bytes;
    loop {
        match socket.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(n) => missing -= n as u64,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::hint::spin_loop(),
            Err(error) => return Err(error),
        }
        if missing == 0 {
            missing = burst_bytes;
            socket.write_all(&[0])?;
        }
    }
}

fn warm_file() -> Result<Arc<File>, Box<dyn Error>> {
    let mut file = tempfile::tempfile()?;
    let mebibyte: Vec<u8> = (0..1 << 20).map(|i: u32| (i / 4_096) as u8).collect();
    for _ in 0..FILE_BYTES >> 20 {
        file.write_all(&mebibyte)?;
    }
    Ok(Arc::new(file))
}

fn pin_to(core: usize) -> io::Result<()> {
    let mut cores = CpuSet::new();
    cores.set(core);
    Ok(sched_setaffinity(None, &cores)?)
}

fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values[values.len() / 2]
}
