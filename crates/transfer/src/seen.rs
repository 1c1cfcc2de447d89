//! What was found in the page cache a moment ago, by whichever send has asked?
//!
//! Asking costs as much as a twentieth of sending where a file lies in many small pieces in the cache, and what many
//! ask for, they ask for at the same time.

use std::collections::HashMap;
use std::fs::File;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::Region;

/// An answer of the page cache is believed this long: pages that were just used do not leave it at once.
const TRUST: Duration = Duration::from_secs(1);

/// The page cache is asked about the rest of such a window at once: that costs little more than asking about a chunk.
pub(crate) const WINDOW_BYTES: u64 = 8 * 1024 * 1024;

/// Asking about less takes no longer than looking it up here.
pub(crate) const WORTH_BYTES: u64 = 256 * 1024;

/// Windows that are remembered: 8 GiB of what is asked for every second.
const WINDOWS_MAX: usize = 1_024;

/// A file, whoever has it open: device and inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// `None` for a file that does not say.
    pub(crate) fn of(file: &File) -> Option<Self> {
        rustix::fs::fstat(file).ok().map(|stat| Self { device: stat.st_dev, inode: stat.st_ino })
    }
}

/// That everything from where it was asked for up to a file position is in the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Resident {
    pub(crate) until: u64,
    asked: Instant,
}

impl Resident {
    pub(crate) fn now(until: u64) -> Self {
        Self { until, asked: Instant::now() }
    }

    /// How many bytes from `position` on are in the cache, as far as that is still believed.
    pub(crate) fn len_from(&self, position: u64) -> u64 {
        if self.asked.elapsed() < TRUST { self.until.saturating_sub(position) } else { 0 }
    }
}

/// What was found of late.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    windows: Mutex<HashMap<(FileId, u64), Window>>,
}

/// What was found of a window of a file.
#[derive(Debug)]
struct Window {
    begin: u64,
    resident: Resident,
}

impl Seen {
    /// What is in the cache from `position` on.
    pub(crate) fn from(&self, file: FileId, position: u64) -> Option<Resident> {
        let windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows.get(&(file, position / WINDOW_BYTES))?;
        (window.begin <= position && window.resident.len_from(position) > 0).then_some(window.resident)
    }

    /// Remembers what was found from `begin` on. What continues something that is still believed is believed as long as
    /// that.
    pub(crate) fn add(&self, file: FileId, begin: u64, resident: Resident) {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (file, begin / WINDOW_BYTES);
        if let Some(known) = windows.get_mut(&key)
            && known.begin <= begin
            && begin <= known.resident.until
            && known.resident.asked.elapsed() < TRUST
        {
            known.resident.until = known.resident.until.max(resident.until);
            return;
        }
        if windows.len() >= WINDOWS_MAX && !windows.contains_key(&key) {
            windows.retain(|_, window| window.resident.asked.elapsed() < TRUST);
            if windows.len() >= WINDOWS_MAX {
                windows.clear();
            }
        }
        windows.insert(key, Window { begin, resident });
    }

    /// A part of this region is missing.
    pub(crate) fn forget(&self, file: FileId, region: &Region) {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        for window in region.position() / WINDOW_BYTES..=region.end() / WINDOW_BYTES {
            windows.remove(&(file, window));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn file_id(inode: u64) -> FileId {
        FileId { device: 1, inode }
    }

    #[test]
    fn what_one_has_found_others_need_not_ask_for() {
        let seen = Seen::default();
        let resident = Resident::now(5_000);
        seen.add(file_id(1), 1_000, resident);
        for position in [1_000, 4_999] {
            assert_eq!(seen.from(file_id(1), position), Some(resident));
        }
        for position in [999, 5_000, WINDOW_BYTES + 1_000] {
            assert_eq!(seen.from(file_id(1), position), None, "at {position}");
        }
        assert_eq!(seen.from(file_id(2), 1_000), None);
    }

    #[test]
    fn what_is_asked_for_piece_by_piece_is_remembered_as_one() {
        let seen = Seen::default();
        for begin in [0, 100, 200] {
            seen.add(file_id(1), begin, Resident::now(begin + 100));
        }
        assert_eq!(seen.from(file_id(1), 50).unwrap().until, 300);
        seen.add(file_id(1), 400, Resident::now(500));
        assert_eq!(seen.from(file_id(1), 50), None, "there is a gap");
        assert_eq!(seen.from(file_id(1), 400).unwrap().until, 500);
    }

    #[test]
    fn an_answer_grows_old_and_is_forgotten_when_it_was_wrong() {
        let seen = Seen::default();
        let old = Resident { until: 5_000, asked: Instant::now() - TRUST };
        seen.add(file_id(1), 0, old);
        assert_eq!(seen.from(file_id(1), 0), None);
        seen.add(file_id(1), 0, Resident::now(5_000));
        seen.forget(file_id(1), &Region::new(Arc::new(tempfile::tempfile().unwrap()), 4_000, 1));
        assert_eq!(seen.from(file_id(1), 0), None);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let seen = Seen::default();
        for inode in 0..3 * WINDOWS_MAX as u64 {
            seen.add(file_id(inode), 0, Resident::now(1));
        }
        assert!(seen.windows.lock().unwrap().len() <= WINDOWS_MAX);
    }
}
