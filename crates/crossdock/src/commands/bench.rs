//! `crossdock bench`: load on a broker, and what it costs.

use std::fs::File;
use std::io::Write;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use bench::{
    Acks, ConsumeLoad, Limits, Observe, OneAtATime, ProduceLoad, ProxyLoad, Report, Target, Traffic, floor,
};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use crate::output;

/// Put load on any Kafka broker and say what came of it: rates, latencies, and what it cost the broker and the
/// generator in CPU time and memory.
///
/// Batches are built once and sent again and again, received records are counted by batch and not decoded, so that the
/// generator costs far less than the broker. With `--rate`, requests follow a schedule that does not wait for answers,
/// and latency counts from when a request was due.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Bench {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  crossdock bench produce --topic load --partitions 6 --bytes 2000000000
  crossdock bench consume --topic load --pid $(pgrep -x crossdock)
  crossdock bench both --topic live --partitions 8 --connections 8 --rate 100000 --seconds 30
  crossdock bench latency --topic ping";

const PRODUCE_EXAMPLES: &str = "\
Examples:
  crossdock bench produce --topic load --partitions 6 --bytes 2000000000
  crossdock bench produce --topic load --rate 50000 --seconds 60 --batch-bytes 16384
  crossdock bench produce --topic load --connections 1000 --in-flight 1 --bytes 2000000000";

const CONSUME_EXAMPLES: &str = "\
Examples:
  crossdock bench consume --topic load
  crossdock bench consume --topic load --connections 100 --admin 127.0.0.1:9644";

const BOTH_EXAMPLES: &str = "\
Examples:
  crossdock bench both --topic live --partitions 8 --connections 8 --rate 1000000 --record-bytes 1000 --seconds 15";

const LATENCY_EXAMPLES: &str = "\
Examples:
  crossdock bench latency --topic ping
  crossdock bench latency --topic ping --records 100000 --record-bytes 1024";

const FLOOR_EXAMPLES: &str = "\
Examples:
  crossdock bench floor-serve big.file --listen 127.0.0.1:9999
  crossdock bench floor-drain 127.0.0.1:9999";

const THROUGH_PROXY_EXAMPLES: &str = "\
Examples:
  crossdock proxy --listen 127.0.0.1:7001 --to 127.0.0.1:7000 &
  crossdock bench through-proxy 127.0.0.1:7001 --listen 127.0.0.1:7000 --pid $(pgrep -x crossdock)
  crossdock bench through-proxy 127.0.0.1:7001 --listen 127.0.0.1:7000 --traffic exchange --message-bytes 100";

#[derive(Debug, Subcommand)]
enum Command {
    /// Produce until a limit is reached.
    #[command(after_help = PRODUCE_EXAMPLES)]
    Produce {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        limits: LimitOptions,
        #[command(flatten)]
        produce: ProduceOptions,
    },
    /// Consume what the topic holds, once.
    #[command(after_help = CONSUME_EXAMPLES)]
    Consume {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        limits: LimitOptions,
        #[command(flatten)]
        consume: ConsumeOptions,
        /// Connections; where there are fewer partitions, each reads a range of offsets.
        #[arg(long, value_name = "N", default_value_t = 1)]
        connections: usize,
    },
    /// Produce until a limit is reached, and consume the same records as they come.
    #[command(after_help = BOTH_EXAMPLES)]
    Both {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        limits: LimitOptions,
        #[command(flatten)]
        produce: ProduceOptions,
        #[command(flatten)]
        consume: ConsumeOptions,
        /// Connections that consume (--connections: that produce).
        #[arg(long, value_name = "N", default_value_t = 1)]
        consume_connections: usize,
    },
    /// Send one record at a time, and the next when the consumer has it.
    #[command(after_help = LATENCY_EXAMPLES)]
    Latency {
        #[command(flatten)]
        common: Common,
        /// Records that are measured.
        #[arg(long, value_name = "N", default_value_t = 10_000)]
        records: u32,
        /// Bytes of each record's value.
        #[arg(long, value_name = "BYTES", default_value_t = 100)]
        record_bytes: usize,
        /// Acknowledgements to wait for.
        #[arg(long, value_name = "ACKS", default_value = "1")]
        acks: AcksOption,
    },
    /// Send a file by sendfile to the first peer that connects: the floor under every broker.
    #[command(hide = true, after_help = FLOOR_EXAMPLES)]
    FloorServe {
        /// The file.
        file: PathBuf,
        /// Where to listen.
        #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0")]
        listen: String,
        /// How often to send the file.
        #[arg(long, value_name = "N", default_value_t = 1)]
        times: u32,
        /// The socket's send buffer; the system's own by default.
        #[arg(long, value_name = "BYTES")]
        send_buffer_bytes: Option<usize>,
    },
    /// Receive what `floor-serve` sends.
    #[command(hide = true, after_help = FLOOR_EXAMPLES)]
    FloorDrain {
        /// Where `floor-serve` listens.
        #[arg(value_name = "HOST:PORT")]
        address: String,
    },
    /// Play the clients of any TCP proxy and the target behind it, and say what passing it all on cost.
    #[command(hide = true, after_help = THROUGH_PROXY_EXAMPLES)]
    ThroughProxy {
        /// Where the proxy listens.
        #[arg(value_name = "HOST:PORT")]
        proxy: String,
        /// Where the proxy passes connections on to: the target listens there.
        #[arg(long, value_name = "HOST:PORT")]
        listen: String,
        /// What goes through each connection.
        #[arg(long, value_enum, default_value = "one-way")]
        traffic: TrafficOption,
        /// Connections at the same time.
        #[arg(long, value_name = "N", default_value_t = 100)]
        connections: usize,
        /// Messages on each connection, each way that has any.
        #[arg(long, value_name = "N", default_value_t = 1_000)]
        messages: usize,
        /// Bytes of each message.
        #[arg(long, value_name = "BYTES", default_value_t = 65_536)]
        message_bytes: usize,
        /// The proxy's process on this machine, whose CPU time and memory to report.
        #[arg(long, value_name = "PID")]
        pid: Option<u32>,
    },
}

/// What goes through each connection of a proxy.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum TrafficOption {
    /// A stream from the target to the client.
    OneWay,
    /// A stream each way, at the same time.
    BothWays,
    /// A message from the client, one from the target, and so on.
    Exchange,
}

#[derive(Debug, Args)]
struct Common {
    #[command(flatten)]
    bootstrap: super::Bootstrap,
    /// The topic, whose partitions are all led by one broker.

    #[arg(long, value_name = "NAME")]
    topic: String,
    /// Partitions of the topic, if it has to be created.
    #[arg(long, value_name = "N", default_value_t = 1)]
    partitions: i32,
    /// The broker's process on this machine, whose CPU time and memory to report.
    #[arg(long, value_name = "PID")]
    pid: Option<u32>,
    /// A Crossdock's admin listener, whose count of payload bytes to report.
    #[arg(long, value_name = "HOST:PORT")]
    admin: Option<String>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct LimitOptions {
    /// Stop after so many bytes of batches.
    #[arg(long, value_name = "BYTES")]
    bytes: Option<u64>,
    /// Stop after so many seconds (produce and both: 10 if neither limit is given).
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<f64>,
}

#[derive(Debug, Args)]
struct ProduceOptions {
    /// Bytes of each record's value.
    #[arg(long, value_name = "BYTES", default_value_t = 1_024)]
    record_bytes: usize,
    /// Bytes that a batch is filled up to.
    #[arg(long, value_name = "BYTES", default_value_t = 262_144)]
    batch_bytes: usize,
    /// Acknowledgements to wait for.
    #[arg(long, value_name = "ACKS", default_value = "1")]
    acks: AcksOption,
    /// Requests that a connection may have unanswered.
    #[arg(long, value_name = "N", default_value_t = 5)]
    in_flight: usize,
    /// Connections that produce.
    #[arg(long, value_name = "N", default_value_t = 1)]
    connections: usize,
    /// Records per second in all; as fast as it goes by default.
    #[arg(long, value_name = "RECORDS")]
    rate: Option<f64>,
    /// Threads that drive the producing connections.
    #[arg(long, value_name = "N", default_value_t = 1)]
    produce_threads: usize,
}

#[derive(Debug, Args)]
struct ConsumeOptions {
    /// The most that one answer may hold (fetch.max.bytes).
    #[arg(long, value_name = "BYTES", default_value_t = 50 << 20)]
    fetch_max_bytes: i32,
    /// The most that one partition may give to an answer (max.partition.fetch.bytes).
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 20)]
    partition_max_bytes: i32,
    /// The least that an answer waits for (fetch.min.bytes).
    #[arg(long, value_name = "BYTES", default_value_t = 1)]
    min_bytes: i32,
    /// How long an answer waits for that (fetch.max.wait.ms).
    #[arg(long, value_name = "MS", default_value_t = 500)]
    max_wait_ms: i32,
    /// Threads that drive the consuming connections.
    #[arg(long, value_name = "N", default_value_t = 1)]
    consume_threads: usize,
}

/// `acks`, but for 0: what is not acknowledged cannot be measured.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum AcksOption {
    /// The leader's.
    #[value(name = "1")]
    Leader,
    /// Those of all in-sync replicas.
    #[value(name = "all", alias = "-1")]
    All,
}

impl Bench {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Produce { common, limits, produce } => {
                let limits = limits.or_ten_seconds();
                common.print(&bench::run_produce(
                    &common.target()?,
                    &produce.load(),
                    &limits,
                    &common.observe(),
                )?)
            }
            Command::Consume { common, limits, consume, connections } => common.print(&bench::run_consume(
                &common.target()?,
                &consume.load(connections),
                &limits.limits(),
                &common.observe(),
            )?),
            Command::Both { common, limits, produce, consume, consume_connections } => {
                common.print(&bench::run_both(
                    &common.target()?,
                    &produce.load(),
                    &consume.load(consume_connections),
                    &limits.or_ten_seconds(),
                    &common.observe(),
                )?)
            }
            Command::Latency { common, records, record_bytes, acks } => latency(
                &common,
                OneAtATime { records, record_bytes, acks: acks.into(), ..OneAtATime::default() },
            ),
            Command::FloorServe { file, listen, times, send_buffer_bytes } => {
                floor_serve(&file, &listen, times, send_buffer_bytes)
            }
            Command::FloorDrain { address } => floor_drain(&address),
            Command::ThroughProxy { proxy, listen, traffic, connections, messages, message_bytes, pid } => {
                let load = ProxyLoad { traffic: traffic.into(), connections, messages, message_bytes };
                through_proxy(&proxy, &listen, &load, pid)
            }
        }
    }
}

fn latency(common: &Common, options: OneAtATime) -> anyhow::Result<ExitCode> {
    let (latency, broker) = bench::run_latency(&common.target()?, &options, common.pid)?;
    if common.json {
        let broker = broker.as_ref().map(bench::Usage::to_json);
        return print_json(&json!({ "latency": latency.to_json(), "broker": broker }));
    }
    let mut out = output::stdout();
    writeln!(out, "one at a time, {} records: {latency}", latency.count())?;
    if let Some(broker) = broker {
        writeln!(out, "broker: {:.2} s CPU", broker.cpu().as_secs_f64())?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn floor_serve(
    file: &PathBuf,
    listen: &str,
    times: u32,
    send_buffer_bytes: Option<usize>,
) -> anyhow::Result<ExitCode> {
    let opened = File::open(file).with_context(|| format!("opening {}", file.display()))?;
    let listener = TcpListener::bind(listen).with_context(|| format!("listening on {listen}"))?;
    let mut out = output::stdout();
    writeln!(out, "{}", listener.local_addr()?)?;
    out.flush()?;
    let usage = floor::serve(&listener, &opened, times, send_buffer_bytes)?;
    drop(out);
    print_json(&usage.to_json())
}

fn floor_drain(address: &str) -> anyhow::Result<ExitCode> {
    let (bytes, elapsed) = floor::drain(&address.parse()?)?;
    print_json(&json!({ "bytes": bytes, "elapsed_s": elapsed.as_secs_f64() }))
}

fn through_proxy(proxy: &str, listen: &str, load: &ProxyLoad, pid: Option<u32>) -> anyhow::Result<ExitCode> {
    let listener = TcpListener::bind(listen).with_context(|| format!("listening on {listen}"))?;
    print_json(&bench::run_through_proxy(&listener, &proxy.parse()?, load, pid)?.to_json())
}

fn print_json(value: &Value) -> anyhow::Result<ExitCode> {
    let mut out = output::stdout();
    writeln!(out, "{value}")?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

impl Common {
    fn target(&self) -> anyhow::Result<Target> {
        let bootstrap = self.bootstrap.brokers()?;
        Ok(Target { bootstrap, topic: self.topic.clone(), partitions: self.partitions })
    }

    fn observe(&self) -> Observe {
        Observe { pid: self.pid, admin: self.admin.clone() }
    }

    fn print(&self, report: &Report) -> anyhow::Result<ExitCode> {
        if self.json {
            return print_json(&report.to_json());
        }
        let mut out = output::stdout();
        write!(out, "{report}")?;
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}

impl LimitOptions {
    fn limits(&self) -> Limits {
        // No run takes longer than a century.
        const MAX_SECONDS: f64 = 3e9;
        let duration = self.seconds.map(|seconds| Duration::from_secs_f64(seconds.clamp(0.0, MAX_SECONDS)));
        Limits { bytes: self.bytes, duration }
    }

    fn or_ten_seconds(&self) -> Limits {
        match self.limits() {
            Limits { bytes: None, duration: None } => {
                Limits { duration: Some(Duration::from_secs(10)), ..Limits::default() }
            }
            limits => limits,
        }
    }
}

impl ProduceOptions {
    fn load(&self) -> ProduceLoad {
        ProduceLoad {
            record_bytes: self.record_bytes,
            batch_bytes: self.batch_bytes,
            acks: self.acks.into(),
            in_flight: self.in_flight,
            connections: self.connections,
            threads: self.produce_threads,
            records_per_s: self.rate,
        }
    }
}

impl ConsumeOptions {
    fn load(&self, connections: usize) -> ConsumeLoad {
        ConsumeLoad {
            connections,
            threads: self.consume_threads,
            fetch_max_bytes: self.fetch_max_bytes,
            partition_max_bytes: self.partition_max_bytes,
            min_bytes: self.min_bytes,
            max_wait_ms: self.max_wait_ms,
        }
    }
}

impl From<TrafficOption> for Traffic {
    fn from(traffic: TrafficOption) -> Self {
        match traffic {
            TrafficOption::OneWay => Self::OneWay,
            TrafficOption::BothWays => Self::BothWays,
            TrafficOption::Exchange => Self::Exchange,
        }
    }
}

impl From<AcksOption> for Acks {
    fn from(acks: AcksOption) -> Self {
        match acks {
            AcksOption::Leader => Self::Leader,
            AcksOption::All => Self::All,
        }
    }
}
