//! How do files and trees get to where they are to be, whole or not at all?
//!
//! `transfer::copy` moves contents between open files, and from sockets into them. This module gives them their names.
//!
//! What always holds:
//! * A file has its final name only when all of it is there: until then it is a partial file beside it (`partial`).
//! * What is at the final name is replaced by a rename, never written to.
//! * Nothing is followed inside a tree: symbolic links are copied as links, on the way in and on the way out.
//! * One file that cannot be copied does not keep the others from being copied; each is told and counted.

mod attributes;
mod crew;
mod fetch;
mod links;
mod partial;
mod place;
mod tree;

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Error};
use indicatif::ProgressBar;
use transfer::CopyEntry;
use transfer::copy::{Copier, Method};

use crate::output::explain;
use crew::{Crew, Job};
pub(crate) use fetch::Address;
use links::HardLinks;

/// Where a copy comes from.
#[derive(Debug)]
pub(crate) enum Source {
    /// A file or a directory; a symbolic link here is followed.
    Path(PathBuf),
    /// A file on an HTTP server.
    Http(Address),
}

/// What to copy, and how.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) source: Source,
    /// What it is to be called. An existing directory takes a file under the file's own name.
    pub(crate) destination: PathBuf,
    /// The only method to use; without one, the best that works.
    pub(crate) method: Option<Method>,
    /// Files, and pieces of large files, that are copied at a time.
    pub(crate) threads: NonZeroUsize,
    pub(crate) options: Options,
}

/// What else to do with each file.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    /// Leave what is complete, and go on with what an earlier run began.
    pub(crate) resume: bool,
    /// Compare with the source before a file gets its name.
    pub(crate) check: bool,
    /// Have each file on the disk before it gets its name, and the name there after.
    pub(crate) sync: bool,
}

/// What was done.
#[derive(Debug)]
pub(crate) struct Summary {
    /// Files that have their names now.
    pub(crate) files: u64,
    /// Their lengths, holes included.
    pub(crate) bytes: u64,
    /// Files that were there already.
    pub(crate) left_alone: u64,
    /// Bytes that an earlier run had copied.
    pub(crate) resumed_bytes: u64,
    /// Files, directories and links that are not as they should be.
    pub(crate) failures: u64,
    pub(crate) elapsed: Duration,
    /// How the bytes went.
    pub(crate) ways: Vec<CopyEntry>,
}

/// Copies a file or a tree. Fails where nothing could be begun; what fails later is told on standard error and counted.
/// `bar` is told how far it is.
pub(crate) fn run(request: &Request, bar: ProgressBar) -> anyhow::Result<Summary> {
    let began = Instant::now();
    let run = Run {
        copier: request.method.map_or_else(Copier::automatic, Copier::force),
        options: request.options,
        bar,
        counts: Counts::default(),
    };
    match &request.source {
        Source::Path(path) => copy_path(&run, path, request)?,
        Source::Http(address) => fetch::fetch(&run, address, request)?,
    }
    run.bar.finish_and_clear();
    Ok(run.summary(began.elapsed()))
}

fn copy_path(run: &Run, path: &Path, request: &Request) -> anyhow::Result<()> {
    let source = fs::metadata(path).with_context(|| format!("cannot look at {}", path.display()))?;
    let destination = place::destination(path, &source, &request.destination)?;
    let crew = Crew::new(run);
    let is_tree = source.is_dir();
    // Whoever looks for files has enough to do; one file needs nobody else to begin with.
    let threads = request.threads.get() - usize::from(!is_tree);
    let links = thread::scope(|scope| {
        for number in 0..threads {
            let thread = thread::Builder::new().name("copy".to_owned());
            match thread.spawn_scoped(scope, || crew.work()) {
                Ok(_) => {}
                Err(error) if is_tree && number == 0 => return Err(error).context("cannot start a thread"),
                // Those that could be started do it all.
                Err(_) => break,
            }
        }
        let links = if is_tree {
            tree::walk(run, &crew, path, &destination)
        } else {
            run.bar.inc_length(source.len());
            crew.add(Job::alone(path, &destination));
            HardLinks::default()
        };
        crew.no_more();
        if !is_tree {
            crew.work();
        }
        Ok(links)
    })?;
    links.make(run);
    Ok(())
}

/// What all threads of a run share.
#[derive(Debug)]
struct Run {
    copier: Copier,
    options: Options,
    /// Also where messages go, so that they do not tear it.
    bar: ProgressBar,
    counts: Counts,
}

#[derive(Debug, Default)]
struct Counts {
    files: AtomicU64,
    bytes: AtomicU64,
    left_alone: AtomicU64,
    resumed_bytes: AtomicU64,
    failures: AtomicU64,
}

impl Run {
    /// Tells that something is not as it should be; the run goes on.
    fn fail(&self, source: &Path, target: &Path, error: &Error) {
        self.counts.failures.fetch_add(1, Ordering::Relaxed);
        let (source, target) = (source.display(), target.display());
        self.tell(&format!("cannot copy {source} to {target}: {}", explain(error)));
    }

    fn tell(&self, message: &str) {
        self.bar.suspend(|| eprintln!("crossdock: {message}"));
    }

    fn summary(&self, elapsed: Duration) -> Summary {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Summary {
            files: count(&self.counts.files),
            bytes: count(&self.counts.bytes),
            left_alone: count(&self.counts.left_alone),
            resumed_bytes: count(&self.counts.resumed_bytes),
            failures: count(&self.counts.failures),
            elapsed,
            ways: self.copier.ledger().snapshot().copies().collect(),
        }
    }
}
