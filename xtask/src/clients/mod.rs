//! `cargo xtask clients`: other people's clients and tools against a release build of this checkout.
//!
//! Each client is installed by its own package manager, gets a broker of its own, is tried on what it can do, and then has
//! to bring its records through a restart, a `kill -9` and a group whose members join and die. At the end Kafka's own
//! DumpLogSegments reads every file that the broker wrote.

mod dump;
mod endurance;
mod install;
mod java;
mod kcat;
mod participant;
mod report;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, ValueEnum};

pub(crate) use self::install::Installed;
use self::participant::Kind;
pub(crate) use self::report::Report;
use crate::broker::Broker;
use crate::{tool, workspace};

/// How long any one program may take, besides those that carry all records.
const PATIENCE: Duration = Duration::from_secs(180);

/// Members of groups are missed soon, and nobody waits for more of them to join. Every few topics make a snapshot of the
/// metadata due, so that DumpLogSegments has some to read.
pub(crate) const SETTINGS: &str = "group.initial.rebalance.delay.ms=0\n\
    group.min.session.timeout.ms=1000\n\
    offsets.topic.num.partitions=5\n\
    metadata.log.max.record.bytes.between.snapshots=1000\n";

/// Run other people's clients against a release build: do they work, and is nothing lost or doubled?
///
/// Installs them with apt-get, Maven and pip where they are missing.
#[derive(Args)]
pub(crate) struct Clients {
    /// The clients to run; all by default.
    #[arg(value_name = "CLIENT")]
    clients: Vec<Client>,
    /// How many records each client brings through restarts and kills.
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    records: u64,
    /// A `crossdock` to run in place of this checkout's.
    #[arg(long, value_name = "PATH")]
    crossdock: Option<PathBuf>,
}

/// Whose client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Client {
    /// The command line client on librdkafka.
    Kcat,
    /// Apache Kafka's own client and tools.
    Java,
    /// librdkafka from Python.
    ConfluentKafka,
    /// The pure Python client.
    KafkaPython,
    /// The asyncio client.
    Aiokafka,
}

impl Clients {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let clients = if self.clients.is_empty() { Client::value_variants() } else { &self.clients };
        let installed = Installed::ensure()?;
        let crossdock = self.crossdock.clone().map_or_else(workspace::build, Ok)?;
        let scratch = std::env::temp_dir().join(format!("crossdock-clients-{}", std::process::id()));
        let mut report = Report::default();
        for client in clients {
            let folder = scratch.join(client.name());
            let before = report.failed();
            let mut broker = Broker::start(&crossdock, &folder, SETTINGS)?;
            client.check(&installed, &broker.bootstrap(), &mut report);
            client.endure(&installed, &mut broker, self.records, &mut report);
            report.check(client.name(), "stops when it is told to", || broker.stop().map(|()| String::new()));
            dump::check(&installed, &broker.data_dir(), client.name(), &mut report);
            if report.failed() == before {
                fs::remove_dir_all(&folder).with_context(|| format!("removing {}", folder.display()))?;
            } else {
                eprintln!("what the broker wrote and said is kept in {}", folder.display());
            }
        }
        Ok(report.conclude())
    }
}

impl Client {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Kcat => "kcat",
            Self::Java => "java",
            Self::ConfluentKafka => "confluent-kafka",
            Self::KafkaPython => "kafka-python",
            Self::Aiokafka => "aiokafka",
        }
    }

    /// What produces and reads without end; kcat has no idempotent producer that goes on after its input.
    fn kind(self) -> Option<Kind> {
        match self {
            Self::Kcat => None,
            Self::Java => Some(Kind::Java),
            Self::ConfluentKafka => Some(Kind::Python("confluent.py")),
            Self::KafkaPython => Some(Kind::Python("kafka_python.py")),
            Self::Aiokafka => Some(Kind::Python("aio.py")),
        }
    }

    /// Tries what the client can do on the broker at `bootstrap`, which has no topics yet.
    pub(crate) fn check(self, installed: &Installed, bootstrap: &str, report: &mut Report) {
        match self.kind() {
            None => kcat::check(bootstrap, report),
            Some(Kind::Java) => java::check(&installed.kafka, bootstrap, report),
            Some(Kind::Python(script)) => {
                report.check(
                    self.name(),
                    "codecs, null and empty fields, headers, times, admin calls",
                    || {
                        let mut check = installed.script(script);
                        check.args(["check", bootstrap, "check"]);
                        tool::output(&mut check, &[], PATIENCE).map(|_| String::new())
                    },
                );
            }
        }
    }

    /// Brings records through a restart and kills.
    fn endure(self, installed: &Installed, broker: &mut Broker, records: u64, report: &mut Report) {
        let Some(kind) = self.kind() else { return };
        let promise = format!("{records} records through a restart, kill -9 and a changing group");
        report.check(self.name(), &promise, || endurance::run(installed, kind, broker, records));
    }
}
