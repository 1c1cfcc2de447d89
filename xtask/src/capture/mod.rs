//! `cargo xtask capture`: the frames that real clients and Apache Kafka send each other, as vectors for the codec.

mod frames;
mod proxy;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};

use anyhow::{Context as _, ensure};
use clap::{Args, ValueEnum as _};

use self::frames::Frames;
use self::proxy::Proxy;
use crate::clients::{Client, Installed, Report};
use crate::kafka::Kafka;
use crate::process::Process;
use crate::{clients, readiness, workspace};

/// Record what other people's clients and Apache Kafka say to each other, one frame for each API, version and client.
///
/// The tests of `protocol` read these frames and write them again. Run it when a client comes out with new versions.
#[derive(Args)]
pub(crate) struct Capture {
    /// Where the frames go.
    #[arg(long, value_name = "FILE", default_value_os_t = workspace::root().join("crates/protocol/tests/captured/frames.tsv"))]
    output: PathBuf,
}

impl Capture {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let installed = Installed::ensure()?;
        let scratch = tempfile::tempdir()?;
        let mut report = Report::default();
        let mut all = Frames::default();
        for client in Client::value_variants() {
            let proxy = Proxy::listen()?;
            let kafka = start(&installed.kafka, &scratch.path().join(client.name()), &proxy)?;
            client.check(&installed, &proxy.address(), &mut report);
            kafka.stop()?;
            all.add(client.name(), proxy.into_frames());
        }
        if let Some(folder) = self.output.parent() {
            fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
        }
        fs::write(&self.output, all.to_string())
            .with_context(|| format!("writing {}", self.output.display()))?;
        println!("{} frames in {}", all.len(), self.output.display());
        ensure!(report.failed() == 0, "not every check passed on Apache Kafka: some frames may be missing");
        Ok(ExitCode::SUCCESS)
    }
}

/// Starts a Kafka that tells its clients to go through the proxy.
fn start(kafka: &Kafka, folder: &Path, proxy: &Proxy) -> anyhow::Result<Process> {
    fs::create_dir_all(folder)?;
    let [port, controller_port] = readiness::free_ports()?;
    let advertised = format!("PLAINTEXT://{},CONTROLLER://127.0.0.1:{controller_port}", proxy.address());
    let mut settings: Vec<_> = clients::SETTINGS.lines().filter_map(|line| line.split_once('=')).collect();
    settings.push(("advertised.listeners", &advertised));
    let mut broker = kafka.broker(&folder.join("data"), port, controller_port, &settings)?;
    let log = fs::File::create(folder.join("broker.log"))?;
    let mut process = Process::new(broker.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?);
    let address = format!("127.0.0.1:{port}");
    readiness::await_metadata(&mut process, &address).context("starting Apache Kafka")?;
    proxy.forward_to(address);
    Ok(process)
}
