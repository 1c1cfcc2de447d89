//! What do readers of cold data do to everybody else? Asked of both brokers, on a disk that is held to a known speed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::Context as _;
use serde_json::Value;

use super::cgroup::{Cgroup, disk_of};
use super::clients::Clients;
use super::cores::Place;
use super::host::undisturbed;
use super::results::Measured;
use super::server::Kind;
use super::session::{MILLISECONDS, Turn, create_topic};
use crate::process::Process;

/// What the disk gives in a second.
const DISK_BYTES_PER_S: u64 = 100 << 20;
/// Records of the Java client, which gathers those that wait for an answer.
const RECORDS_PER_S: u32 = 5_000;
/// Records of our own generator, each in a request of its own: what both brokers can answer on one core.
const REQUESTS_PER_S: u32 = 1_000;
/// Topics with old data, and how many read each.
const COLD_TOPICS: usize = 4;
const READERS_OF_EACH: usize = 2;
const TAIL: &str = "tail";
const TAIL_PARTITIONS: i32 = 6;
/// Memory of the control group in which the tail's pages have to stay.
const MEMORY_BYTES: u64 = 1 << 30;
pub(crate) const PERCENT: &str = "%";

pub(crate) const ALONE: [&str; 3] = [
    "produce p99, ProducerPerformance, alone",
    "produce p99, crossdock bench, alone",
    "tail consumer p99, crossdock bench, alone",
];
pub(crate) const BESIDE: [&str; 3] = [
    "produce p99, ProducerPerformance, beside 8 cold readers",
    "produce p99, crossdock bench, beside 8 cold readers",
    "tail consumer p99, crossdock bench, beside 8 cold readers",
];
pub(crate) const DISK_SHARE: &str = "what the cold readers get of what the disk gives";
pub(crate) const TAIL_SHARE: &str = "pages of the tail after a backfill of four times the memory";

/// Measures a tail alone and beside cold readers; Crossdock's pages in little memory as well.
pub(crate) fn run(turn: &Turn<'_>, measured: &mut Measured) -> anyhow::Result<()> {
    let &Turn { launcher, kind, ref data_dir, sizes } = turn;
    let server = launcher.start(kind, data_dir, Place::Server)?;
    let clients = Clients { launcher, server: &server };
    let cold: Vec<String> = (0..COLD_TOPICS).map(|number| format!("cold-{number}")).collect();
    eprintln!("  {}: old data", kind.name());
    for topic in &cold {
        fill(&clients, topic, sizes.cold_bytes)?;
    }
    create_topic(&clients, TAIL, TAIL_PARTITIONS)?;
    let disk = disk_of(data_dir)?;
    let limit = format!("{disk} {DISK_BYTES_PER_S}");
    let slow = Cgroup::with("blkio", server.pid(), "blkio.throttle.read_bps_device", &limit)?;

    // A broker's first seconds are not its usual ones.
    clients.produce_paced_java(
        TAIL,
        u64::from(RECORDS_PER_S) * u64::from(sizes.tail_s / 4),
        RECORDS_PER_S,
    )?;
    steady(&clients, sizes.tail_s / 4)?;
    eprintln!("  {}: a tail alone", kind.name());
    let alone = undisturbed(|| tail(&clients, sizes.tail_s))?;
    eprintln!("  {}: the same beside cold readers", kind.name());
    // With readers of its own each time, who are not through before the end.
    let (beside, share) = undisturbed(|| tail_beside_readers(&clients, &cold, sizes.tail_s))?;
    for (case, value) in ALONE.iter().zip(alone).chain(BESIDE.iter().zip(beside)) {
        measured.add(case, kind.name(), MILLISECONDS, value);
    }
    measured.add(DISK_SHARE, kind.name(), PERCENT, share);
    drop(slow);
    server.stop()?;
    if kind == Kind::Crossdock {
        eprintln!("  {}: a backfill in little memory", kind.name());
        let share = tail_in_little_memory(turn, &cold)?;
        measured.add(TAIL_SHARE, kind.name(), PERCENT, share);
    }
    Ok(())
}

fn fill(clients: &Clients<'_>, topic: &str, bytes: u64) -> anyhow::Result<()> {
    let bytes = bytes.to_string();
    clients.bench(&["produce", "--topic", topic, "--bytes", &bytes], Place::Clients).map(drop)
}

/// Has the tail beside readers of all cold topics, whose data is on the disk alone. Also returns how much the readers got
/// of what the disk gives, in percent.
fn tail_beside_readers(
    clients: &Clients<'_>,
    cold: &[String],
    seconds: u32,
) -> anyhow::Result<([f64; 3], f64)> {
    drop_page_cache()?;
    let readers: Vec<Process> = cold
        .iter()
        .flat_map(|topic| (0..READERS_OF_EACH).map(move |_| topic))
        .map(|topic| read_all(clients, topic))
        .collect::<Result<_, _>>()?;
    // The tail's own pages are gone as well: they come back first.
    steady(clients, seconds / 4)?;
    let (begun, before) = (Instant::now(), delivered(&readers)?);
    let latencies = tail(clients, seconds)?;
    let (took_s, delivered) = (begun.elapsed().as_secs_f64(), delivered(&readers)? - before);
    Ok((latencies, 100.0 * delivered as f64 / (DISK_BYTES_PER_S as f64 * took_s)))
}

/// Produces at a steady rate with Kafka's tool, then produces and consumes with our own: three 99th percentiles, in ms.
fn tail(clients: &Clients<'_>, seconds: u32) -> anyhow::Result<[f64; 3]> {
    let records = u64::from(RECORDS_PER_S) * u64::from(seconds);
    let java_ms = clients.produce_paced_java(TAIL, records, RECORDS_PER_S)?;
    let report = steady(clients, seconds)?;
    let p99_ms = |what: &str| {
        let value = report[what]["latency"]["p99_ms"].as_f64();
        value.with_context(|| format!("no 99th percentile of {what} in {report}"))
    };
    Ok([java_ms, p99_ms("produced")?, p99_ms("consumed")?])
}

/// Produces and consumes at a steady rate with our own generator, a record to a batch; returns its report.
fn steady(clients: &Clients<'_>, seconds: u32) -> anyhow::Result<Value> {
    let (rate, seconds) = (REQUESTS_PER_S.to_string(), seconds.to_string());
    let arguments = ["both", "--topic", TAIL, "--rate", &rate, "--seconds", &seconds, "--batch-bytes", "1"];
    clients.bench(&arguments, Place::Clients)
}

/// Starts a librdkafka consumer that reads a topic from its beginning.
fn read_all(clients: &Clients<'_>, topic: &str) -> anyhow::Result<Process> {
    // Only with what the generator leaves of the clients' core: it is the broker that is asked about.
    let mut kcat = Command::new("chrt");
    kcat.args(["--idle", "0", "kcat"])
        .args(["-C", "-q", "-e", "-b", &clients.server.bootstrap, "-t", topic, "-o", "beginning"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    Ok(Process::new(clients.launcher.cores.spawn(&mut kcat, Place::Clients)?))
}

/// Bytes that readers have written to their standard output, all together.
fn delivered(readers: &[Process]) -> anyhow::Result<u64> {
    let written = |reader: &Process| {
        let io = fs::read_to_string(format!("/proc/{}/io", reader.id()))?;
        let written = io.lines().find_map(|line| line.strip_prefix("wchar: "));
        anyhow::Ok(written.context("no wchar in /proc/PID/io")?.parse::<u64>()?)
    };
    readers.iter().map(written).sum()
}

/// In a control group with little memory: a tail that is produced and consumed, then all old data is read once. Returns
/// how much of the tail is still in the page cache.
fn tail_in_little_memory(turn: &Turn<'_>, cold: &[String]) -> anyhow::Result<f64> {
    let &Turn { launcher, kind, ref data_dir, sizes } = turn;
    drop_page_cache()?;
    let server = launcher.start(kind, data_dir, Place::Server)?;
    let clients = Clients { launcher, server: &server };
    let little = Cgroup::with("memory", server.pid(), "memory.limit_in_bytes", &MEMORY_BYTES.to_string())?;
    const TOPIC: &str = "resident-tail";
    fill(&clients, TOPIC, sizes.resident_bytes)?;
    clients.bench(&["consume", "--topic", TOPIC], Place::Clients)?;
    for topic in cold {
        read_all(&clients, topic)?.wait()?;
    }
    let share = resident_share(&data_dir.join(format!("{TOPIC}-0")))?;
    drop(little);
    server.stop()?;
    Ok(share)
}

/// How much of the segments in a directory is in the page cache, in percent (fincore(1)).
fn resident_share(directory: &Path) -> anyhow::Result<f64> {
    let entries = fs::read_dir(directory).with_context(|| format!("reading {}", directory.display()))?;
    let logs: Vec<PathBuf> = entries
        .map(|entry| Ok(entry?.path()))
        .filter(|path| path.as_ref().map_or(true, |path| path.extension().is_some_and(|kind| kind == "log")))
        .collect::<std::io::Result<_>>()?;
    let fincore =
        Command::new("fincore").args(["--bytes", "--json", "--output", "res,size"]).args(&logs).output();
    let said = fincore.context("running fincore (package util-linux)")?.stdout;
    let said: Value = serde_json::from_slice(&said).context("what fincore says")?;
    let sum = |column: &str| -> f64 {
        said["fincore"].as_array().into_iter().flatten().filter_map(|file| as_number(&file[column])).sum()
    };
    Ok(100.0 * sum("res") / sum("size"))
}

/// fincore has written numbers as strings and as numbers.
fn as_number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

/// Writes everything to disk and forgets what was read.
fn drop_page_cache() -> anyhow::Result<()> {
    const SETTING: &str = "/proc/sys/vm/drop_caches";
    rustix::fs::sync();
    fs::write(SETTING, "3").with_context(|| format!("writing {SETTING}: are you root?"))
}
