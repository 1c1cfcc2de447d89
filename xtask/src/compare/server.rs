//! The two brokers that are compared: how each is started, asked and stopped.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use bench::Usage;
use bytes::Bytes;
use protocol::api::{decode_response, encode_request};
use protocol::messages::metadata::MetadataRequest;
use rustix::process::{Pid, Signal, kill_process};

use super::cores::{Cores, Place};
use crate::kafka::Kafka;

/// How long a broker may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often a starting broker is asked.
const POLL: Duration = Duration::from_micros(500);
/// A version of Metadata that both serve.
const METADATA_VERSION: i16 = 9;
/// An answer of a broker without topics is far smaller.
const MAX_METADATA_BYTES: usize = 100 << 20;

/// Settings of both: one consumer need not wait for others to join its group, and files of deleted topics make room
/// at once.
const SETTINGS: [(&str, &str); 2] =
    [("group.initial.rebalance.delay.ms", "0"), ("log.segment.delete.delay.ms", "100")];

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
    child: Child,
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
        fs::create_dir_all(data_dir).with_context(|| format!("creating {}", data_dir.display()))?;
        let [port, second_port] = free_ports()?;
        let bootstrap = format!("127.0.0.1:{port}");
        let (mut command, admin) = match kind {
            Kind::Kafka => (self.kafka.broker(data_dir, port, second_port, &SETTINGS)?, None),
            Kind::Crossdock => {
                let admin = format!("127.0.0.1:{second_port}");
                let mut command = Command::new(&self.crossdock);
                command
                    .arg("broker")
                    .args(["--listen", &bootstrap, "--admin", &admin])
                    .arg("--data-dir")
                    .arg(data_dir);
                for (name, value) in SETTINGS {
                    command.args(["--set", &format!("{name}={value}")]);
                }
                (command, Some(admin))
            }
        };
        let log_path = data_dir.with_extension("out");
        let log = File::options().create(true).append(true).open(&log_path)?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let begun = Instant::now();
        let child = self.cores.spawn(&mut command, place)?;
        let mut server = Server { child, bootstrap, admin, started_in: Duration::ZERO };
        server.await_metadata(begun).with_context(|| {
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
        self.child.id()
    }

    /// What it has cost since it started.
    pub(crate) fn usage(&self) -> anyhow::Result<Usage> {
        Ok(Usage::of(self.pid())?)
    }

    /// Stops it in order.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        kill_process(Pid::from_child(&self.child), Signal::TERM).context("stopping a broker")?;
        let give_up = Instant::now() + PATIENCE;
        while self.child.try_wait()?.is_none() {
            ensure!(Instant::now() < give_up, "the broker has not stopped within {} s", PATIENCE.as_secs());
            sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Ends it as a crash does (`kill -9`).
    pub(crate) fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    fn await_metadata(&mut self, begun: Instant) -> anyhow::Result<()> {
        while begun.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                bail!("it ended with {status}");
            }
            // Refused, closed or without a broker: it is not ready yet.
            if metadata_names_a_broker(&self.bootstrap).unwrap_or(false) {
                return Ok(());
            }
            sleep(POLL);
        }
        bail!("no answer within {} s", PATIENCE.as_secs())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn metadata_names_a_broker(address: &str) -> anyhow::Result<bool> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let request = MetadataRequest { topics: Some(Vec::new()), ..MetadataRequest::default() };
    stream
        .write_all(&encode_request::<Bytes, _>(&request, METADATA_VERSION, 1, Some("xtask")).into_bytes())?;
    let mut size = [0; 4];
    stream.read_exact(&mut size)?;
    let size = usize::try_from(i32::from_be_bytes(size))?;
    ensure!(size <= MAX_METADATA_BYTES, "an answer of {size} bytes");
    let mut answer = vec![0; size];
    stream.read_exact(&mut answer)?;
    Ok(!decode_response::<MetadataRequest>(answer.into(), METADATA_VERSION)?.brokers.is_empty())
}

/// Ports that nobody listens on now.
fn free_ports() -> io::Result<[u16; 2]> {
    let (one, other) = (TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?);
    Ok([one.local_addr()?.port(), other.local_addr()?.port()])
}
