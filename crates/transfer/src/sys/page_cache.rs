//! Asking and telling the page cache about a range of a file.

use std::mem::MaybeUninit;
use std::num::NonZeroU64;
use std::os::fd::{AsRawFd, BorrowedFd};

use rustix::fs::Advice;
use rustix::io::Errno;

/// The number of `cachestat` on every architecture; libc has it for few of them.
const SYS_CACHESTAT: libc::c_long = 451;

/// `struct cachestat_range` of `linux/mman.h`.
#[repr(C)]
struct CacheStatRange {
    offset: u64,
    len: u64,
}

/// `struct cachestat` of `linux/mman.h`: pages of a range, by state.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct CacheStat {
    /// Pages that are in the cache, including those whose read is still under way.
    pub(crate) cached: u64,
    _dirty: u64,
    _writeback: u64,
    _evicted: u64,
    _recently_evicted: u64,
}

/// [cachestat(2)](https://docs.kernel.org/filesystems/proc.html): how much of `len` bytes of `file` from `position` on
/// is in the page cache. Linux 6.5.
///
/// `ENOSYS`: an older kernel. `EPERM`: newer kernels ask for a file that is open for writing or could be by its owner;
/// also a filter on system calls. `EOPNOTSUPP`: hugetlbfs. A `len` of 0 would mean the rest of the file.
pub(crate) fn cachestat(file: BorrowedFd<'_>, position: u64, len: NonZeroU64) -> Result<CacheStat, Errno> {
    let range = CacheStatRange { offset: position, len: len.get() };
    let mut stat = MaybeUninit::<CacheStat>::uninit();
    // SAFETY: both pointers are valid for their `struct`s of linux/mman.h during the call; flags must be 0.
    let result = unsafe {
        libc::syscall(SYS_CACHESTAT, file.as_raw_fd(), &raw const range, stat.as_mut_ptr(), 0 as libc::c_uint)
    };
    if result != 0 {
        return Err(super::last_errno());
    }
    // SAFETY: the call succeeded and filled the struct.
    Ok(unsafe { stat.assume_init() })
}

/// [posix_fadvise(2)](https://man7.org/linux/man-pages/man2/posix_fadvise.2.html) with `POSIX_FADV_WILLNEED`: begins
/// to read the range into the page cache, as readahead(2) does. Linux 2.5.60.
///
/// Returns when the reads are queued, which takes up to milliseconds. The kernel reads no more than the device's
/// readahead size of it. An error means nothing but that the hint was not taken.
pub(crate) fn advise_will_need(file: BorrowedFd<'_>, position: u64, len: NonZeroU64) -> Result<(), Errno> {
    rustix::fs::fadvise(file, position, Some(len), Advice::WillNeed)
}

/// [posix_fadvise(2)](https://man7.org/linux/man-pages/man2/posix_fadvise.2.html) with `POSIX_FADV_DONTNEED`: drops the
/// clean pages of the range that nobody maps or holds, a packet that is under way included. Linux 2.5.60.
///
/// Whole pages only. An error means nothing but that the hint was not taken.
pub(crate) fn advise_dont_need(file: BorrowedFd<'_>, position: u64, len: NonZeroU64) -> Result<(), Errno> {
    rustix::fs::fadvise(file, position, Some(len), Advice::DontNeed)
}

/// [posix_fadvise(2)](https://man7.org/linux/man-pages/man2/posix_fadvise.2.html) with `POSIX_FADV_SEQUENTIAL`: the kernel
/// reads twice as far ahead. Linux 2.5.60. A hint: errors mean that it was not taken.
pub(crate) fn advise_sequential(file: BorrowedFd<'_>) {
    let _ = rustix::fs::fadvise(file, 0, None, Advice::Sequential);
}
