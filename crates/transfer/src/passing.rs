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

use crate::seen::FileId;
use crate::{Capabilities, Region, residency, sys};

/// What stays in the cache of what was read from the disk and sent: the last and the next step of some sixty readers, and
/// a small part of the smallest machine's memory.
const KEPT_BYTES: u64 = 64 * 1024 * 1024;

/// No more ranges than these are remembered but for those being sent: files may be small.
const KEPT_RANGES: usize = 256;

/// With more than this many ranges being sent, what is read ahead would be given up before its turn.
const AHEAD_LEASES_MAX: usize = 24;

/// Ranges that were read from the disk to be sent, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Passing {
    ranges: Mutex<VecDeque<Range>>,
    /// Whether there may be any: if not, senders skip the lock.
    any: AtomicBool,
    /// Whether surplus is forgotten only: the kernel decides what stays.
    leaves_pages: bool,
    /// Whether the kernel tells how much of a range is in the cache.
    cachestat: bool,
}

#[derive(Debug)]
struct Range {
    /// Whoever has it open.
    id: FileId,
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

    /// Notes that `region` is about to be read from the disk and sent, as far as that is not known. Unless most of that is
    /// in the cache: then others have a use for it, and that a page is missing is no reason to give up the rest. Gives up
    /// what is too much.
    pub(crate) fn begin(&self, region: &Region) -> Vec<Lease> {
        let Some(id) = FileId::of(region.file()) else { return Vec::new() };
        let new = self.unknown_of(id, region).filter(|new| !self.is_mostly_cached(new));
        let mut ranges = self.lock();
        for known in ranges.iter_mut().filter(|range| range.is_within(id, region)) {
            known.begin_again(region);
        }
        if let Some(new) = new {
            self.add(&mut ranges, id, &new);
        }
        let overlapping = ranges.iter_mut().filter(|range| range.overlaps(id, region));
        let leases = overlapping.map(Range::lease).collect();
        self.give_up(take_surplus(ranges));
        leases
    }

    /// Notes that `region` has been read.
    pub(crate) fn complete(&self, region: &Region) {
        let Some(id) = FileId::of(region.file()) else { return };
        let mut ranges = self.lock();
        let overlapping = ranges.iter_mut().filter(|range| range.overlaps(id, region));
        let read: Vec<Range> = overlapping.filter_map(|range| range.note_read(region)).collect();
        ranges.extend(read);
        if self.leaves_pages {
            // There is nothing to give up.
            ranges.retain(|range| !range.is_read);
            self.any.store(!ranges.is_empty(), Ordering::Release);
        }
    }

    /// What of `region` should be read ahead of its sender: not what is known or in the cache, and nothing if there are too
    /// many.
    pub(crate) fn begin_ahead(&self, region: &Region) -> Option<Region> {
        let id = FileId::of(region.file())?;
        let new = self.unknown_of(id, region).filter(|new| !self.is_mostly_cached(new))?;
        let mut ranges = self.lock();
        let leased = ranges.iter().filter(|range| range.is_leased()).count();
        if leased > AHEAD_LEASES_MAX {
            return None;
        }
        self.add(&mut ranges, id, &new);
        self.give_up(take_surplus(ranges));
        Some(new)
    }

    /// What is left of `region` behind the ranges that are known and cover its beginning.
    fn unknown_of(&self, id: FileId, region: &Region) -> Option<Region> {
        let ranges = self.lock();
        let mut rest = region.clone();
        while let Some(known) = ranges.iter().find(|range| range.has(id, rest.position())) {
            rest.skip(known.end() - rest.position());
            if rest.is_empty() {
                return None;
            }
        }
        Some(rest)
    }

    /// Leases for a region that seems to be in the cache, for its parts that were read to be sent; none for what was in
    /// the cache anyway. `None` if parts of it are still being read.
    pub(crate) fn share(&self, region: &Region) -> Option<Vec<Lease>> {
        if !self.any.load(Ordering::Acquire) {
            return Some(Vec::new());
        }
        let Some(id) = FileId::of(region.file()) else { return Some(Vec::new()) };
        let mut ranges = self.lock();
        let overlapping = ranges.iter_mut().filter(|range| range.overlaps(id, region));
        overlapping.map(|range| range.is_read.then(|| range.lease())).collect()
    }

    fn add(&self, ranges: &mut VecDeque<Range>, id: FileId, region: &Region) {
        ranges.push_back(Range::of(id, region));
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
    fn of(id: FileId, region: &Region) -> Self {
        let file = Arc::downgrade(region.file());
        Self { id, file, position: region.position(), len: region.len(), leases: Weak::new(), is_read: false }
    }

    fn end(&self) -> u64 {
        self.position.saturating_add(self.len)
    }

    fn has(&self, id: FileId, position: u64) -> bool {
        self.id == id && (self.position..self.end()).contains(&position)
    }

    fn is_within(&self, id: FileId, region: &Region) -> bool {
        self.id == id && region.position() <= self.position && self.end() <= region.end()
    }

    fn overlaps(&self, id: FileId, region: &Region) -> bool {
        self.id == id && self.position < region.end() && region.position() < self.end()
    }

    /// Its pages have gone meanwhile, or its file has, and another one has the inode.
    fn begin_again(&mut self, region: &Region) {
        self.file = Arc::downgrade(region.file());
        self.is_read = false;
    }

    /// `region`, which overlaps it, has been read. What was read ahead may reach further than what its reader then asks
    /// for: it is cut in two then, and the part that is returned has been read, while the rest is yet to be waited for.
    fn note_read(&mut self, region: &Region) -> Option<Self> {
        if self.is_read || self.position < region.position() {
            return None;
        }
        if self.end() <= region.end() {
            self.is_read = true;
            return None;
        }
        let len = region.end() - self.position;
        let (file, leases) = (Weak::clone(&self.file), Weak::clone(&self.leases));
        let read = Self { id: self.id, file, position: self.position, len, leases, is_read: true };
        self.position += len;
        self.len -= len;
        Some(read)
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
    while (bytes > KEPT_BYTES || ranges.len() > KEPT_RANGES) && index < ranges.len() {
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
        assert!(passing.begin_ahead(&step(&file, 1)).is_some());
        assert!(passing.share(&step(&file, 0)).is_none());
        passing.complete(&step(&file, 0));
        assert!(passing.share(&step(&file, 0)).is_some());
        assert!(passing.share(&step(&file, 1)).is_none());
        // Its pages had to be read once more.
        let _lease = passing.begin(&step(&file, 0));
        assert!(passing.share(&step(&file, 0)).is_none());
    }

    #[test]
    fn what_was_read_ahead_and_is_waited_for_in_part_is_there_in_part() {
        let (passing, file) = (Passing::default(), file());
        let part = |position, len| Region::new(Arc::clone(&file), position, len);
        assert!(passing.begin_ahead(&part(0, 1_000)).is_some());
        let _lease = read(&passing, &part(0, 600));
        assert!(passing.share(&part(0, 600)).is_some());
        assert!(passing.share(&part(0, 601)).is_none());
        // All of it will be given up, and what its reader asks for behind it.
        assert_eq!(kept(&passing), 1_000);
        let _lease = read(&passing, &part(600, 900));
        assert!(passing.share(&part(0, 1_500)).is_some());
        assert_eq!(kept(&passing), 1_500);
    }

    #[test]
    fn a_file_is_the_same_whoever_has_opened_it() {
        let passing = Passing::default();
        let named = tempfile::NamedTempFile::new().unwrap();
        let open = || Arc::new(File::open(named.path()).unwrap());
        let (one, other) = (open(), open());
        let _lease = passing.begin(&step(&one, 0));
        assert!(passing.share(&step(&other, 0)).is_none());
        passing.complete(&step(&one, 0));
        assert_eq!(passing.share(&step(&other, 0)).map(|leases| leases.len()), Some(1));
    }

    #[test]
    fn pages_that_are_left_to_the_kernel_are_forgotten_once_they_are_read() {
        let (passing, file) = (Passing::default().leaving_pages(), file());
        let _leases = passing.begin(&step(&file, 0));
        assert!(passing.share(&step(&file, 0)).is_none());
        passing.complete(&step(&file, 0));
        assert!(passing.share(&step(&file, 0)).is_some_and(|leases| leases.is_empty()));
        assert!(passing.lock().is_empty() && !passing.any.load(Ordering::Relaxed));
    }

    #[test]
    fn of_small_files_no_more_are_remembered_than_of_large_ones() {
        let passing = Passing::default();
        let small: Vec<_> = (0..3 * KEPT_RANGES).map(|_| Region::new(file(), 0, 300)).collect();
        for region in &small {
            drop(read(&passing, region));
        }
        assert_eq!(passing.lock().len(), KEPT_RANGES);
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
            assert!(passing.begin_ahead(&step(&file, number)).is_none());
        }
        assert_eq!(kept(&passing), 0);
    }

    #[test]
    fn a_range_is_read_ahead_once_and_not_for_too_many() {
        let (passing, file) = (Passing::default(), file());
        assert!(passing.begin_ahead(&step(&file, 0)).is_some());
        assert!(passing.begin_ahead(&step(&file, 0)).is_none());
        let _leases: Vec<_> = (1..=30).map(|number| read(&passing, &step(&file, number))).collect();
        assert!(passing.begin_ahead(&step(&file, 40)).is_none());
    }
}
