//! Which thread copies what?
//!
//! A thread that has nothing to do begins with the next file, or else helps with a large one that others are at. So many
//! files are copied beside each other, and a large one that is left is shared by all threads.

use std::collections::VecDeque;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Error, bail};
use rustix::fs::{Advice, OFlags};
use transfer::copy::{Copied, CopyError, FileCopy, PIECE_BYTES, Work, first_difference};

use super::partial::{Origin, Partial};
use super::place::{self, Occupant};
use super::tree::Directory;
use super::{Run, attributes};

/// Files that were found and wait for a thread: enough that threads never wait for the one that looks for files, and some
/// hundred KiB.
const WAITING_MAX: usize = 1024;

/// A file to copy.
#[derive(Debug)]
pub(super) struct Job<'a> {
    source: PathBuf,
    target: PathBuf,
    /// Kept from getting its times until the file is in it. None for a file that was named by the user.
    directory: Option<Arc<Directory<'a>>>,
}

/// The threads of a run, and what there is for them to do.
#[derive(Debug)]
pub(super) struct Crew<'a> {
    run: &'a Run,
    queue: Mutex<Queue<'a>>,
    changed: Condvar,
}

#[derive(Debug)]
struct Queue<'a> {
    waiting: VecDeque<Job<'a>>,
    /// Large files that have pieces left: no more than threads.
    shared: Vec<Arc<Open<'a>>>,
    /// Threads that may be about to share what they open.
    opening: usize,
    no_more: bool,
}

/// A file that is being copied.
#[derive(Debug)]
struct Open<'a> {
    job: Job<'a>,
    copy: FileCopy<'a>,
    /// Taken by the thread that ends it.
    partial: Mutex<Option<Partial>>,
}

enum Task<'a> {
    Begin(Job<'a>),
    Help(Arc<Open<'a>>),
}

impl<'a> Job<'a> {
    /// A file that was named by the user.
    pub(super) fn alone(source: &Path, target: &Path) -> Self {
        Self { source: source.to_owned(), target: target.to_owned(), directory: None }
    }

    /// A file of a tree.
    pub(super) fn within(directory: &Arc<Directory<'a>>, source: PathBuf, target: PathBuf) -> Self {
        Self { source, target, directory: Some(Arc::clone(directory)) }
    }
}

impl<'a> Crew<'a> {
    pub(super) fn new(run: &'a Run) -> Self {
        let queue = Queue { waiting: VecDeque::new(), shared: Vec::new(), opening: 0, no_more: false };
        Self { run, queue: Mutex::new(queue), changed: Condvar::new() }
    }

    /// Hands a file to the threads; waits while too many wait.
    pub(super) fn add(&self, job: Job<'a>) {
        let queue = self.lock();
        let full = |queue: &mut Queue<'_>| queue.waiting.len() >= WAITING_MAX;
        let mut queue = self.changed.wait_while(queue, full).unwrap_or_else(PoisonError::into_inner);
        queue.waiting.push_back(job);
        self.changed.notify_all();
    }

    /// The threads end when what was added is done.
    pub(super) fn no_more(&self) {
        self.lock().no_more = true;
        self.changed.notify_all();
    }

    /// What each thread does.
    pub(super) fn work(&self) {
        while let Some(task) = self.next() {
            match task {
                Task::Help(open) => self.copy(&open),
                Task::Begin(job) => {
                    let opened = self.open(job);
                    if let Some(open) = &opened {
                        self.share(open);
                    }
                    self.lock().opening -= 1;
                    self.changed.notify_all();
                    if let Some(open) = opened {
                        self.copy(&open);
                    }
                }
            }
        }
    }

    /// Waits for something to do; `None` if nothing more will come.
    fn next(&self) -> Option<Task<'a>> {
        let mut queue = self.lock();
        loop {
            // First a file of its own: threads that write to the same one wait for each other.
            if let Some(job) = queue.waiting.pop_front() {
                queue.opening += 1;
                // There is room for one more.
                self.changed.notify_all();
                return Some(Task::Begin(job));
            }
            if let Some(open) = queue.shared.first() {
                return Some(Task::Help(Arc::clone(open)));
            }
            if queue.no_more && queue.opening == 0 {
                return None;
            }
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Opens both files. `None` if there is nothing to copy.
    fn open(&self, job: Job<'a>) -> Option<Arc<Open<'a>>> {
        match self.try_open(&job) {
            Ok(Some((copy, partial))) => {
                Some(Arc::new(Open { job, copy, partial: Mutex::new(Some(partial)) }))
            }
            Ok(None) => None,
            Err(error) => {
                self.run.fail(&job.source, &job.target, &error);
                None
            }
        }
    }

    fn try_open(&self, job: &Job<'a>) -> anyhow::Result<Option<(FileCopy<'a>, Partial)>> {
        // In a tree a link may have taken the file's place since it was found; opening a named pipe would wait.
        let nofollow = if job.directory.is_some() { OFlags::NOFOLLOW } else { OFlags::empty() };
        let flags = (nofollow | OFlags::NONBLOCK).bits().cast_signed();
        let source = OpenOptions::new().read(true).custom_flags(flags).open(&job.source);
        let source = source.context("cannot open the source")?;
        let metadata = source.metadata().context("cannot look at the source")?;
        if !metadata.is_file() {
            bail!("the source is {} now", place::name(metadata.file_type()));
        }
        let resume = self.run.options.resume;
        if place::occupant(&job.target, &metadata)? == Occupant::SameFile && resume {
            self.run.counts.left_alone.fetch_add(1, Ordering::Relaxed);
            self.run.bar.inc(metadata.len());
            return Ok(None);
        }
        let partial = Partial::open(&job.target, Origin::of_file(&metadata), resume)?;
        let target = Arc::clone(partial.file());
        match FileCopy::begin(&self.run.copier, Arc::new(source), target, partial.begin()) {
            Ok(copy) => {
                if copy.is_cloned() {
                    self.run.bar.inc(copy.len());
                } else {
                    self.run.counts.resumed_bytes.fetch_add(partial.begin(), Ordering::Relaxed);
                    self.run.bar.inc(partial.begin());
                }
                Ok(Some((copy, partial)))
            }
            Err(error) => Err(give_up(partial, error)),
        }
    }

    /// Lets others help, if there is enough to do.
    fn share(&self, open: &Arc<Open<'a>>) {
        if open.copy.len() > PIECE_BYTES && !open.copy.is_cloned() {
            self.lock().shared.push(Arc::clone(open));
        }
    }

    /// Copies as long as the file has pieces. The thread that did the last one ends it.
    fn copy(&self, open: &Arc<Open<'a>>) {
        let observe = |bytes| self.run.bar.inc(bytes);
        let outcome = loop {
            match open.copy.work(&observe) {
                Work::Piece { complete_to } => {
                    if let Some(partial) = open.partial().as_ref() {
                        partial.note(complete_to);
                    }
                }
                Work::NothingLeft => break None,
                Work::Finished(outcome) => break Some(outcome),
            }
        };
        self.lock().shared.retain(|other| !Arc::ptr_eq(other, open));
        let partial = outcome.and_then(|outcome| Some((outcome, open.partial().take()?)));
        if let Some((outcome, partial)) = partial {
            let job = &open.job;
            match self.end(open, outcome, partial) {
                Ok(()) => {
                    self.run.counts.files.fetch_add(1, Ordering::Relaxed);
                    self.run.counts.bytes.fetch_add(open.copy.len(), Ordering::Relaxed);
                }
                Err(error) => self.run.fail(&job.source, &job.target, &error),
            }
        }
    }

    /// Gives the file its name, if all is well.
    fn end(
        &self,
        open: &Open<'_>,
        outcome: Result<Copied, CopyError>,
        partial: Partial,
    ) -> anyhow::Result<()> {
        let copied = match outcome {
            Ok(copied) => copied,
            Err(error) => return Err(give_up(partial, error)),
        };
        if let Err(error) = self.prepare(open, copied, &partial) {
            partial.leave(false);
            return Err(error);
        }
        partial.name(self.run.options.sync)?;
        if copied.grew {
            let source = open.job.source.display();
            self.run.tell(&format!("{source} grew while it was copied: its first {} bytes were", copied.len));
        }
        Ok(())
    }

    /// Has the file be all that the name promises.
    fn prepare(&self, open: &Open<'_>, copied: Copied, partial: &Partial) -> anyhow::Result<()> {
        let options = self.run.options;
        let target = partial.file();
        partial.make_ready(|file| attributes::give(file, open.copy.source_metadata()), options.sync)?;
        if !options.check {
            return Ok(());
        }
        if options.sync {
            // What is compared then comes from the disk, as far as the kernel takes the advice.
            let _ = rustix::fs::fadvise(target, 0, None, Advice::DontNeed);
        }
        match first_difference(open.copy.source(), target).context("cannot compare it with the source")? {
            Some(position) if position < copied.len || !copied.grew => {
                bail!("the copy differs from the source at byte {position}")
            }
            Some(_) | None => Ok(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue<'a>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open<'_> {
    fn partial(&self) -> MutexGuard<'_, Option<Partial>> {
        self.partial.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leaves what is of use to a later run, and says so.
fn give_up(partial: Partial, error: CopyError) -> Error {
    let keep = matches!(error, CopyError::Source(_) | CopyError::Target(_) | CopyError::Between { .. });
    match partial.leave(keep) {
        Some(left) => Error::msg(format!("{error}; {} is left for --resume", left.display())),
        None => error.into(),
    }
}
