//! `cargo xtask http`: other people's HTTP clients against a release build of `crossdock http`.
//!
//! A site is made with files of all sizes, names that have to be encoded and links that lead out, and each client is tried on
//! what it can do with it. The same checks pass with nginx (`--server nginx`), but for those of what only Crossdock has: a
//! check that failed there would be wrong itself.

mod answer;
mod chromium;
mod curl;
mod redbot;
mod site;
mod socket;
mod stopping;
mod trace;
mod wget;
mod wrk;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clap::{Args, ValueEnum};

use self::site::Site;
use crate::clients::Report;
use crate::static_server::{Kind, Launch, Manner, StaticServer};
use crate::{packages, workspace};

/// How long any one program may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often a condition that is waited for is looked at.
const POLL: Duration = Duration::from_millis(2);

/// Programs from Debian's packages: program, package.
const PROGRAMS: [(&str, &str); 7] = [
    ("chromium", "chromium"),
    ("curl", "curl"),
    ("ffmpeg", "ffmpeg"),
    ("python3", "python3-venv"),
    ("strace", "strace"),
    ("wget", "wget"),
    ("wrk", "wrk"),
];

/// Run other people's HTTP clients against a release build of the file server: do they get what they ask for, and nothing
/// else?
///
/// Installs them with apt-get and pip where they are missing.
#[derive(Args)]
pub(crate) struct Http {
    /// The clients to run; all by default.
    #[arg(value_name = "CLIENT")]
    clients: Vec<Client>,
    /// Whom to check; nginx shows whether the checks are right.
    #[arg(long, value_name = "SERVER", default_value = "crossdock")]
    server: Kind,
    /// A `crossdock` to run in place of this checkout's.
    #[arg(long, value_name = "PATH")]
    crossdock: Option<PathBuf>,
}

/// Whose client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Client {
    /// The command line client.
    Curl,
    /// The one that resumes and mirrors.
    Wget,
    /// Requests as no client sends them.
    Socket,
    /// REDbot, a checker of resources against the HTTP standards.
    Redbot,
    /// A browser.
    Chromium,
    /// A load generator; what it received is held against the ledger and the system calls.
    Wrk,
}

/// A server at work, and the files that it serves.
pub(crate) struct Served<'a> {
    pub(crate) kind: Kind,
    pub(crate) server: &'a StaticServer,
    pub(crate) site: &'a Site,
    /// Where a client may keep what it received.
    pub(crate) folder: &'a Path,
}

impl Http {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        packages::ensure(&PROGRAMS)?;
        let crossdock = match self.server {
            Kind::Nginx => {
                packages::ensure(&[("nginx", "nginx")])?;
                PathBuf::new()
            }
            Kind::Crossdock => self.crossdock.clone().map_or_else(workspace::build, Ok)?,
        };
        let scratch = std::env::temp_dir().join(format!("crossdock-http-{}", std::process::id()));
        let site = Site::make(&scratch.join("site"))?;
        let launch = Launch {
            kind: self.server,
            manner: Manner::Full,
            crossdock: &crossdock,
            root: &site.root,
            folder: &scratch.join("server"),
        };
        let mut report = Report::default();
        let server = launch.start(|command| command.spawn().context("starting the server"))?;
        let clients = if self.clients.is_empty() { Client::value_variants() } else { &self.clients };
        for client in clients {
            let folder = scratch.join(client.name());
            fs::create_dir_all(&folder)?;
            let served = Served { kind: self.server, server: &server, site: &site, folder: &folder };
            client.check(&served, &mut report);
        }
        let log = server.log.clone();
        stopping::check(server, &site, &scratch, &mut report);
        stopping::check_log(&log, &mut report);
        if report.failed() == 0 {
            fs::remove_dir_all(&scratch).with_context(|| format!("removing {}", scratch.display()))?;
        } else {
            eprintln!("what was served, received and said is kept in {}", scratch.display());
        }
        Ok(report.conclude())
    }
}

impl Client {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Curl => "curl",
            Self::Wget => "wget",
            Self::Socket => "socket",
            Self::Redbot => "redbot",
            Self::Chromium => "chromium",
            Self::Wrk => "wrk",
        }
    }

    fn check(self, served: &Served<'_>, report: &mut Report) {
        match self {
            Self::Curl => curl::check(served, report),
            Self::Wget => wget::check(served, report),
            Self::Socket => socket::check(served, report),
            Self::Redbot => redbot::check(served, report),
            Self::Chromium => chromium::check(served, report),
            Self::Wrk => wrk::check(served, report),
        }
    }
}

/// Waits until `condition` holds.
fn until(what: &str, condition: impl Fn() -> bool) -> anyhow::Result<()> {
    let begun = Instant::now();
    while !condition() {
        ensure!(begun.elapsed() < PATIENCE, "waited in vain until {what}");
        sleep(POLL);
    }
    Ok(())
}

/// Does what a check does, for its name in the report.
type Promise<T> = (&'static str, fn(&T) -> anyhow::Result<String>);
