//! Calls that copy from file to file, and those that tell data from holes.

use std::os::fd::BorrowedFd;

use rustix::fs::SeekFrom;
use rustix::io::{Errno, retry_on_intr};
use rustix::pipe::SpliceFlags;

use super::Pipe;

/// [ioctl_ficlone(2)](https://man7.org/linux/man-pages/man2/ioctl_ficlone.2.html): `target` shares all blocks of `source`
/// and has its length. Linux 4.5 for all file systems that can (Btrfs, XFS, bcachefs, NFS 4.2, SMB, overlayfs).
///
/// What the source has in the page cache only is written to the disk first. `EXDEV`: not the same file system.
/// `EOPNOTSUPP`, `ENOTTY`, `EINVAL`: not with this file system or these files. `ETXTBSY`: a swap file. `EPERM`: the target
/// is immutable.
pub(crate) fn reflink(source: BorrowedFd<'_>, target: BorrowedFd<'_>) -> Result<(), Errno> {
    retry_on_intr(|| rustix::fs::ioctl_ficlone(target, source))
}

/// [copy_file_range(2)](https://man7.org/linux/man-pages/man2/copy_file_range.2.html) of up to `count` bytes, from and to
/// the same position. Linux 4.5; from 5.19 on between file systems of one kind.
///
/// 0 says that the source ends at `position`, and on some kernels that the file system cannot (procfs and its like).
/// `EXDEV`, `EOPNOTSUPP`, `EINVAL`, `ENOSYS`: not with these files. `ENOSPC`, `EDQUOT`, `EFBIG`: the target is full. Any
/// error of reading or writing.
pub(crate) fn copy_file_range(
    source: BorrowedFd<'_>,
    target: BorrowedFd<'_>,
    position: u64,
    count: usize,
) -> Result<usize, Errno> {
    retry_on_intr(|| {
        let (mut from, mut to) = (position, position);
        rustix::fs::copy_file_range(source, Some(&mut from), target, Some(&mut to), count)
    })
}

/// [splice(2)](https://man7.org/linux/man-pages/man2/splice.2.html): moves up to `count` bytes from `pipe` to `file` at
/// `position`. Linux 2.6.17.
///
/// `EINVAL`: not to this file, or it is open with `O_APPEND`. Any error of writing.
pub(crate) fn splice_to_file(
    pipe: &Pipe,
    file: BorrowedFd<'_>,
    position: u64,
    count: usize,
) -> Result<usize, Errno> {
    retry_on_intr(|| {
        let mut position = position;
        rustix::pipe::splice(pipe.read_end(), None, file, Some(&mut position), count, SpliceFlags::MOVE)
    })
}

/// [read(2)](https://man7.org/linux/man-pages/man2/read.2.html) of up to a `slice` of what is in `pipe`, which is not empty.
pub(crate) fn read_from_pipe(pipe: &Pipe, slice: &mut [u8]) -> Result<usize, Errno> {
    retry_on_intr(|| rustix::io::read(pipe.read_end(), &mut *slice))
}

/// [lseek(2)](https://man7.org/linux/man-pages/man2/lseek.2.html): sets the file offset, which all who share the
/// descriptor share.
pub(crate) fn seek_to(file: BorrowedFd<'_>, position: u64) -> Result<(), Errno> {
    rustix::fs::seek(file, SeekFrom::Start(position)).map(drop)
}

/// [lseek(2)](https://man7.org/linux/man-pages/man2/lseek.2.html) with `SEEK_DATA`: the first position from `position` on
/// that is data. Linux 3.1. Moves the file offset.
///
/// `ENXIO`: there is none. `EINVAL`: the file system does not tell; most then say that all is data.
pub(crate) fn seek_data(file: BorrowedFd<'_>, position: u64) -> Result<u64, Errno> {
    retry_on_intr(|| rustix::fs::seek(file, SeekFrom::Data(position)))
}

/// [lseek(2)](https://man7.org/linux/man-pages/man2/lseek.2.html) with `SEEK_HOLE`: the first position from `position` on
/// that is a hole, or the end of the file. Linux 3.1. Moves the file offset.
///
/// `ENXIO`: the file ends before `position`.
pub(crate) fn seek_hole(file: BorrowedFd<'_>, position: u64) -> Result<u64, Errno> {
    retry_on_intr(|| rustix::fs::seek(file, SeekFrom::Hole(position)))
}
