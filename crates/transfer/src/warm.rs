//! How do cold ranges get into the page cache without an event loop waiting for the disk?

use std::collections::HashMap;
use std::fs::File;
use std::num::NonZeroU64;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::{mpsc, oneshot};

use crate::pace::Pace;
use crate::passing::{Lease, Passing};
use crate::{Region, residency, sys};

/// One job reads this much. A sender has one job at a time, and jobs are served in the order they came: with equal
/// jobs that is round robin between senders, whatever the length of their regions. Large enough that a disk that seeks
/// spends more time on reading; small enough that two are not long to wait for.
pub(crate) const WARM_BYTES: u64 = 512 * 1024;

/// Threads that read from one disk: it has work while one of them hands a result over. What they have queued in the
/// kernel is also what everybody else who needs the disk waits for, so there are no more.
const THREADS_OF_A_DISK: usize = 2;

/// Disks with threads of their own; the rest share those of [`NO_DISK`].
const DISKS_MAX: usize = 16;

/// The device number of no disk.
const NO_DISK: u64 = 0;

/// Jobs accepted for a disk before senders wait for room, which they do in the order they came.
const QUEUE_JOBS: usize = 64;

/// The kernel reads no more of one piece of advice than the device's readahead size, which is 128 KiB by default.
const ADVICE_BYTES: u64 = 128 * 1024;

/// The buffer of a thread that has to read what it cannot move.
const SCRATCH_BYTES: usize = 64 * 1024;

/// A few threads for each disk that read ranges into the page cache. They start with the first job and end with the pool.
#[derive(Debug, Default)]
pub(crate) struct WarmPool {
    /// By device number. Without a single thread a disk has no pool: its ranges are then read by the send itself.
    disks: Mutex<HashMap<u64, Option<mpsc::Sender<Job>>>>,
    passing: Arc<Passing>,
}

#[derive(Debug)]
enum Job {
    /// Somebody waits for this range, and will want the next one.
    BringIn { region: Region, done: oneshot::Sender<Vec<Lease>> },
    /// Somebody is about to send this range, and will want the next one.
    ReadAheadOf(Region),
}

impl WarmPool {
    pub(crate) fn new(passing: Passing) -> Self {
        Self { disks: Mutex::default(), passing: Arc::new(passing) }
    }

    /// Waits until `region`, of at most [`WARM_BYTES`], has been read into the page cache, and begins to read what comes
    /// after it. The pages stay while the leases are held; there are none for what was in the cache anyway.
    ///
    /// Returns in any case: whether the file can be read is for the send to find out. Dropping the future withdraws a
    /// job that has not begun.
    pub(crate) async fn bring_in(&self, region: Region) -> Vec<Lease> {
        let Some(jobs) = self.jobs_of(&region) else { return Vec::new() };
        let (done, is_done) = oneshot::channel();
        // The other end drops the sender only if its thread is gone, and then nobody will read.
        match jobs.send(Job::BringIn { region, done }).await {
            Ok(()) => is_done.await.unwrap_or_default(),
            Err(_) => Vec::new(),
        }
    }

    /// Leases of what seems to be in the cache and was read to be sent, or `None` if that is not done yet. Where there are
    /// some, the sender follows others, and what comes next is read ahead of it.
    pub(crate) fn follow(&self, region: &Region) -> Option<Vec<Lease>> {
        let leases = self.passing.share(region)?;
        if !leases.is_empty()
            && let Some(jobs) = self.jobs_of(region)
            && jobs.capacity() == QUEUE_JOBS
        {
            // Somebody may have been faster: then the disk has work that is waited for.
            let _ = jobs.try_send(Job::ReadAheadOf(region.clone()));
        }
        Some(leases)
    }

    fn jobs_of(&self, region: &Region) -> Option<mpsc::Sender<Job>> {
        // A file that tells nothing of its disk is read with those of no disk.
        let device = rustix::fs::fstat(region.file()).map_or(NO_DISK, |stat| stat.st_dev);
        let mut disks = self.disks.lock().unwrap_or_else(PoisonError::into_inner);
        let has_own = disks.contains_key(&device) || disks.len() < DISKS_MAX;
        let key = if has_own { device } else { NO_DISK };
        disks.entry(key).or_insert_with(|| start_threads(&self.passing)).clone()
    }
}

/// What a sender of `region` will most likely send next, as far as the file goes by now: what is appended later comes into
/// the page cache by being written, and is nobody's to wait for or to give up. `None` at the end of the file.
fn next_of(region: &Region) -> Option<Region> {
    let next = Region::new(Arc::clone(region.file()), region.end(), WARM_BYTES).in_file().ok()?;
    (!next.is_empty()).then_some(next)
}

fn start_threads(passing: &Arc<Passing>) -> Option<mpsc::Sender<Job>> {
    let (sender, receiver) = mpsc::channel(QUEUE_JOBS);
    let receiver = Arc::new(Mutex::new(receiver));
    let pace = Arc::new(Pace::default());
    let started = (0..THREADS_OF_A_DISK)
        .filter(|number| {
            let (receiver, passing, pace) = (Arc::clone(&receiver), Arc::clone(passing), Arc::clone(&pace));
            let name = format!("warm-{number}");
            let thread = thread::Builder::new().name(name).spawn(move || serve(&receiver, &passing, &pace));
            if let Err(error) = &thread {
                tracing::warn!(%error, "cannot start a thread that reads cold files");
            }
            thread.is_ok()
        })
        .count();
    (started > 0).then_some(sender)
}

fn serve(jobs: &Mutex<mpsc::Receiver<Job>>, passing: &Passing, pace: &Pace) {
    let null = File::options().write(true).open("/dev/null").ok();
    let mut scratch = Vec::new();
    while let Some(job) = next_job(jobs) {
        match job {
            Job::BringIn { done, .. } if done.is_closed() => {}
            Job::BringIn { region, done } => {
                let leases = passing.begin(&region);
                pace.read(
                    || residency::missing_bytes(&region),
                    || queue_reads(&region),
                    || wait_for(&region, null.as_ref(), &mut scratch),
                );
                passing.complete(&region);
                // The sender may have gone meanwhile.
                let _ = done.send(leases);
                let others_wait = jobs.try_lock().is_ok_and(|jobs| !jobs.is_empty());
                if !others_wait {
                    pace.read_ahead(|| read_ahead_of(&region, passing));
                }
            }
            Job::ReadAheadOf(region) => pace.read_ahead(|| read_ahead_of(&region, passing)),
        }
    }
}

/// Queues reads for what comes after `region`, which nobody waits for yet, and says of how many bytes.
fn read_ahead_of(region: &Region, passing: &Passing) -> u64 {
    let next = next_of(region).and_then(|next| passing.begin_ahead(&next));
    let Some(new) = next else { return 0 };
    let missing = residency::missing_bytes(&new);
    queue_reads(&new);
    missing
}

/// Waits for a job. The lock is held while waiting: other idle threads wait for it instead of for the queue.
fn next_job(jobs: &Mutex<mpsc::Receiver<Job>>) -> Option<Job> {
    jobs.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv()
}

/// Returns when all of the range has been read.
fn wait_for(region: &Region, null: Option<&File>, scratch: &mut Vec<u8>) {
    let file = region.file().as_fd();
    let mut rest = region.clone();
    while !rest.is_empty() {
        // An error or the end of the file is for the send to report.
        let Some(read @ 1..) = pass_through(file, &rest, null, scratch) else { return };
        rest.skip(read);
    }
}

fn queue_reads(region: &Region) {
    let file = region.file().as_fd();
    let mut rest = region.clone();
    while let Some(len) = NonZeroU64::new(rest.split_to(ADVICE_BYTES).len()) {
        // A file system that does not take advice reads at its own pace when the range is read.
        let _ = sys::advise_will_need(file, rest.position() - len.get(), len);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_read_ahead_that_the_file_does_not_have() {
        let file = Arc::new(tempfile::tempfile().unwrap());
        file.set_len(WARM_BYTES * 2 + 5_000).unwrap();
        let step = |number| Region::new(Arc::clone(&file), number * WARM_BYTES, WARM_BYTES);
        assert_eq!(
            next_of(&step(0)).map(|next| (next.position(), next.len())),
            Some((WARM_BYTES, WARM_BYTES))
        );
        assert_eq!(next_of(&step(1)).map(|next| next.len()), Some(5_000));
        assert!(next_of(&step(2)).is_none());
    }
}
