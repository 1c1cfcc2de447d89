//! `crossdock broker`: serves Kafka clients until it is told to stop.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;

use anyhow::Context;
use broker::RunningBroker;
use broker::config::{Loaded, Sources};
use clap::Args;
use transfer::{Capability, Mechanism};

use super::serving::{StopSignals, raise_open_files};
use crate::policy_file::PolicyFile;

/// The exit status where the configuration is wrong, as for wrong arguments.
const EXIT_CONFIGURATION: u8 = 2;
/// Where the commands of this program look for a broker unless told otherwise.
const USUAL_PORT: u16 = 9092;

/// Serve Kafka clients.
///
/// SIGTERM or Ctrl-C stops it: answers in flight are then finished and the logs flushed.
///
/// Settings are Kafka's, from a server.properties file and from --set; those of Crossdock's own begin with `crossdock.`.
/// Exit status 2: the configuration is wrong, and nothing was written.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Broker {
    /// Where to listen: `listeners`, in short [default: 127.0.0.1:9092].
    #[arg(long, value_name = "HOST:PORT")]
    listen: Option<String>,
    /// Where to keep data: `log.dirs`, in short; may be repeated [default: ./crossdock-data].
    #[arg(long, value_name = "DIR")]
    data_dir: Vec<PathBuf>,
    /// A configuration file as Kafka's server.properties.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// How payload leaves, as `crossdock lab` wrote it.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Send by this mechanism instead of the cheapest: sendfile, splice, mmap or read-write.
    #[arg(long)]
    mechanism: Option<Mechanism>,
    /// A setting that wins over the files'; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Where /metrics, /healthz and /readyz are served [default: 127.0.0.1:9644].
    #[arg(long, value_name = "HOST:PORT")]
    admin: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  crossdock broker
  crossdock broker --listen 0.0.0.0:9092 --data-dir /var/lib/crossdock
  crossdock broker --config server.properties --set log.retention.hours=24
  crossdock broker --mechanism read-write              what does copying cost here?
  RUST_LOG=debug crossdock broker";

impl Broker {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let loaded = match self.sources().and_then(|sources| Ok(sources.load()?)) {
            Ok(loaded) => loaded,
            Err(errors) => {
                writeln!(io::stderr(), "crossdock: the configuration is wrong:\n{errors:#}")?;
                return Ok(ExitCode::from(EXIT_CONFIGURATION));
            }
        };
        raise_open_files();
        // One more than cores: while each of the others waits for a disk, one is left to serve. Until then it rests.
        let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get) + 1;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .enable_all()
            .build()
            .context("starting the runtime")?;
        runtime.block_on(serve(loaded))?;
        Ok(ExitCode::SUCCESS)
    }

    fn sources(&self) -> anyhow::Result<Sources> {
        let mut sources = Sources::new();
        if let Some(file) = &self.config {
            sources = sources.file(file);
        }
        if let Some(file) = &self.policy {
            for (key, value) in PolicyFile::read(file)?.broker_settings() {
                sources = sources.option("--policy", key, &value);
            }
        }
        for setting in &self.set {
            sources = sources.set(setting);
        }
        if let Some(mechanism) = self.mechanism {
            sources = sources.option("--mechanism", "crossdock.transfer.mechanism", mechanism.as_str());
        }
        if let Some(address) = &self.listen {
            sources = sources.option("--listen", "listeners", &format!("PLAINTEXT://{address}"));
        }
        if !self.data_dir.is_empty() {
            let dirs: Vec<String> = self.data_dir.iter().map(|dir| dir.display().to_string()).collect();
            sources = sources.option("--data-dir", "log.dirs", &dirs.join(","));
        }
        if let Some(address) = &self.admin {
            sources = sources.option("--admin", "crossdock.admin.listener", address);
        }
        Ok(sources)
    }
}

async fn serve(Loaded { config, warnings }: Loaded) -> anyhow::Result<()> {
    if !warnings.is_empty() {
        tracing::warn!("some settings do nothing:\n{warnings}");
    }
    // Before the broker starts: whoever asks it to stop early is heard.
    let mut stop = StopSignals::listen()?;
    let broker = RunningBroker::start(config).await?;
    // A screen that nobody can see is no reason not to serve.
    let _ = write_screen(&broker, &mut io::stdout().lock());
    let name = stop.first().await;
    tracing::info!("{name}: stopping; another one stops at once, without a clean shutdown");
    tokio::select! {
        stopped = broker.stop() => Ok(stopped?),
        name = stop.next() => anyhow::bail!("{name}: stopped at once; the next start checks the logs"),
    }
}

/// What a user needs to know, on one screen.
fn write_screen(broker: &RunningBroker, out: &mut impl Write) -> io::Result<()> {
    let listeners: Vec<String> =
        broker.listeners().iter().map(|(name, address)| format!("{address} ({name})")).collect();
    let dirs: Vec<String> = broker.data_dirs().iter().map(|dir| dir.display().to_string()).collect();
    writeln!(out, "Crossdock {}, process {}\n", env!("CARGO_PKG_VERSION"), std::process::id())?;
    writeln!(out, "  listens on  {}", listeners.join(", "))?;
    writeln!(out, "  data in     {}", dirs.join(", "))?;
    writeln!(out, "  cluster id  {}", broker.cluster_id())?;
    if let Some(admin) = broker.admin() {
        writeln!(out, "  metrics     http://{admin}/metrics")?;
    }
    let report = broker.engine().capabilities().report();
    let (present, missing): (Vec<Capability>, Vec<Capability>) =
        report.into_iter().partition(|capability| capability.present);
    let names: Vec<&str> = present.iter().map(|capability| capability.name).collect();
    writeln!(out, "  kernel      {}", names.join(", "))?;
    for capability in missing {
        writeln!(out, "              no {}: {}", capability.name, capability.meaning)?;
    }
    let bootstrap = bootstrap_option(broker.listeners().first().map(|(_, address)| *address));
    writeln!(out, "\nTry:\n  crossdock topic create orders --partitions 3{bootstrap}")?;
    writeln!(out, "  seq 1000 | crossdock produce orders{bootstrap}")?;
    writeln!(out, "  crossdock consume orders --max 10{bootstrap}\n")?;
    out.flush()
}

/// What the other commands need to find this broker; nothing where it is at the usual place.
fn bootstrap_option(listens_on: Option<SocketAddr>) -> String {
    match listens_on {
        Some(address) if address.ip().is_unspecified() || address.ip().is_loopback() => {
            match address.port() {
                USUAL_PORT => String::new(),
                port => format!(" --bootstrap 127.0.0.1:{port}"),
            }
        }
        Some(address) => format!(" --bootstrap {address}"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggested_commands_find_the_broker_wherever_it_listens() {
        let option = |address: &str| bootstrap_option(Some(address.parse().unwrap()));
        assert_eq!(option("127.0.0.1:9092"), "");
        assert_eq!(option("0.0.0.0:9092"), "");
        assert_eq!(option("0.0.0.0:19092"), " --bootstrap 127.0.0.1:19092");
        assert_eq!(option("10.0.0.7:9092"), " --bootstrap 10.0.0.7:9092");
    }
}
