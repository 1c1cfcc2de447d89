//! When do pages leave the cache that were read only to be sent?
//!
//! A reader of old data goes through far more than the cache holds, once. Left to themselves its pages push out what the
//! readers of new data need again and again. So what the warm threads have read is remembered, and given up when it has
//! been sent and enough has been read after it: readers who follow each other closely share one read of the disk, and
//! the memory that all of them take together is bounded. Where many ask for the same files at different times, as of a file
//! server, that would be one read for each of them: there it is left to the kernel.

use std::collections::VecDeque;
use std::fs::File;
use std::num::NonZeroU64;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::{Capabilities, Region, residency, sys};

/// What stays in the cache of what was read from the disk and sent: some ten readers' last and next steps, and a small
/// part of the smallest machine's memory.
const KEPT_BYTES: u64 = 64 * 1024 * 1024;

/// With more than this many ranges being sent, what is read ahead would be given up before its turn.
const AHEAD_LEASES_MAX: usize = 24;

/// Ranges that were read from the disk to be sent, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Passing {
    ranges: Mutex<VecDeque<Range>>,
    /// Whether there may be any: senders of what was always in the cache skip the lock.
    any: AtomicBool,
    /// Whether surplus is forgotten only: the kernel decides what stays.
    leaves_pages: bool,
    /// Whether the kernel tells how much of a range is in the cache.
    cachestat: bool,
}

#[derive(Debug)]
struct Range {
    /// Not kept open: pages of a file that nobody has open any more are left to the kernel.
    file: Weak<File>,
    position: u64,
    len: u64,
    leases: Weak<()>,
    /// Its reads have been waited for. Until then pages may be in the cache that are yet to be filled, and whoever sends
    /// them waits for the disk.
    is_read: bool,
}

/// As long as it is held, the pages of a range stay, as far as it is up to this process.
#[derive(Clone, Debug)]
pub(crate) struct Lease {
    _range: Arc<()>,
}

impl Passing {
    pub(crate) fn new(capabilities: &Capabilities) -> Self {
        Self { cachestat: capabilities.cachestat, ..Self::default() }
    }

    /// Gives up no pages.
    pub(crate) fn leaving_pages(self) -> Self {
        Self { leaves_pages: true, ..self }
    }

    /// Notes that `region` is about to be read from the disk and sent, unless most of it is in the cache: then others have
    /// a use for it, and that a page is missing is no reason to give up the rest. Gives up what is too much.
    pub(crate) fn begin(&self, region: &Region) -> Vec<Lease> {
        let is_of_others = self.is_mostly_cached(region);
        let mut ranges = self.lock();
        if !is_of_others && !ranges.iter().any(|range| range.is(region)) {
            self.add(&mut ranges, region);
        }
        let overlapping = ranges.iter_mut().filter(|range| range.overlaps(region));
        let leases = overlapping.map(Range::lease).collect();
        self.give_up(take_surplus(ranges));
        leases
    }

    /// Notes that `region` has been read.
    pub(crate) fn complete(&self, region: &Region) {
        if let Some(range) = self.lock().iter_mut().find(|range| range.is(region)) {
            range.is_read = true;
        }
    }

    /// Whether `region` should be read ahead of its sender: not if it is known or in the cache, or if there are too many.
    pub(crate) fn begin_ahead(&self, region: &Region) -> bool {
        let is_of_others = self.is_mostly_cached(region);
        let mut ranges = self.lock();
        let leased = ranges.iter().filter(|range| range.is_leased()).count();
        if is_of_others || leased > AHEAD_LEASES_MAX || ranges.iter().any(|range| range.is(region)) {
            return false;
        }
        self.add(&mut ranges, region);
        self.give_up(take_surplus(ranges));
        true
    }

    /// Leases for a region that seems to be in the cache, for its parts that were read to be sent; none for what was in
    /// the cache anyway. `None` if parts of it are still being read.
    pub(crate) fn share(&self, region: &Region) -> Option<Vec<Lease>> {
        if !self.any.load(Ordering::Acquire) {
            return Some(Vec::new());
        }
        let mut ranges = self.lock();
        let overlapping = ranges.iter_mut().filter(|range| range.overlaps(region));
        overlapping.map(|range| range.is_read.then(|| range.lease())).collect()
    }

    fn add(&self, ranges: &mut VecDeque<Range>, region: &Region) {
        ranges.push_back(Range::of(region));
        self.any.store(true, Ordering::Release);
    }

    fn is_mostly_cached(&self, region: &Region) -> bool {
        self.cachestat && residency::is_mostly_cached(region) == Some(true)
    }

    fn give_up(&self, ranges: Vec<Range>) {
        for range in ranges.into_iter().filter(|_| !self.leaves_pages) {
            if let (Some(file), Some(len)) = (range.file.upgrade(), NonZeroU64::new(range.len)) {
                // Where the advice is not taken, the kernel decides as it would have.
                let _ = sys::advise_dont_need(file.as_fd(), range.position, len);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Range>> {
        self.ranges.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Range {
    fn of(region: &Region) -> Self {
        let file = Arc::downgrade(region.file());
        Self { file, position: region.position(), len: region.len(), leases: Weak::new(), is_read: false }
    }

    fn is(&self, region: &Region) -> bool {
        self.is_in(region) && self.position == region.position() && self.len == region.len()
    }

    fn overlaps(&self, region: &Region) -> bool {
        self.is_in(region)
            && self.position < region.end()
            && region.position() < self.position.saturating_add(self.len)
    }

    fn is_in(&self, region: &Region) -> bool {
        std::ptr::eq(self.file.as_ptr(), Arc::as_ptr(region.file()))
    }

    fn is_leased(&self) -> bool {
        self.leases.strong_count() > 0
    }

    fn lease(&mut self) -> Lease {
        let range = self.leases.upgrade().unwrap_or_default();
        self.leases = Arc::downgrade(&range);
        Lease { _range: range }
    }
}

/// Takes the oldest ranges that nobody sends out, as long as there is more than is kept. Unlocks.
fn take_surplus(mut ranges: MutexGuard<'_, VecDeque<Range>>) -> Vec<Range> {
    let mut bytes: u64 = ranges.iter().map(|range| range.len).sum();
    let mut surplus = Vec::new();
    let mut index = 0;
    while bytes > KEPT_BYTES && index < ranges.len() {
        if ranges.get(index).is_some_and(Range::is_leased) {
            index += 1;
        } else if let Some(range) = ranges.remove(index) {
            bytes -= range.len;
            surplus.push(range);
        }
    }
    surplus
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: u64 = 1024 * 1024;

    fn step(file: &Arc<File>, number: u64) -> Region {
        Region::new(Arc::clone(file), number * STEP, STEP)
    }

    fn file() -> Arc<File> {
        Arc::new(tempfile::tempfile().unwrap())
    }

    fn kept(passing: &Passing) -> u64 {
        passing.lock().iter().map(|range| range.len).sum()
    }

    fn read(passing: &Passing, region: &Region) -> Vec<Lease> {
        let leases = passing.begin(region);
        passing.complete(region);
        leases
    }

    #[test]
    fn what_is_still_being_read_is_not_there() {
        let (passing, file) = (Passing::default(), file());
        let _lease = passing.begin(&step(&file, 0));
        assert!(passing.begin_ahead(&step(&file, 1)));
        assert!(passing.share(&step(&file, 0)).is_none());
        passing.complete(&step(&file, 0));
        assert!(passing.share(&step(&file, 0)).is_some());
        assert!(passing.share(&step(&file, 1)).is_none());
    }

    #[test]
    fn what_has_been_sent_is_given_up_oldest_first() {
        let (passing, file) = (Passing::default(), file());
        for number in 0..200 {
            drop(read(&passing, &step(&file, number)));
        }
        assert_eq!(kept(&passing), KEPT_BYTES);
        let oldest = passing.lock().front().map(|range| range.position);
        assert_eq!(oldest, Some(200 * STEP - KEPT_BYTES));
    }

    #[test]
    fn what_is_being_sent_stays_also_for_those_who_found_it() {
        let (passing, file) = (Passing::default(), file());
        let first = read(&passing, &step(&file, 0));
        let shared = passing.share(&Region::new(Arc::clone(&file), 1000, 10));
        drop(first);
        assert_eq!(shared.as_ref().map(Vec::len), Some(1));
        for number in 1..200 {
            drop(read(&passing, &step(&file, number)));
        }
        assert_eq!(passing.lock().front().map(|range| range.position), Some(0));
        drop(shared);
        drop(read(&passing, &step(&file, 200)));
        assert_ne!(passing.lock().front().map(|range| range.position), Some(0));
    }

    #[test]
    fn what_nobody_read_from_the_disk_is_nobodys() {
        let (passing, one, other) = (Passing::default(), file(), file());
        let nothing = |region| passing.share(&region).is_some_and(|leases| leases.is_empty());
        assert!(nothing(step(&one, 0)));
        let _lease = read(&passing, &step(&one, 0));
        assert!(nothing(step(&other, 0)));
        assert!(nothing(step(&one, 1)));
    }

    #[test]
    fn what_is_in_the_cache_already_is_not_given_up() {
        let passing = Passing::new(&Capabilities::probe());
        if !passing.cachestat {
            println!("skipped: no cachestat");
            return;
        }
        let file = file();
        std::io::Write::write_all(&mut &*file, &vec![1; STEP as usize + 5_000]).unwrap();
        for number in [0, 1] {
            assert!(passing.begin(&step(&file, number)).is_empty());
            assert!(!passing.begin_ahead(&step(&file, number)));
        }
        assert_eq!(kept(&passing), 0);
    }

    #[test]
    fn a_range_is_read_ahead_once_and_not_for_too_many() {
        let (passing, file) = (Passing::default(), file());
        assert!(passing.begin_ahead(&step(&file, 0)));
        assert!(!passing.begin_ahead(&step(&file, 0)));
        let _leases: Vec<_> = (1..=30).map(|number| read(&passing, &step(&file, number))).collect();
        assert!(!passing.begin_ahead(&step(&file, 40)));
    }
}
