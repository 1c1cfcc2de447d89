//! Reads and writes at a file position.

use std::io::{IoSlice, IoSliceMut};
use std::os::fd::BorrowedFd;

use rustix::io::{Errno, ReadWriteFlags, retry_on_intr};

/// [pread(2)](https://man7.org/linux/man-pages/man2/pread.2.html): appends up to `len` bytes from `position` on to
/// `buffer`, without growing its allocation, and returns how many. 0 says that the file ends there, or that `buffer`
/// has no room.
pub(crate) fn pread_append(
    file: BorrowedFd<'_>,
    position: u64,
    buffer: &mut Vec<u8>,
    len: usize,
) -> Result<usize, Errno> {
    let before = buffer.len();
    let room = buffer.spare_capacity_mut();
    let len = len.min(room.len());
    let read = retry_on_intr(|| {
        rustix::io::pread(file, &mut room[..len], position).map(|(filled, _)| filled.len())
    })?;
    // SAFETY: pread filled `read` bytes behind the `before` that were there.
    unsafe { buffer.set_len(before + read) };
    Ok(read)
}

/// [preadv2(2)](https://man7.org/linux/man-pages/man2/readv.2.html) with `RWF_NOWAIT`: reads into `slice` from `position`
/// on, but only what is in the page cache, and returns how many bytes. Linux 4.14, and not every file system.
///
/// `EAGAIN`: the first page is not in the cache, or its read is under way. A short count may mean the same of a later
/// page. `EOPNOTSUPP`: the file system does not know the flag.
pub(crate) fn pread_nowait(file: BorrowedFd<'_>, position: u64, slice: &mut [u8]) -> Result<usize, Errno> {
    let mut slices = [IoSliceMut::new(slice)];
    retry_on_intr(|| rustix::io::preadv2(file, &mut slices, position, ReadWriteFlags::NOWAIT))
}

/// [`pread_nowait`], appending to `buffer` as [`pread_append`] does. What it reads is short, so clearing the room for it
/// first costs little.
pub(crate) fn pread_append_nowait(
    file: BorrowedFd<'_>,
    position: u64,
    buffer: &mut Vec<u8>,
    len: usize,
) -> Result<usize, Errno> {
    let before = buffer.len();
    buffer.resize(before + len.min(buffer.capacity() - before), 0);
    let read = pread_nowait(file, position, &mut buffer[before..]);
    buffer.truncate(before + read.unwrap_or(0));
    read
}

/// [pwrite(2)](https://man7.org/linux/man-pages/man2/pwrite.2.html): writes `bytes` at `position`.
///
/// As [`pwritev`] in all else.
pub(crate) fn pwrite(file: BorrowedFd<'_>, bytes: &[u8], position: u64) -> Result<usize, Errno> {
    retry_on_intr(|| rustix::io::pwrite(file, bytes, position))
}

/// [pwritev(2)](https://man7.org/linux/man-pages/man2/writev.2.html): writes slices one behind the other from
/// `position` on. Linux 2.6.30.
///
/// Takes at most 1,024 slices (`EINVAL`). A short count comes before a full disk or a file size limit shows as an
/// error. On a file opened with `O_APPEND` Linux ignores the position.
pub(crate) fn pwritev(file: BorrowedFd<'_>, slices: &[IoSlice<'_>], position: u64) -> Result<usize, Errno> {
    retry_on_intr(|| rustix::io::pwritev(file, slices, position))
}
