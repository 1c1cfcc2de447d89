//! The two brokers that are compared: how each is started, asked and stopped.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use bench::Usage;

use super::cores::{Cores, Place};
use crate::kafka::Kafka;
use crate::process::Process;
use crate::readiness;

/// Names and values.
pub(crate) type Settings = &'static [(&'static str, &'static str)];

/// Settings of both: one consumer need not wait for others to join its group, and files of deleted topics make room
/// at once.
const SETTINGS: Settings =
    &[("group.initial.rebalance.delay.ms", "0"), ("log.segment.delete.delay.ms", "100")];

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Kafka,
    Crossdock,
}

impl Kind {
    /// In the order in which they take turns.
    pub(crate) const ALL: [Self; 2] = [Self::Kafka, Self::Crossdock];

    /// As tables and plots call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Kafka => "Apache Kafka",
            Self::Crossdock => "Crossdock",
        }
    }
}

/// What is needed to start either broker.
#[derive(Clone, Debug)]
pub(crate) struct Launcher {
    pub(crate) kafka: Kafka,
    /// The `crossdock` binary.
    pub(crate) crossdock: PathBuf,
    pub(crate) cores: Cores,
}

/// A broker that runs. It is killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    process: Process,
    /// `HOST:PORT`.
    pub(crate) bootstrap: String,
    /// `HOST:PORT` of the admin listener, if it is a Crossdock.
    pub(crate) admin: Option<String>,
    /// From starting the process to its first answer to Metadata.
    pub(crate) started_in: Duration,
}

impl Launcher {
    /// Starts a broker on `data_dir` and waits until it answers Metadata.
    pub(crate) fn start(&self, kind: Kind, data_dir: &Path, place: Place) -> anyhow::Result<Server> {
        self.start_with(kind, data_dir, place, &[])
    }

    /// The same with further settings.
    pub(crate) fn start_with(
        &self,
        kind: Kind,
        data_dir: &Path,
        place: Place,
        settings: Settings,
    ) -> anyhow::Result<Server> {
        let settings = [SETTINGS, settings].concat();
        fs::create_dir_all(data_dir).with_context(|| format!("creating {}", data_dir.display()))?;
        let [port, second_port] = readiness::free_ports()?;
        let bootstrap = format!("127.0.0.1:{port}");
        let (mut command, admin) = match kind {
            Kind::Kafka => (self.kafka.broker(data_dir, port, second_port, &settings)?, None),
            Kind::Crossdock => {
                let admin = format!("127.0.0.1:{second_port}");
                let mut command = Command::new(&self.crossdock);
                command
                    .arg("broker")
                    .args(["--listen", &bootstrap, "--admin", &admin])
                    .arg("--data-dir")
                    .arg(data_dir);
                for (name, value) in settings {
                    command.args(["--set", &format!("{name}={value}")]);
                }
                (command, Some(admin))
            }
        };
        let log_path = data_dir.with_extension("out");
        let log = File::options().create(true).append(true).open(&log_path)?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let begun = Instant::now();
        let process = Process::new(self.cores.spawn(&mut command, place)?);
        let mut server = Server { process, bootstrap, admin, started_in: Duration::ZERO };
        readiness::await_metadata(&mut server.process, &server.bootstrap).with_context(|| {
            format!(
                "starting {}; it said:\n{}",
                kind.name(),
                fs::read_to_string(&log_path).unwrap_or_default()
            )
        })?;
        server.started_in = begun.elapsed();
        Ok(server)
    }
}

impl Server {
    /// The process.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// What it has cost since it started.
    pub(crate) fn usage(&self) -> anyhow::Result<Usage> {
        Ok(Usage::of(self.pid())?)
    }

    /// Stops it in order.
    pub(crate) fn stop(self) -> anyhow::Result<()> {
        self.process.stop()
    }

    /// Ends it as a crash does (`kill -9`).
    pub(crate) fn kill(self) -> anyhow::Result<()> {
        self.process.kill()
    }
}
