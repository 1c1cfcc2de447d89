//! How do cold ranges get into the page cache without an event loop waiting for the disk?

use std::fs::File;
use std::num::NonZeroU64;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

use tokio::sync::{mpsc, oneshot};

use crate::{Region, sys};

/// One job reads this much. A sender has one job at a time, and jobs are served in the order they came: with equal
/// jobs that is round robin between senders, whatever the length of their regions.
pub(crate) const WARM_BYTES: u64 = 1024 * 1024;

/// Enough for one disk's queue to have work while a thread hands a result over; more would only wait in the kernel.
const WARM_THREADS: usize = 4;

/// Jobs accepted before senders wait for room, which they do in the order they came.
const WARM_QUEUE_JOBS: usize = 64;

/// The kernel reads no more of one piece of advice than the device's readahead size, which is 128 KiB by default.
const ADVICE_BYTES: u64 = 128 * 1024;

/// The buffer of a thread that has to read what it cannot move.
const SCRATCH_BYTES: usize = 64 * 1024;

/// A few threads that read ranges into the page cache. They start with the first job and end with the pool.
#[derive(Debug)]
pub(crate) struct WarmPool {
    jobs: OnceLock<Option<mpsc::Sender<Job>>>,
}

#[derive(Debug)]
struct Job {
    region: Region,
    done: oneshot::Sender<()>,
}

impl WarmPool {
    pub(crate) fn new() -> Self {
        Self { jobs: OnceLock::new() }
    }

    /// Waits until `region`, of at most [`WARM_BYTES`], has been read into the page cache.
    ///
    /// Returns in any case: whether the file can be read is for the send to find out. Dropping the future withdraws a
    /// job that has not begun.
    pub(crate) async fn bring_in(&self, region: Region) {
        let Some(jobs) = self.jobs.get_or_init(start_threads) else { return };
        let (done, is_done) = oneshot::channel();
        if jobs.send(Job { region, done }).await.is_ok() {
            // The other end drops the sender only if its thread is gone, and then nobody will read.
            let _ = is_done.await;
        }
    }
}

/// Without a single thread there is no pool: cold ranges are then read by the send itself.
fn start_threads() -> Option<mpsc::Sender<Job>> {
    let (sender, receiver) = mpsc::channel(WARM_QUEUE_JOBS);
    let receiver = Arc::new(Mutex::new(receiver));
    let started = (0..WARM_THREADS)
        .filter(|number| {
            let receiver = Arc::clone(&receiver);
            let thread =
                thread::Builder::new().name(format!("warm-{number}")).spawn(move || serve(&receiver));
            if let Err(error) = &thread {
                tracing::warn!(%error, "cannot start a thread that reads cold files");
            }
            thread.is_ok()
        })
        .count();
    (started > 0).then_some(sender)
}

fn serve(jobs: &Mutex<mpsc::Receiver<Job>>) {
    let null = File::options().write(true).open("/dev/null").ok();
    let mut scratch = Vec::new();
    while let Some(job) = next_job(jobs) {
        if !job.done.is_closed() {
            read_in(&job.region, null.as_ref(), &mut scratch);
            // The sender may have gone meanwhile.
            let _ = job.done.send(());
        }
    }
}

/// Waits for a job. The lock is held while waiting: other idle threads wait for it instead of for the queue.
fn next_job(jobs: &Mutex<mpsc::Receiver<Job>>) -> Option<Job> {
    jobs.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv()
}

/// Queues reads for the whole range, then waits for all of it.
fn read_in(region: &Region, null: Option<&File>, scratch: &mut Vec<u8>) {
    let file = region.file().as_fd();
    let mut rest = region.clone();
    while let Some(len) = NonZeroU64::new(rest.split_to(ADVICE_BYTES).len()) {
        // A file system that does not take advice reads at its own pace below.
        let _ = sys::advise_will_need(file, rest.position() - len.get(), len);
    }
    let mut rest = region.clone();
    while !rest.is_empty() {
        // An error or the end of the file is for the send to report.
        let Some(read @ 1..) = pass_through(file, &rest, null, scratch) else { return };
        rest.skip(read);
    }
}

/// Makes the kernel read the beginning of `rest`: moved to `/dev/null` the bytes need not be copied.
fn pass_through(
    file: BorrowedFd<'_>,
    rest: &Region,
    null: Option<&File>,
    scratch: &mut Vec<u8>,
) -> Option<u64> {
    let len = usize::try_from(rest.len()).ok()?;
    if let Some(null) = null
        && let Ok(moved) = sys::sendfile(null.as_fd(), file, rest.position(), len)
    {
        return Some(moved as u64);
    }
    scratch.clear();
    scratch.reserve(SCRATCH_BYTES);
    sys::pread_append(file, rest.position(), scratch, len.min(SCRATCH_BYTES)).ok().map(|read| read as u64)
}
