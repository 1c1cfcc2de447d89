//! One round of one broker: everything that is measured while it runs on its core.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::ensure;
use bench::Usage;
use client::{Address, Client, ClientConfig, NewTopic};
use serde_json::Value;

use super::clients::{self, Clients};
use super::cores::Place;
use super::figure::Figure;
use super::goals;
use super::memory;
use super::pacing::WithoutPacing;
use super::results::Measured;
use super::server::{Kind, Launcher};
use super::sizes::Sizes;
use crate::process::PATIENCE;

pub(crate) const CPU_PER_GB: &str = "CPU s/GB";
pub(crate) const CPU_PER_MILLION: &str = "CPU s/million records";
pub(crate) const MEGABYTES: &str = "MB";
pub(crate) const SECONDS: &str = "s";
pub(crate) const MILLISECONDS: &str = "ms";

/// Partitions of topics that are not about partitions.
const PARTITIONS: i32 = 6;
const RECORD_BYTES: usize = 1_024;
const SMALL_RECORD_BYTES: usize = 100;
/// How many of each are compared.
const SCALES: [usize; 3] = [1, 100, 1_000];
/// How often the files of a deleted topic are looked for.
const POLL: Duration = Duration::from_millis(20);

/// A broker's turn: which one is measured on which empty directory, and how much.
pub(crate) struct Turn<'a> {
    pub(crate) launcher: &'a Launcher,
    pub(crate) kind: Kind,
    pub(crate) data_dir: PathBuf,
    pub(crate) sizes: Sizes,
}

/// Where values go.
pub(crate) trait Sink {
    /// The place of a figure, if it is wanted.
    fn figure(&mut self, figure: Figure) -> Option<&mut Measured>;
}

impl Turn<'_> {
    /// Measures what is wanted, in one life of the broker and two short ones after it. `sink` says what is wanted.
    pub(crate) fn run(&self, sink: &mut impl Sink) -> anyhow::Result<()> {
        let server = self.launcher.start(self.kind, &self.data_dir, Place::Server)?;
        let clients = Clients { launcher: self.launcher, server: &server };
        self.warm_up(&clients)?;
        if let Some(measured) = sink.figure(Figure::Produce) {
            self.produce(&clients, measured)?;
        }
        if let Some(measured) = sink.figure(Figure::Consume) {
            self.consume(&clients, measured)?;
        }
        if let Some(measured) = sink.figure(Figure::Small) {
            self.small(&clients, measured)?;
        }
        if let Some(measured) = sink.figure(Figure::Memory) {
            let resident_mb = server.usage()?.resident_bytes as f64 / 1e6;
            measured.add("resident", self.who(), MEGABYTES, resident_mb);
        }
        if let Some(measured) = sink.figure(Figure::Latency) {
            self.latency(&clients, measured)?;
        }
        if let Some(measured) = sink.figure(Figure::Partitions) {
            for partitions in SCALES {
                self.scale(&clients, measured, partitions, 1, &counted(partitions, "partition"))?;
            }
        }
        if let Some(measured) = sink.figure(Figure::Connections) {
            for connections in SCALES {
                let partitions = PARTITIONS.unsigned_abs() as usize;
                self.scale(&clients, measured, partitions, connections, &counted(connections, "connection"))?;
            }
        }
        server.stop()?;
        if let Some(measured) = sink.figure(Figure::Start) {
            self.start(measured)?;
        }
        Ok(())
    }

    fn who(&self) -> &'static str {
        self.kind.name()
    }

    /// Runs every path once, so that a virtual machine has compiled it and files have their place.
    fn warm_up(&self, clients: &Clients<'_>) -> anyhow::Result<()> {
        self.say("warm-up");
        let records = self.sizes.warm_up_records;
        create_topic(clients, "warm-up", PARTITIONS)?;
        clients.produce_java("warm-up", records, RECORD_BYTES)?;
        clients.consume_java("warm-up", records)?;
        clients.consume_librdkafka("warm-up", records)?;
        delete_topic(clients, "warm-up")?;
        wait_for_deletion(&self.data_dir, "warm-up")
    }

    fn produce(&self, clients: &Clients<'_>, measured: &mut Measured) -> anyhow::Result<()> {
        self.say("produce");
        let records = self.sizes.records;
        create_topic(clients, "records", PARTITIONS)?;
        let cost = clients.cost(|| clients.produce_java("records", records, RECORD_BYTES))?;
        measured.add("Java client", self.who(), CPU_PER_GB, per_gb(&cost, records, RECORD_BYTES));
        Ok(())
    }

    fn consume(&self, clients: &Clients<'_>, measured: &mut Measured) -> anyhow::Result<()> {
        self.say("consume");
        let (records, passes) = (self.sizes.records, self.sizes.passes);
        let cost = clients.cost(|| repeat(passes, || clients.consume_librdkafka("records", records)))?;
        let all = records * u64::from(passes);
        measured.add("librdkafka", self.who(), CPU_PER_GB, per_gb(&cost, all, RECORD_BYTES));
        let unpaced = WithoutPacing::begin()?;
        let cost = clients.cost(|| repeat(passes, || clients.consume_librdkafka("records", records)))?;
        measured.add("librdkafka, no pacing", self.who(), CPU_PER_GB, per_gb(&cost, all, RECORD_BYTES));
        let cost = self.consume_repeatedly(clients, &["--topic", "records"])?;
        measured.add("crossdock bench, no pacing", self.who(), CPU_PER_GB, cost);
        drop(unpaced);
        let cost = clients.cost(|| repeat(passes, || clients.consume_java("records", records)))?;
        measured.add("Java client", self.who(), CPU_PER_GB, per_gb(&cost, all, RECORD_BYTES));
        if self.kind == Kind::Crossdock { self.floor(measured) } else { Ok(()) }
    }

    /// The bare sendfile loop, over and over what the broker has written for one partition: in the page cache such a file
    /// lies in smaller pieces than one that was written at once.
    fn floor(&self, measured: &mut Measured) -> anyhow::Result<()> {
        self.say(goals::FLOOR);
        let segment = self.data_dir.join("records-0").join("00000000000000000000.log");
        let times = self.sizes.passes * PARTITIONS.unsigned_abs();
        let mut add = |case| -> anyhow::Result<()> {
            let cost = clients::sendfile_floor(self.launcher, &segment, times)?;
            measured.add(case, goals::FLOOR, CPU_PER_GB, cost);
            Ok(())
        };
        add(goals::FLOOR_CASE)?;
        let _unpaced = WithoutPacing::begin()?;
        add(goals::UNPACED_FLOOR_CASE)
    }

    /// What one GB costs the broker whose reader is the load generator, which looks at nothing.
    fn consume_repeatedly(&self, clients: &Clients<'_>, arguments: &[&str]) -> anyhow::Result<f64> {
        let (mut cpu_s, mut gigabytes) = (0.0, 0.0);
        for _ in 0..self.sizes.scale_passes {
            let report = clients.bench(&[&["consume"], arguments].concat(), Place::Clients)?;
            let (pass_cpu_s, pass_gigabytes) = cost_of(&report, "consumed")?;
            cpu_s += pass_cpu_s;
            gigabytes += pass_gigabytes;
        }
        Ok(cpu_s / gigabytes)
    }

    fn small(&self, clients: &Clients<'_>, measured: &mut Measured) -> anyhow::Result<()> {
        self.say("small records");
        let (records, passes) = (self.sizes.small_records, self.sizes.passes);
        create_topic(clients, "small", PARTITIONS)?;
        let per_million = |cost: &Usage, records: u64| cost.cpu().as_secs_f64() / (records as f64 / 1e6);
        let cost = clients.cost(|| clients.produce_java("small", records, SMALL_RECORD_BYTES))?;
        let produced = per_million(&cost, records);
        measured.add("produce (Java)", self.who(), CPU_PER_MILLION, produced);
        let cost = clients.cost(|| repeat(passes, || clients.consume_librdkafka("small", records)))?;
        let consumed = per_million(&cost, records * u64::from(passes));
        measured.add("consume (librdkafka)", self.who(), CPU_PER_MILLION, consumed);
        measured.add("both ways", self.who(), CPU_PER_MILLION, produced + consumed);
        Ok(())
    }

    fn latency(&self, clients: &Clients<'_>, measured: &mut Measured) -> anyhow::Result<()> {
        self.say("latency");
        let records = self.sizes.latency_records;
        create_topic(clients, "latency-java", 1)?;
        let java = clients.end_to_end_java("latency-java", records)?;
        measured.add("EndToEndLatency, mean", self.who(), MILLISECONDS, java.mean_ms);
        measured.add("EndToEndLatency, p99", self.who(), MILLISECONDS, java.p99_ms);
        let own = clients
            .bench(&["latency", "--topic", "latency", "--records", &records.to_string()], Place::Clients)?;
        for (case, field) in [
            ("crossdock bench, mean", "mean_ms"),
            ("crossdock bench, p50", "p50_ms"),
            ("crossdock bench, p99", "p99_ms"),
            ("crossdock bench, p99.9", "p99.9_ms"),
        ] {
            measured.add(case, self.who(), MILLISECONDS, number(&own["latency"], field)?);
        }
        Ok(())
    }

    fn scale(
        &self,
        clients: &Clients<'_>,
        measured: &mut Measured,
        partitions: usize,
        connections: usize,
        case: &str,
    ) -> anyhow::Result<()> {
        self.say(case);
        let topic = format!("scale-{partitions}-{connections}");
        create_topic(clients, &topic, i32::try_from(partitions)?)?;
        let (connections, bytes) = (connections.to_string(), self.sizes.scale_bytes.to_string());
        let common = ["--topic", topic.as_str(), "--connections", &connections];
        let in_flight = if connections == "1" { "5" } else { "1" };
        let produce = [
            &["produce", "--in-flight", in_flight, "--batch-bytes", "65536", "--bytes", &bytes],
            &common[..],
        ];
        // What is written, and what it is sent in.
        memory::touch(2 * usize::try_from(self.sizes.scale_bytes)?);
        let report = clients.bench(&produce.concat(), Place::Clients)?;
        let (cpu_s, gigabytes) = cost_of(&report, "produced")?;
        measured.add(&format!("produce, {case}"), self.who(), CPU_PER_GB, cpu_s / gigabytes);
        let cost = self.consume_repeatedly(clients, &common)?;
        measured.add(&format!("consume, {case}"), self.who(), CPU_PER_GB, cost);
        delete_topic(clients, &topic)?;
        wait_for_deletion(&self.data_dir, &topic)
    }

    fn start(&self, measured: &mut Measured) -> anyhow::Result<()> {
        self.say("start");
        let server = self.launcher.start(self.kind, &self.data_dir, Place::Anywhere)?;
        measured.add("after a clean stop", self.who(), SECONDS, server.started_in.as_secs_f64());
        server.kill()?;
        let server = self.launcher.start(self.kind, &self.data_dir, Place::Anywhere)?;
        measured.add("after kill -9", self.who(), SECONDS, server.started_in.as_secs_f64());
        server.stop()
    }

    fn say(&self, what: &str) {
        eprintln!("  {}: {what}", self.who());
    }
}

/// A number in a report of `crossdock bench`.
pub(crate) fn number(report: &Value, field: &str) -> anyhow::Result<f64> {
    report[field].as_f64().ok_or_else(|| anyhow::anyhow!("no {field} in {report}"))
}

/// The CPU seconds of a process in a report of `crossdock bench`.
pub(crate) fn cpu_s(usage: &Value) -> anyhow::Result<f64> {
    Ok(number(usage, "user_s")? + number(usage, "system_s")?)
}

/// The broker's CPU seconds, and the gigabytes that flowed.
pub(crate) fn cost_of(report: &Value, flow: &str) -> anyhow::Result<(f64, f64)> {
    Ok((cpu_s(&report["broker"])?, number(&report[flow], "bytes")? / 1e9))
}

fn per_gb(cost: &Usage, records: u64, record_bytes: usize) -> f64 {
    cost.cpu().as_secs_f64() / (records as f64 * record_bytes as f64 / 1e9)
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn repeat(times: u32, mut work: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<()> {
    (0..times).try_for_each(|_| work())
}

/// Waits until nothing is left on the disk of a topic that was deleted: taking its files away costs a broker CPU time.
pub(crate) fn wait_for_deletion(data_dir: &Path, topic: &str) -> anyhow::Result<()> {
    let is_left = || -> anyhow::Result<bool> {
        for entry in fs::read_dir(data_dir)? {
            if entry?.file_name().to_string_lossy().starts_with(topic) {
                return Ok(true);
            }
        }
        Ok(false)
    };
    let begun = Instant::now();
    while is_left()? {
        ensure!(begun.elapsed() < PATIENCE, "{topic} is still in {}", data_dir.display());
        sleep(POLL);
    }
    Ok(())
}

pub(crate) fn create_topic(clients: &Clients<'_>, name: &str, partitions: i32) -> anyhow::Result<()> {
    let topic = NewTopic { name: name.to_owned(), partitions: Some(partitions), ..NewTopic::default() };
    on_cluster(clients, async |client| client.create_topic(&topic).await.map(|_| ()))
}

pub(crate) fn delete_topic(clients: &Clients<'_>, name: &str) -> anyhow::Result<()> {
    on_cluster(clients, async |client| client.delete_topic(name).await)
}

fn on_cluster(
    clients: &Clients<'_>,
    work: impl AsyncFnOnce(Client) -> Result<(), client::ClientError>,
) -> anyhow::Result<()> {
    let bootstrap = Address::parse_list(&clients.server.bootstrap)?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async { Ok(work(Client::connect(ClientConfig::new(bootstrap)).await?).await?) })
}
