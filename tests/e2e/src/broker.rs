//! A broker process: start it, end it in several ways, start it again on the same data.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::ports::Port;
use crate::wire::Connection;
use crate::{crossdock, process, wait};

/// Lines of the broker's log that a failed test shows.
const LOG_LINES_SHOWN: usize = 60;

/// Kafka's settings, as pairs of name and value.
pub type Settings<'a> = &'a [(&'a str, &'a str)];

/// A broker in a process of its own. It is killed, and its data removed, when this value goes.
#[derive(Debug)]
pub struct Broker {
    child: Option<Child>,
    port: Port,
    admin: Port,
    folder: TempDir,
    second_dir: Option<PathBuf>,
}

impl Broker {
    /// A broker on an empty data directory that answers requests.
    ///
    /// # Panics
    ///
    /// When it does not answer within [`wait::DEADLINE`], or ends before.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// As [`start`](Self::start), with `settings` in its configuration file.
    ///
    /// # Panics
    ///
    /// As `start` does.
    pub fn with(settings: Settings<'_>) -> Self {
        Self::start_on(settings, None)
    }

    /// As [`start`](Self::start), with a second data directory. A broker that is not Crossdock has one all the same.
    ///
    /// # Panics
    ///
    /// As `start` does.
    pub fn with_second_dir(path: &Path) -> Self {
        Self::start_on(&[], Some(path.to_owned()))
    }

    fn start_on(settings: Settings<'_>, second_dir: Option<PathBuf>) -> Self {
        let mut broker = Self {
            child: None,
            port: Port::lease(),
            admin: Port::lease(),
            folder: TempDir::with_prefix("crossdock-e2e-").expect("a temporary folder"),
            second_dir,
        };
        broker.configure(settings);
        broker.restart();
        broker
    }

    /// Whether the broker is Crossdock. Otherwise says that `test` is left out.
    pub fn is_crossdock(test: &str) -> bool {
        let ours = launcher().is_none();
        if !ours {
            println!("skipped: {test} is about Crossdock alone");
        }
        ours
    }

    /// `HOST:PORT` for clients.
    pub fn bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.port.number())
    }

    /// `HOST:PORT` of the admin pages.
    pub fn admin_address(&self) -> String {
        format!("127.0.0.1:{}", self.admin.number())
    }

    /// The data directory.
    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The process id.
    ///
    /// # Panics
    ///
    /// When the broker is down.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("the broker runs").id()
    }

    /// Everything that the broker wrote to standard output and standard error so far.
    pub fn log_text(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.log()).unwrap_or_default()).into_owned()
    }

    /// Ends the process with SIGKILL: nothing more is written.
    ///
    /// # Panics
    ///
    /// When the broker is down already.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("the broker runs");
        child.kill().expect("the process is there");
        process::ended(&mut child);
    }

    /// Ends the process with SIGTERM and waits until it has ended.
    ///
    /// # Panics
    ///
    /// When the broker is down already, or does not end within [`wait::DEADLINE`].
    pub fn terminate(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("the broker runs");
        process::signal(&child, Signal::TERM);
        process::ended(&mut child)
    }

    /// Starts the broker, with the configuration, the port and the data that it had, and waits until it answers.
    ///
    /// # Panics
    ///
    /// When it runs already, does not answer within [`wait::DEADLINE`], or ends before.
    pub fn restart(&mut self) {
        assert!(self.child.is_none(), "the broker runs already");
        let log = File::options().create(true).append(true).open(self.log()).expect("a log file");
        let child = self
            .command()
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .spawn()
            .expect("the broker's program starts");
        let child = self.child.insert(child);
        let address = format!("127.0.0.1:{}", self.port.number());
        wait::until("the broker answers", || {
            let ended = child.try_wait().expect("a child of this process");
            assert!(ended.is_none(), "the broker ended: {ended:?}");
            Connection::open(&address).is_ok_and(|mut connection| connection.broker_count() == Ok(1))
        });
    }

    /// What the next start finds in the configuration file.
    ///
    /// # Panics
    ///
    /// When the file cannot be written.
    pub fn configure(&self, settings: Settings<'_>) {
        // Tests of groups have one member at a time; nobody is to be waited for.
        let mut lines = String::from("group.initial.rebalance.delay.ms=0\n");
        for (name, value) in settings {
            lines += &format!("{name}={value}\n");
        }
        fs::write(self.properties(), lines).expect("writing the configuration");
    }

    /// The command line that starts this broker.
    pub fn command(&self) -> Command {
        if let Some(launcher) = launcher() {
            let mut command = Command::new(launcher);
            command.arg("1").arg(self.port.number().to_string());
            command.arg(self.data_dir()).arg(self.properties());
            return command;
        }
        let mut command = Command::new(crossdock());
        command.arg("broker").arg("--config").arg(self.properties());
        command.arg("--listen").arg(self.bootstrap());
        command.arg("--admin").arg(self.admin_address());
        for dir in [Some(self.data_dir()), self.second_dir.clone()].into_iter().flatten() {
            command.arg("--data-dir").arg(dir);
        }
        command
    }

    fn properties(&self) -> PathBuf {
        self.folder.path().join("broker.properties")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("broker.log")
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself, which the test then reports.
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            let text = self.log_text();
            let lines: Vec<_> = text.lines().collect();
            let shown = &lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..];
            eprintln!("the end of the broker's log:\n{}", shown.join("\n"));
        }
    }
}

fn launcher() -> Option<PathBuf> {
    std::env::var_os("CROSSDOCK_E2E_LAUNCHER").map(|path| Path::new(&path).to_owned())
}
