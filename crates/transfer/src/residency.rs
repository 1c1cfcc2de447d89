//! Is a range of a file in the page cache, so that sending it will not wait for the disk?

use std::fs::File;
use std::io;
use std::num::NonZeroU64;
use std::os::fd::AsFd;

use rustix::io::Errno;

use crate::{Capabilities, Region, sys};

/// What the kernel says about a range of a file.
///
/// A hint: pages may leave the cache a moment later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Residency {
    /// In the page cache, and read to the end.
    Resident,
    /// At least one page is missing, or its read is still under way.
    Absent,
    /// Kernel and file system do not tell.
    Unknown,
}

impl Residency {
    /// Asks about a region, with up to three short system calls that never wait for the disk.
    ///
    /// `cachestat(2)` counts the pages of the range, but also those whose read is still under way; since the kernel
    /// reads ahead in ascending order, looking at the last byte with `RWF_NOWAIT` settles that. Where `cachestat` is
    /// not to be had, both ends are looked at: a hole in the middle stays unseen.
    pub fn of(region: &Region, capabilities: &Capabilities) -> Self {
        let (Some(len), Some(last)) = (NonZeroU64::new(region.len()), region.end().checked_sub(1)) else {
            return Self::Resident;
        };
        if capabilities.cachestat
            && let Some(is_cached) = is_cached(region.file(), region.position(), len)
        {
            if !is_cached {
                return Self::Absent;
            }
            return match look_at(region, last, capabilities) {
                // Only cachestat has an opinion about this file system.
                Self::Unknown => Self::Resident,
                seen => seen,
            };
        }
        match look_at(region, last, capabilities) {
            Self::Resident => look_at(region, region.position(), capabilities),
            seen => seen,
        }
    }
}

/// How many pages of a region are in the page cache, those whose read is still under way included.
///
/// Asks by `cachestat(2)`: looking reads nothing. Fails where the kernel does not tell (Linux before 6.5; or a file that
/// the caller could not write to).
pub fn cached_pages(region: &Region) -> io::Result<u64> {
    match NonZeroU64::new(region.len()) {
        None => Ok(0),
        Some(len) => Ok(sys::cachestat(region.file().as_fd(), region.position(), len)?.cached),
    }
}

/// Whether all pages of a range are in the page cache, those whose read is still under way included; `None` where the
/// kernel does not tell.
pub(crate) fn is_cached(file: &File, position: u64, len: NonZeroU64) -> Option<bool> {
    sys::cachestat(file.as_fd(), position, len).ok().map(|stat| stat.cached >= pages(position, len))
}

/// Whether more than half of the pages that a region has of its file are in the page cache, counted likewise; `None` where
/// the kernel does not tell, or there are none.
pub(crate) fn is_mostly_cached(region: &Region) -> Option<bool> {
    let there = region.in_file().ok()?;
    let pages = pages(there.position(), NonZeroU64::new(there.len())?);
    cached_pages(&there).ok().map(|cached| cached > pages / 2)
}

/// How much of a region is not in the page cache; all of it where the kernel does not tell.
pub(crate) fn missing_bytes(region: &Region) -> u64 {
    let Some(len) = NonZeroU64::new(region.len()) else { return 0 };
    let cached = cached_pages(region).unwrap_or(0);
    let missing = pages(region.position(), len).saturating_sub(cached);
    missing.saturating_mul(rustix::param::page_size() as u64).min(region.len())
}

/// The pages that a range touches.
fn pages(position: u64, len: NonZeroU64) -> u64 {
    let page_bytes = rustix::param::page_size() as u64;
    let last = position.saturating_add(len.get() - 1);
    last / page_bytes - position / page_bytes + 1
}

/// Tries to read the byte at `position` without waiting.
fn look_at(region: &Region, position: u64, capabilities: &Capabilities) -> Residency {
    if !capabilities.read_nowait {
        return Residency::Unknown;
    }
    match sys::pread_nowait(region.file().as_fd(), position, &mut [0]) {
        // 0 bytes is the end of the file: there is nothing to wait for, and sending will tell.
        Ok(_) => Residency::Resident,
        Err(Errno::AGAIN) => Residency::Absent,
        Err(_) => Residency::Unknown,
    }
}
