//! What does it cost to ask whether a region is in the page cache before it is sent?
//!
//! Regions as fetches have them, all of them in memory, are sent after asking and without. The two alternate every few
//! milliseconds on one connection, so that whatever else the machine does falls on both alike.
//!
//! And what does a wrong answer cost? Pages may go between asking and sending: then the event loop waits for the disk.
//!
//! Writes a line for each value: what was sent, who sent it, the unit and the value, with tabs between them. The sender
//! has the first core that this process may use, the receiver the second. `cargo xtask compare asking` runs it.
//!
//! ```text
//! cargo run --release -p transfer --example asking -- 256
//! ```

use std::cell::Cell;
use std::error::Error;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{Advice, fadvise};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};
use tokio::net::TcpStream;
use transfer::{CongestionControl, Engine, Path, Plan, Policy, Region};

const ENGINE: &str = "Crossdock";
const WITHOUT: &str = "without asking";

const CPU_PER_GB: &str = "CPU s/GB";
const ADDED: &str = "% added by asking";
const HOLD: &str = "ms, longest hold of the event loop";

const SIZES: [(&str, u64); 4] = [
    ("regions of 64 KiB", 64 << 10),
    ("regions of 512 KiB", 512 << 10),
    // What a fetch has by default (`max.partition.fetch.bytes`).
    ("regions of 1 MiB", 1 << 20),
    ("regions of 8 MiB", 8 << 20),
];

const FILE_BYTES: u64 = 256 << 20;
/// Sent before it is the other one's turn.
const TURN_BYTES: u64 = 16 << 20;

/// What is sent while it is watched how long the event loop is held.
const WATCHED_BYTES: u64 = 64 << 20;
/// The longest of so many times counts.
const WATCHED_TIMES: usize = 5;

/// Where the pages are that the event loop sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pages {
    InMemory,
    /// Seen a moment ago, and then given up.
    Gone,
    OnDisk,
}

impl Pages {
    const ALL: [Self; 3] = [Self::InMemory, Self::Gone, Self::OnDisk];

    fn name(self) -> &'static str {
        match self {
            Self::InMemory => "64 MiB in memory",
            Self::Gone => "64 MiB that went after they were seen",
            Self::OnDisk => "64 MiB on the disk",
        }
    }
}

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Of the sender and of the receiver.
type Cores = [usize; 2];

fn main() -> Result<()> {
    let turns = std::env::args().nth(1).as_deref().unwrap_or("256").parse()?;
    let all = sched_getaffinity(None)?;
    let mut first = (0..CpuSet::MAX_CPU).filter(|&core| all.is_set(core));
    let cores = [first.next().ok_or("no core")?, first.next().ok_or("two cores are needed")?];
    let watched = written_file(WATCHED_BYTES)?;
    let print = |what: &str, who: &str, unit: &str, value: f64| println!("{what}\t{who}\t{unit}\t{value}");
    for pages in Pages::ALL {
        let longest = longest_hold(cores, &watched, pages)?;
        print(pages.name(), ENGINE, HOLD, longest.as_secs_f64() * 1e3);
    }
    let file = written_file(FILE_BYTES)?;
    let engine = Engine::new(Policy::automatic());
    for (name, size) in SIZES {
        let [asking, without] = seconds_per_gb(cores, &engine, &file, size, turns)?;
        print(name, ENGINE, CPU_PER_GB, asking);
        print(name, WITHOUT, CPU_PER_GB, without);
        print(name, ENGINE, ADDED, (asking / without - 1.0) * 100.0);
    }
    Ok(())
}

/// CPU time of the sender with asking, and without.
fn seconds_per_gb(
    cores: Cores,
    engine: &Engine,
    file: &Arc<File>,
    size: u64,
    turns: u64,
) -> Result<[f64; 2]> {
    on_a_connection(cores, async |socket| send(engine, file, socket, size, turns).await)
}

/// How long nobody else on the event loop gets a turn while a file is sent.
fn longest_hold(cores: Cores, file: &Arc<File>, pages: Pages) -> Result<Duration> {
    on_a_connection(cores, async |socket| {
        let mut longest = Duration::ZERO;
        for _ in 0..WATCHED_TIMES {
            let engine = Engine::new(Policy::automatic());
            let region = || Plan::new().file(Region::new(Arc::clone(file), 0, WATCHED_BYTES));
            if pages != Pages::OnDisk {
                engine.send(&socket, region(), Path::Direct).await?;
            }
            if pages != Pages::InMemory {
                fadvise(file, 0, None, Advice::DontNeed)?;
            }
            let watch = Watch::begin();
            tokio::select! {
                biased;
                () = watch.take_turns() => {}
                sent = engine.send(&socket, region(), Path::Direct) => drop(sent?),
            }
            longest = longest.max(watch.end());
        }
        Ok(longest)
    })
}

/// Somebody else on the event loop, who takes a turn whenever there is one.
struct Watch {
    last_turn: Cell<Instant>,
    longest: Cell<Duration>,
}

impl Watch {
    fn begin() -> Self {
        Self { last_turn: Cell::new(Instant::now()), longest: Cell::default() }
    }

    async fn take_turns(&self) {
        loop {
            self.note();
            tokio::task::yield_now().await;
        }
    }

    fn note(&self) {
        let waited = self.last_turn.replace(Instant::now()).elapsed();
        self.longest.set(waited.max(self.longest.get()));
    }

    /// The longest wait for a turn.
    fn end(self) -> Duration {
        self.note();
        self.longest.get()
    }
}

/// Runs `work` on an event loop on the server's core, with a connection to a reader on the clients'.
fn on_a_connection<T: Send>(
    cores: Cores,
    work: impl AsyncFnOnce(TcpStream) -> Result<T> + Send,
) -> Result<T> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    // As between a broker and its clients within a host.
    CongestionControl::apply_before_handshake(&listener, true);
    let address = listener.local_addr()?;
    thread::scope(|scope| {
        let receiver = scope.spawn(move || -> io::Result<()> {
            pin_to(cores[1])?;
            let mut socket = std::net::TcpStream::connect(address)?;
            let mut buffer = vec![0; 256 * 1024];
            while socket.read(&mut buffer)? > 0 {}
            Ok(())
        });
        let sender = scope.spawn(|| -> Result<T> {
            pin_to(cores[0])?;
            let (socket, _) = listener.accept()?;
            socket.set_nonblocking(true)?;
            socket.set_nodelay(true)?;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async { work(TcpStream::from_std(socket)?).await })
        });
        let sent = sender.join().map_err(|_| "the sender panicked")?;
        receiver.join().map_err(|_| "the receiver panicked")??;
        sent
    })
}

async fn send(
    engine: &Engine,
    file: &Arc<File>,
    socket: TcpStream,
    size: u64,
    turns: u64,
) -> Result<[f64; 2]> {
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

fn pin_to(core: usize) -> io::Result<()> {
    let mut set = CpuSet::new();
    set.set(core);
    Ok(sched_setaffinity(None, &set)?)
}

fn thread_cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Its pages are in memory, and may be given up.
fn written_file(len: u64) -> Result<Arc<File>> {
    let mut file = tempfile::tempfile()?;
    let block: Vec<u8> = (0..1 << 20).map(|i: u32| (i / 4_096) as u8).collect();
    for _ in 0..len >> 20 {
        file.write_all(&block)?;
    }
    file.sync_all()?;
    Ok(Arc::new(file))
}
