//! Static files over HTTP, beside nginx: what does a server cost on one core, and how much does one core serve?

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use super::cores::{Cores, Place};
use super::pacing::WithoutPacing;
use super::results::Measured;
use super::session::{CPU_PER_GB, MEGABYTES};
use super::sizes::Sizes;
use super::turns::in_turns;
use crate::metrics::Metrics;
use crate::packages;
use crate::static_server::{Kind, Launch, Manner, StaticServer};
use crate::wrk::{self, Counts, Load};

pub(crate) const REQUESTS_PER_S: &str = "requests/s";
pub(crate) const REQUESTS_PER_CPU_S: &str = "requests/CPU s";
const CORE_SHARE: &str = "% of its core";
const CPU_OF_BOTH: &str = "CPU s/GB of server and client";

pub(crate) const LARGE: &str = "100 clients, 100 MB";
pub(crate) const MEDIUM: &str = "64 clients, 1 MB";
pub(crate) const SMALL: &str = "64 clients, 4 KiB";
pub(crate) const LARGE_UNPACED: &str = "100 clients, 100 MB, no pacing";
pub(crate) const MEDIUM_UNPACED: &str = "64 clients, 1 MB, no pacing";
pub(crate) const SMALL_UNPACED: &str = "64 clients, 4 KiB, no pacing";
pub(crate) const RESIDENT: &str = "resident after 100 clients, 100 MB";

const LARGE_FILE: Case = Case { file: "100MB", bytes: 100_000_000, clients: 100 };
const MEDIUM_FILE: Case = Case { file: "1MB", bytes: 1_000_000, clients: 64 };
const SMALL_FILE: Case = Case { file: "4KiB", bytes: 4_096, clients: 64 };

/// A file and how many ask for it at once.
#[derive(Clone, Copy)]
struct Case {
    file: &'static str,
    bytes: u64,
    clients: u32,
}

/// The files, made once for all rounds and removed at the end.
#[derive(Debug)]
pub(crate) struct Files {
    folder: PathBuf,
}

impl Files {
    /// Writes them into a folder of their own in `parent`, and waits until the disk has them: what is measured is not
    /// their way there. Installs nginx and wrk where they are missing.
    pub(crate) fn prepare(parent: &Path) -> anyhow::Result<Self> {
        packages::ensure(&[("nginx", "nginx"), ("wrk", "wrk")])?;
        let files = Self { folder: parent.join(format!("crossdock-compare-http-{}", std::process::id())) };
        let root = files.root();
        fs::create_dir_all(&root).with_context(|| format!("creating {}", root.display()))?;
        for case in [LARGE_FILE, MEDIUM_FILE, SMALL_FILE] {
            let mut file = File::create(root.join(case.file))?;
            let block = vec![7; 1 << 20];
            let mut left = case.bytes;
            while left > 0 {
                let bytes = left.min(block.len() as u64);
                file.write_all(&block[..bytes as usize])?;
                left -= bytes;
            }
            file.sync_all()?;
        }
        Ok(files)
    }

    fn root(&self) -> PathBuf {
        self.folder.join("root")
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            eprintln!("{} could not be removed: {error}", self.folder.display());
        }
    }
}

/// Measures all servers on the first core, with wrk on the second. They take turns under each load.
pub(crate) fn run(
    (cores, crossdock): (&Cores, &Path),
    files: &Files,
    sizes: &Sizes,
    measured: &mut Measured,
) -> anyhow::Result<()> {
    measured.with = format!("nginx {}, wrk {}", nginx_version()?, wrk_version()?);
    let root = files.root();
    let start = |kind: Kind| {
        let folder = files.folder.join(kind.name());
        let launch = Launch { kind, manner: Manner::Bare, crossdock, root: &root, folder: &folder };
        let server = launch.start(|command| cores.spawn(command, Place::Server))?;
        anyhow::Ok(Session { kind, cores, server })
    };
    let sessions = Kind::ALL.into_iter().map(start).collect::<Result<Vec<_>, _>>()?;
    for session in &sessions {
        session.warm_up(&root)?;
    }
    let large = Load::Requests(sizes.http_large_requests);
    let medium = Load::Requests(sizes.http_medium_requests);
    let small = Load::Seconds(sizes.http_small_s);

    per_gigabyte(&sessions, LARGE, LARGE_FILE, large, measured)?;
    for session in &sessions {
        let resident_mb = session.server.usage()?.resident_bytes as f64 / 1e6;
        measured.add(RESIDENT, session.kind.name(), MEGABYTES, resident_mb);
    }
    per_gigabyte(&sessions, MEDIUM, MEDIUM_FILE, medium, measured)?;
    per_second(&sessions, SMALL, SMALL_FILE, small, measured)?;

    let unpaced = WithoutPacing::begin()?;
    per_gigabyte(&sessions, LARGE_UNPACED, LARGE_FILE, large, measured)?;
    per_gigabyte(&sessions, MEDIUM_UNPACED, MEDIUM_FILE, medium, measured)?;
    per_second(&sessions, SMALL_UNPACED, SMALL_FILE, small, measured)?;
    drop(unpaced);

    sessions.into_iter().try_for_each(Session::stop)
}

/// What a gigabyte of files costs each of them.
fn per_gigabyte(
    sessions: &[Session<'_>],
    name: &str,
    case: Case,
    load: Load,
    measured: &mut Measured,
) -> anyhow::Result<()> {
    let totals = in_turns(sessions, |session, total: &mut Total| session.measure(name, case, load, total))?;
    for (session, total) in sessions.iter().zip(totals) {
        let mut add = |unit, value| measured.add(name, session.kind.name(), unit, value);
        let gigabytes = (total.requests * case.bytes) as f64 / 1e9;
        add(CPU_PER_GB, total.cpu_s / gigabytes);
        add(CPU_OF_BOTH, (total.cpu_s + total.client_cpu_s) / gigabytes);
        add(CORE_SHARE, 100.0 * total.cpu_s / total.elapsed_s);
    }
    Ok(())
}

/// How many requests each of them serves, in a second of time and of the server's CPU.
fn per_second(
    sessions: &[Session<'_>],
    name: &str,
    case: Case,
    load: Load,
    measured: &mut Measured,
) -> anyhow::Result<()> {
    let totals = in_turns(sessions, |session, total: &mut Total| session.measure(name, case, load, total))?;
    for (session, total) in sessions.iter().zip(totals) {
        let mut add = |unit, value| measured.add(name, session.kind.name(), unit, value);
        add(REQUESTS_PER_S, total.requests as f64 / total.elapsed_s);
        add(REQUESTS_PER_CPU_S, total.requests as f64 / total.cpu_s);
        add(CORE_SHARE, 100.0 * total.cpu_s / total.elapsed_s);
    }
    Ok(())
}

/// All turns of a server under one load.
#[derive(Clone, Copy, Debug, Default)]
struct Total {
    requests: u64,
    elapsed_s: f64,
    cpu_s: f64,
    /// wrk's own, where it is asked for so many requests.
    client_cpu_s: f64,
}

struct Session<'a> {
    kind: Kind,
    cores: &'a Cores,
    server: StaticServer,
}

impl Session<'_> {
    /// Has each file in the page cache, whatever the server would keep there, and each path of the server run once.
    fn warm_up(&self, root: &Path) -> anyhow::Result<()> {
        for case in [LARGE_FILE, MEDIUM_FILE, SMALL_FILE] {
            fs::read(root.join(case.file))?;
            self.ask(Case { clients: 8, ..case }, Load::Requests(16))?;
        }
        Ok(())
    }

    fn measure(&self, name: &str, case: Case, load: Load, total: &mut Total) -> anyhow::Result<()> {
        eprintln!("  {}: {name}", self.kind.name());
        let admin = self.server.admin.as_deref();
        let ledger_before = admin.map(Metrics::read).transpose()?;
        let before = self.server.usage()?;
        let counts = self.ask(case, load).with_context(|| format!("{}: {name}", self.kind.name()))?;
        total.cpu_s += self.server.usage()?.since(&before).cpu().as_secs_f64();
        total.requests += counts.requests;
        total.elapsed_s += counts.elapsed.as_secs_f64();
        total.client_cpu_s += counts.client_cpu.unwrap_or_default().as_secs_f64();
        if let (Some(admin), Some(before), Load::Requests(_)) = (admin, ledger_before, load) {
            let came = counts.requests * case.bytes;
            let after = Metrics::read_grown(admin, &before, "http", came)?;
            let counted = after.http_payload_bytes(&[]) - before.http_payload_bytes(&[]);
            ensure!(counted == came, "{name}: the ledger has {counted} bytes, and wrk has {came}");
        }
        Ok(())
    }

    fn ask(&self, case: Case, load: Load) -> anyhow::Result<Counts> {
        let url = self.server.url(&format!("/{}", case.file));
        wrk::run(&url, case.bytes, case.clients, load, |command| self.cores.spawn(command, Place::Clients))
    }

    fn stop(self) -> anyhow::Result<()> {
        self.server.ask_to_stop()?;
        let status = self.server.stopped()?;
        ensure!(status.success(), "{} ended with {status}", self.kind.name());
        Ok(())
    }
}

fn nginx_version() -> anyhow::Result<String> {
    // nginx version: nginx/1.22.1
    word_after("nginx", "-v", "nginx/")
}

fn wrk_version() -> anyhow::Result<String> {
    // wrk debian/4.1.0-3+b2 [epoll] Copyright (C) 2012 Will Glozer
    word_after("wrk", "-v", "wrk ")
}

/// The word after `before` in what a program says of its version; wrk does so with an exit status of failure.
pub(super) fn word_after(program: &str, argument: &str, before: &str) -> anyhow::Result<String> {
    let output = Command::new(program).arg(argument).output();
    let output = output.with_context(|| format!("running {program}"))?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    let (_, after) = said.split_once(before).with_context(|| format!("{program} said {said:?}"))?;
    let word = after.split_whitespace().next().unwrap_or("unknown");
    Ok(word.trim_start_matches("debian/").to_owned())
}
