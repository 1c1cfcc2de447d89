//! A Crossdock that is started for other people's programs, ended in several ways, and started again on its data.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context as _;

use crate::process::Process;
use crate::readiness;

/// A broker process with its folder: `data` in it, `server.properties` and `broker.log`. Killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Broker {
    program: PathBuf,
    folder: PathBuf,
    port: u16,
    admin_port: u16,
    process: Option<Process>,
}

impl Broker {
    /// Starts `program` on an empty data directory in `folder` with the properties in `settings`.
    pub(crate) fn start(program: &Path, folder: &Path, settings: &str) -> anyhow::Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(folder).with_context(|| format!("emptying {}", folder.display()))?;
        }
        fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
        let [port, admin_port] = readiness::free_ports()?;
        // As operators write it, and not only as `--listen`: some tests ask where the setting comes from.
        let properties = format!("advertised.listeners=PLAINTEXT://127.0.0.1:{port}\n{settings}");
        fs::write(folder.join("server.properties"), properties)?;
        let mut broker =
            Self { program: program.to_owned(), folder: folder.to_owned(), port, admin_port, process: None };
        broker.start_again()?;
        Ok(broker)
    }

    /// `HOST:PORT`, the same after every start.
    pub(crate) fn bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Ends it in order and starts it again.
    pub(crate) fn restart(&mut self) -> anyhow::Result<()> {
        self.stop()?;
        self.start_again()
    }

    /// Ends it as a crash does (`kill -9`) and starts it again.
    pub(crate) fn crash(&mut self) -> anyhow::Result<()> {
        self.process.take().map_or(Ok(()), Process::kill)?;
        self.start_again()
    }

    /// Ends it in order.
    pub(crate) fn stop(&mut self) -> anyhow::Result<()> {
        self.process.take().map_or(Ok(()), Process::stop)
    }

    fn start_again(&mut self) -> anyhow::Result<()> {
        let log_path = self.folder.join("broker.log");
        let log = File::options().create(true).append(true).open(&log_path)?;
        let child = Command::new(&self.program)
            .arg("broker")
            .arg("--config")
            .arg(self.folder.join("server.properties"))
            .args(["--listen", &self.bootstrap()])
            .args(["--admin", &format!("127.0.0.1:{}", self.admin_port)])
            .arg("--data-dir")
            .arg(self.data_dir())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("starting {}", self.program.display()))?;
        let address = self.bootstrap();
        readiness::await_metadata(self.process.insert(Process::new(child)), &address).with_context(|| {
            format!("starting a broker; it said:\n{}", fs::read_to_string(&log_path).unwrap_or_default())
        })
    }
}
