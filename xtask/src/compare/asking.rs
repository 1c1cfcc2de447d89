//! What does it cost to ask whether a region is in the page cache before it is sent?
//!
//! Regions as fetches have them, all of them in memory, are sent after asking and without. The two alternate every few
//! milliseconds on one connection, so that whatever else the machine does falls on both alike.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use anyhow::{Context as _, anyhow};
use rustix::thread::sched_setaffinity;
use rustix::time::{ClockId, clock_gettime};
use tokio::net::TcpStream;
use transfer::{CongestionControl, Engine, Path, Plan, Policy, Region};

use super::cores::{Cores, Place};
use super::results::Measured;
use super::server;
use super::session::CPU_PER_GB;

pub(crate) const ADDED: &str = "% added by asking";
const WITHOUT: &str = "without asking";

/// What a fetch has by default (`max.partition.fetch.bytes`).
pub(crate) const FETCHED: &str = "regions of 1 MiB";
const SIZES: [(&str, u64); 4] = [
    ("regions of 64 KiB", 64 << 10),
    ("regions of 512 KiB", 512 << 10),
    (FETCHED, 1 << 20),
    ("regions of 8 MiB", 8 << 20),
];

const FILE_BYTES: u64 = 256 << 20;
/// Sent before it is the other one's turn.
const TURN_BYTES: u64 = 16 << 20;

/// Sends each size for one round of so many turns.
pub(crate) fn run_round(cores: &Cores, turns: u64, measured: &mut Measured) -> anyhow::Result<()> {
    let file = warm_file()?;
    let engine = Engine::new(Policy::automatic());
    for (name, size) in SIZES {
        let [asking, without] = seconds_per_gb(cores, &engine, &file, size, turns)?;
        let crossdock = server::Kind::Crossdock.name();
        measured.add(name, crossdock, CPU_PER_GB, asking);
        measured.add(name, WITHOUT, CPU_PER_GB, without);
        measured.add(name, crossdock, ADDED, (asking / without - 1.0) * 100.0);
    }
    Ok(())
}

/// CPU time of the sender with asking, and without.
fn seconds_per_gb(
    cores: &Cores,
    engine: &Engine,
    file: &Arc<File>,
    size: u64,
    turns: u64,
) -> anyhow::Result<[f64; 2]> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    // As between a broker and its clients within a host.
    CongestionControl::apply_before_handshake(&listener, true);
    let address = listener.local_addr()?;
    thread::scope(|scope| {
        let receiver = scope.spawn(move || -> io::Result<()> {
            sched_setaffinity(None, &cores.set(Place::Clients))?;
            let mut socket = std::net::TcpStream::connect(address)?;
            let mut buffer = vec![0; 256 * 1024];
            while socket.read(&mut buffer)? > 0 {}
            Ok(())
        });
        let sender = scope.spawn(|| -> anyhow::Result<[f64; 2]> {
            sched_setaffinity(None, &cores.set(Place::Server))?;
            let (socket, _) = listener.accept()?;
            socket.set_nonblocking(true)?;
            socket.set_nodelay(true)?;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async { send(engine, file, TcpStream::from_std(socket)?, size, turns).await })
        });
        let sent = sender.join().map_err(|_| anyhow!("the sender panicked"))?;
        receiver.join().map_err(|_| anyhow!("the receiver panicked"))?.context("receiving")?;
        sent
    })
}

async fn send(
    engine: &Engine,
    file: &Arc<File>,
    socket: TcpStream,
    size: u64,
    turns: u64,
) -> anyhow::Result<[f64; 2]> {
    let mut seconds = [0.0; 2];
    for turn in 0..2 * turns {
        // Every other pair the other way round: who comes second finds the caches as the first has left them.
        let is_fresh = (turn + turn / 2) % 2 == 1;
        let before = thread_cpu_seconds();
        for sent in 0..TURN_BYTES / size {
            let position = (turn / 2 * TURN_BYTES + sent * size) % FILE_BYTES;
            let region = Region::new(Arc::clone(file), position, size);
            let region = if is_fresh { region.fresh() } else { region };
            engine.send(&socket, Plan::new().bytes(&b"head"[..]).file(region), Path::Direct).await?;
        }
        seconds[usize::from(is_fresh)] += thread_cpu_seconds() - before;
    }
    Ok(seconds.map(|seconds| seconds / ((turns * TURN_BYTES) as f64 / 1e9)))
}

fn thread_cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn warm_file() -> anyhow::Result<Arc<File>> {
    let mut file = tempfile::tempfile()?;
    let block: Vec<u8> = (0..1 << 20).map(|i: u32| (i / 4_096) as u8).collect();
    for _ in 0..FILE_BYTES >> 20 {
        file.write_all(&block)?;
    }
    Ok(Arc::new(file))
}
