//! A static file server that is started for other people's programs: Crossdock, or nginx to hold it against.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use bench::Usage;
use rustix::process::{Pid, Signal, kill_process};

use crate::process::{PATIENCE, Process};
use crate::readiness;

/// Who serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    /// Debian's nginx.
    Nginx,
    /// `crossdock http`.
    Crossdock,
}

/// What a server does beside sending files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Nothing: as it is measured.
    Bare,
    /// It lists directories, sends compressed siblings, writes an access log, and follows no link out of its root.
    Full,
}

/// Which server to start on which files.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Launch<'a> {
    pub(crate) kind: Kind,
    pub(crate) manner: Manner,
    /// The `crossdock` binary.
    pub(crate) crossdock: &'a Path,
    /// What is served.
    pub(crate) root: &'a Path,
    /// Where the server may keep what is its own.
    pub(crate) folder: &'a Path,
}

/// A server that runs. It is killed when it is dropped.
#[derive(Debug)]
pub(crate) struct StaticServer {
    kind: Kind,
    // Before the worker, which the process would start again.
    process: Process,
    worker: Option<Worker>,
    /// `HOST:PORT`.
    pub(crate) address: String,
    /// `HOST:PORT` of the admin listener, if it is a Crossdock.
    pub(crate) admin: Option<String>,
    /// A line for each request, if the manner is full.
    pub(crate) access_log: PathBuf,
    /// What it says of itself.
    pub(crate) log: PathBuf,
}

impl Kind {
    /// In the order in which they take turns.
    pub(crate) const ALL: [Self; 2] = [Self::Nginx, Self::Crossdock];

    /// As tables and plots call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Crossdock => "Crossdock",
        }
    }
}

impl Launch<'_> {
    /// Starts the server with `spawn` and waits until it answers.
    pub(crate) fn start(
        &self,
        spawn: impl FnOnce(&mut Command) -> anyhow::Result<Child>,
    ) -> anyhow::Result<StaticServer> {
        fs::create_dir_all(self.folder).with_context(|| format!("creating {}", self.folder.display()))?;
        let [port, admin_port] = readiness::free_ports()?;
        let address = format!("127.0.0.1:{port}");
        let access_log = self.folder.join("access.log");
        let (mut command, admin) = match self.kind {
            Kind::Nginx => (self.nginx(&address, &access_log)?, None),
            Kind::Crossdock => {
                let admin = format!("127.0.0.1:{admin_port}");
                (self.crossdock(&address, &admin, &access_log), Some(admin))
            }
        };
        let log = self.folder.join("server.out");
        let out = File::options().create(true).append(true).open(&log)?;
        command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out);
        let mut process = Process::new(spawn(&mut command)?);
        readiness::await_http(&mut process, &address).with_context(|| {
            let said = fs::read_to_string(&log).unwrap_or_default();
            format!("starting {}; it said:\n{said}", self.kind.name())
        })?;
        let worker = match self.kind {
            Kind::Nginx => Some(Worker::of(process.id())?),
            Kind::Crossdock => None,
        };
        Ok(StaticServer { kind: self.kind, process, worker, address, admin, access_log, log })
    }

    fn crossdock(&self, address: &str, admin: &str, access_log: &Path) -> Command {
        let mut command = Command::new(self.crossdock);
        command.arg("http").args(["--listen", address, "--admin", admin]).arg("--root").arg(self.root);
        if self.manner == Manner::Full {
            command.args(["--listing", "--precompressed", "--access-log"]).arg(access_log);
        }
        command
    }

    fn nginx(&self, address: &str, access_log: &Path) -> anyhow::Result<Command> {
        let configuration = self.folder.join("nginx.conf");
        fs::write(&configuration, self.nginx_configuration(address, access_log))
            .with_context(|| format!("writing {}", configuration.display()))?;
        let mut command = Command::new("nginx");
        // Else it complains to a file of the system's before it has read its configuration.
        command.args(["-e", "stderr", "-c"]).arg(configuration);
        Ok(command)
    }

    /// Debian's, but for one worker, connections without end, and nothing outside `folder`.
    fn nginx_configuration(&self, address: &str, access_log: &Path) -> String {
        let folder = self.folder.display();
        let manner = match self.manner {
            Manner::Bare => "access_log off;".to_owned(),
            Manner::Full => format!(
                "access_log {};\n\
                 autoindex on;\n\
                 gzip_static on;\n\
                 gzip_vary on;\n\
                 disable_symlinks on from=$document_root;\n\
                 if_modified_since before;",
                access_log.display()
            ),
        };
        format!(
            "daemon off;\n\
             user root;\n\
             worker_processes 1;\n\
             pid {folder}/nginx.pid;\n\
             error_log stderr;\n\
             events {{ worker_connections 768; }}\n\
             http {{\n\
             include /etc/nginx/mime.types;\n\
             default_type application/octet-stream;\n\
             types_hash_max_size 2048;\n\
             sendfile on;\n\
             tcp_nopush on;\n\
             keepalive_requests 1000000000;\n\
             client_body_temp_path {folder}/body;\n\
             proxy_temp_path {folder}/proxy;\n\
             fastcgi_temp_path {folder}/fastcgi;\n\
             uwsgi_temp_path {folder}/uwsgi;\n\
             scgi_temp_path {folder}/scgi;\n\
             {manner}\n\
             server {{ listen {address}; root {}; }}\n\
             }}\n",
            self.root.display()
        )
    }
}

impl StaticServer {
    /// The process that serves.
    pub(crate) fn pid(&self) -> u32 {
        self.worker.as_ref().map_or(self.process.id(), Worker::pid)
    }

    /// What the process that serves has cost since it started.
    pub(crate) fn usage(&self) -> anyhow::Result<Usage> {
        Ok(Usage::of(self.pid())?)
    }

    /// The address of a file by its path, which begins with a slash.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Asks it to finish what it is sending and to end.
    pub(crate) fn ask_to_stop(&self) -> anyhow::Result<()> {
        self.process.signal(match self.kind {
            Kind::Nginx => Signal::QUIT,
            Kind::Crossdock => Signal::TERM,
        })
    }

    /// Waits until it has ended as it was asked to.
    pub(crate) fn stopped(mut self) -> anyhow::Result<ExitStatus> {
        self.process.wait_within(PATIENCE)
    }
}

/// nginx's process that serves, which outlives the one that started it if that is killed.
#[derive(Debug)]
pub(crate) struct Worker {
    pid: u32,
}

impl Worker {
    /// Waits until `master` has started it.
    pub(crate) fn of(master: u32) -> anyhow::Result<Self> {
        let children = format!("/proc/{master}/task/{master}/children");
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let pids = fs::read_to_string(&children).with_context(|| format!("reading {children}"))?;
            if let Some(pid) = pids.split_whitespace().next() {
                return Ok(Self { pid: pid.parse().context("a process id")? });
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        bail!("nginx has not started its worker within {} s", PATIENCE.as_secs())
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw) {
            // Fails only if it has ended already.
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}
