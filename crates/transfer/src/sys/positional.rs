//! Reads and writes at a file position.

use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, BorrowedFd};

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

/// [preadv2(2)](https://man7.org/linux/man-pages/man2/readv.2.html) with `RWF_NOWAIT`: like [`pread_append`], but only
/// what is in the page cache. Linux 4.14, and not every file system.
///
/// `EAGAIN`: the first page is not in the cache, or its read is under way. A short count may mean the same of a later
/// page. `EOPNOTSUPP`: the file system does not know the flag.
pub(crate) fn pread_append_nowait(
    file: BorrowedFd<'_>,
    position: u64,
    buffer: &mut Vec<u8>,
    len: usize,
) -> Result<usize, Errno> {
    let position = libc::off_t::try_from(position).map_err(|_| Errno::INVAL)?;
    let before = buffer.len();
    let room = buffer.spare_capacity_mut();
    let slice = libc::iovec { iov_base: room.as_mut_ptr().cast(), iov_len: len.min(room.len()) };
    loop {
        // SAFETY: `slice` lies in the spare capacity of `buffer`, which is borrowed during the call.
        let read =
            unsafe { libc::preadv2(file.as_raw_fd(), &raw const slice, 1, position, libc::RWF_NOWAIT) };
        match usize::try_from(read) {
            Ok(read) => {
                // SAFETY: the kernel filled `read` bytes behind the `before` that were there.
                unsafe { buffer.set_len(before + read) };
                return Ok(read);
            }
            Err(_) => match super::last_errno() {
                Errno::INTR => {}
                errno => return Err(errno),
            },
        }
    }
}

/// [preadv2(2)](https://man7.org/linux/man-pages/man2/readv.2.html) with `RWF_NOWAIT` into a slice; the errors are those
/// of [`pread_append_nowait`].
pub(crate) fn pread_nowait(file: BorrowedFd<'_>, position: u64, slice: &mut [u8]) -> Result<usize, Errno> {
    let mut slices = [IoSliceMut::new(slice)];
    retry_on_intr(|| rustix::io::preadv2(file, &mut slices, position, ReadWriteFlags::NOWAIT))
}

/// [pwritev(2)](https://man7.org/linux/man-pages/man2/writev.2.html): writes slices one behind the other from
/// `position` on. Linux 2.6.30.
///
/// Takes at most 1,024 slices (`EINVAL`). A short count comes before a full disk or a file size limit shows as an
/// error. On a file opened with `O_APPEND` Linux ignores the position.
pub(crate) fn pwritev(file: BorrowedFd<'_>, slices: &[IoSlice<'_>], position: u64) -> Result<usize, Errno> {
    retry_on_intr(|| rustix::io::pwritev(file, slices, position))
}
