//! A million records a second, both ways, broker and generator on the same two cores.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Scratch;
use super::clients::Clients;
use super::cores::Place;
use super::memory_dir::{MemoryDir, room_in};
use super::profile;
use super::results::Measured;
use super::server::Kind;
use super::session::{MEGABYTES, MILLISECONDS, Turn, create_topic, delete_topic, number, wait_for_deletion};

pub(crate) const RECORDS_PER_S: &str = "records/s";
pub(crate) const CORES: &str = "cores";
pub(crate) const SHARE: &str = "% of CPU time";

/// The rate that is aimed at.
const RATE: &str = "1000000";
const RECORD_BYTES: &str = "1000";
const BATCH_BYTES: &str = "262144";
const CONNECTIONS: &str = "4";
const PARTITIONS: i32 = 8;
const TOPIC: &str = "headline";
/// Before anything is measured.
const WARM_UP_S: &str = "2";
/// The most that a run takes of the room that there is for its data.
const FILLED: f64 = 0.95;

/// The open-loop case: a schedule that does not wait.
pub(crate) const SCHEDULED: &str = "1,000,000/s scheduled";
/// The closed-loop case.
pub(crate) const UNBOUNDED: &str = "as fast as it goes";

/// Where the data lies.
#[derive(Debug)]
pub(crate) struct Data {
    // Removed before what it lies on.
    scratch: Scratch,
    memory: Option<MemoryDir>,
}

impl Data {
    /// In `given`, or in memory that is mounted beneath `parent`.
    pub(crate) fn prepare(given: Option<&Path>, parent: &Path) -> anyhow::Result<Self> {
        match given {
            Some(given) => Ok(Self { scratch: Scratch::new(given)?, memory: None }),
            None => {
                let memory = MemoryDir::mount(parent)?;
                Ok(Self { scratch: Scratch::new(memory.path())?, memory: Some(memory) })
            }
        }
    }

    /// The data directory of a broker, without what was there before.
    pub(crate) fn fresh(&self, kind: Kind) -> anyhow::Result<PathBuf> {
        self.scratch.fresh(kind)
    }
}

/// Measures both cases on a fresh broker; for Crossdock also where the time goes.
pub(crate) fn run(turn: &Turn<'_>, data: &Data, measured: &mut Measured) -> anyhow::Result<()> {
    let &Turn { launcher, kind, ref data_dir, sizes } = turn;
    let who = kind.name();
    eprintln!("  {who}: headline");
    let seconds = sizes.headline_s.to_string();
    for (case, rate) in [(SCHEDULED, Some(RATE)), (UNBOUNDED, None)] {
        // Each case has its own broker: a case writes up to 1 GB a second, and the directory may be in memory.
        let server = launcher.start(kind, data_dir, Place::Anywhere)?;
        let clients = Clients { launcher, server: &server };
        let bytes_max = (room_in(data_dir)? as f64 * FILLED) as u64;
        let both = |seconds| both(&clients, seconds, rate, bytes_max);
        let make_ready = || {
            wait_for_deletion(data_dir, TOPIC)?;
            data.memory.as_ref().map_or(Ok(()), MemoryDir::hold)
        };
        let measured_run = || match &data.memory {
            Some(memory) => memory.release_while(|| both(&seconds)),
            None => both(&seconds),
        };
        both(WARM_UP_S)?;
        make_ready()?;
        let report = measured_run()?;
        add(measured, case, who, &report)?;
        if kind == Kind::Crossdock && rate.is_some() {
            make_ready()?;
            for (group, percent) in profile::record(|| measured_run().map(|_| ()), server.pid())? {
                measured.add(&group, who, SHARE, percent);
            }
        }
        server.stop()?;
        std::fs::remove_dir_all(data_dir)?;
    }
    Ok(())
}

/// On a topic that is deleted at once: it holds a gigabyte or two for each second. Ends early with `bytes_max`.
fn both(clients: &Clients<'_>, seconds: &str, rate: Option<&str>, bytes_max: u64) -> anyhow::Result<Value> {
    create_topic(clients, TOPIC, PARTITIONS)?;
    let bytes_max = bytes_max.to_string();
    let mut arguments = vec!["both", "--topic", TOPIC, "--seconds", seconds, "--bytes", &bytes_max];
    arguments.extend(["--record-bytes", RECORD_BYTES, "--batch-bytes", BATCH_BYTES]);
    arguments.extend(["--connections", CONNECTIONS, "--consume-connections", CONNECTIONS]);
    if let Some(rate) = rate {
        arguments.extend(["--rate", rate]);
    }
    let report = clients.bench(&arguments, Place::Anywhere)?;
    delete_topic(clients, TOPIC)?;
    Ok(report)
}

fn add(measured: &mut Measured, case: &str, who: &str, report: &Value) -> anyhow::Result<()> {
    for flow in ["produced", "consumed"] {
        let rate = number(&report[flow], "records_per_s")?;
        measured.add(&format!("{case}: {flow}"), who, RECORDS_PER_S, rate);
    }
    for percentile in ["p50", "p99"] {
        let latency = number(&report["consumed"]["latency"], &format!("{percentile}_ms"))?;
        measured.add(&format!("{case}: produce to consume, {percentile}"), who, MILLISECONDS, latency);
    }
    let elapsed_s = number(&report["consumed"], "elapsed_s")?;
    for process in ["broker", "generator"] {
        for (mode, field) in [("user", "user_s"), ("kernel", "system_s")] {
            let cores = number(&report[process], field)? / elapsed_s;
            measured.add(&format!("{case}: {process}, {mode}"), who, CORES, cores);
        }
    }
    let resident = number(&report["broker"], "resident_bytes")? / 1e6;
    measured.add(&format!("{case}: broker resident"), who, MEGABYTES, resident);
    Ok(())
}
