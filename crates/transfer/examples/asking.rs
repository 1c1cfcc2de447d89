//! What does it cost to ask whether a region is in the page cache before it is sent?
//!
//! Prints the CPU seconds per GB of the sending thread for regions as fetches have them, all of them in memory, sent after
//! asking and without (`fresh`), and how much the asking adds. The two alternate every few milliseconds on one connection,
//! so that whatever else the machine does falls on both alike; the median over rounds leaves out what does not.
//!
//! ```text
//! cargo run --release -p transfer --example asking
//! ```

use std::error::Error;
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use rustix::thread::{CpuSet, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};
use tokio::net::TcpStream;
use transfer::{CongestionControl, Engine, Path, Plan, Policy, Region};

const FILE_BYTES: u64 = 256 << 20;
/// Sent before it is the other one's turn.
const TURN_BYTES: u64 = 16 << 20;
/// Turns of each in one round.
const TURNS: u64 = 64;
const ROUNDS: usize = 11;
const SIZES: [u64; 4] = [64 << 10, 512 << 10, 1 << 20, 8 << 20];

fn main() -> Result<(), Box<dyn Error>> {
    let file = warm_file()?;
    let engine = Engine::new(Policy::automatic());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    pin_to(0)?;

    println!("CPU s/GB of the sender, median of {ROUNDS} rounds of {} MiB each", (TURNS * TURN_BYTES) >> 20);
    println!("{:>10} {:>10} {:>10} {:>8}", "region", "asking", "not asking", "adds");
    for size in SIZES {
        let (mut asking, mut fresh, mut adds) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..=ROUNDS {
            let [with, without] = runtime.block_on(seconds_per_gb(&engine, &file, size))?;
            // The first round touches all memory.
            if round > 0 {
                asking.push(with);
                fresh.push(without);
                adds.push((with / without - 1.0) * 100.0);
            }
        }
        let [asking, fresh, adds] = [asking, fresh, adds].map(median);
        println!("{:>6} KiB {asking:>10.4} {fresh:>10.4} {adds:>7.1}%", size >> 10);
    }
    Ok(())
}

/// With asking, and without.
async fn seconds_per_gb(engine: &Engine, file: &Arc<File>, size: u64) -> Result<[f64; 2], Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    // As between a broker and its clients within a host.
    CongestionControl::apply_to_listener(&listener, true)?;
    let address = listener.local_addr()?;
    let receiver = thread::spawn(move || -> io::Result<()> {
        pin_to(1)?;
        let mut socket = std::net::TcpStream::connect(address)?;
        let mut buffer = vec![0; 256 * 1024];
        while socket.read(&mut buffer)? > 0 {}
        Ok(())
    });
    let (socket, _) = listener.accept()?;
    socket.set_nonblocking(true)?;
    socket.set_nodelay(true)?;
    let socket = TcpStream::from_std(socket)?;

    let mut seconds = [0.0; 2];
    for turn in 0..2 * TURNS {
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
    drop(socket);
    receiver.join().map_err(|_| "the receiver panicked")??;
    Ok(seconds.map(|seconds| seconds / ((TURNS * TURN_BYTES) as f64 / 1e9)))
}

fn thread_cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
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

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}
