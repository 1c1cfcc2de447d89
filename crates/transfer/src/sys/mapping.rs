//! A window of a file in the address space, which only the kernel reads.

use std::ffi::c_void;
use std::num::NonZeroUsize;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::{self, NonNull};

use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags};
use rustix::net::SendFlags;

use super::socket_flags;

/// A read-only, shared mapping of a byte range of a file.
///
/// The program never reads the mapped bytes: there is no way to get a reference to them. It hands their address to
/// the kernel, and a page that is gone because someone truncated the file then shows as `EFAULT` from the call. The
/// `SIGBUS` that the same page would raise in the program cannot happen.
#[derive(Debug)]
pub(crate) struct Mapping {
    base: NonNull<c_void>,
    mapped_bytes: NonZeroUsize,
    /// How far the asked range begins behind the page boundary at `base`.
    lead: usize,
}

impl Mapping {
    /// [mmap(2)](https://man7.org/linux/man-pages/man2/mmap.2.html) of `len` bytes of `file` from `position` on.
    ///
    /// `ENODEV`: the file system cannot map files. `ENOMEM`: too many mappings or too much address space. `EACCES`:
    /// the file is not open for reading. `EINVAL`: `len` is 0.
    pub(crate) fn new(file: BorrowedFd<'_>, position: u64, len: usize) -> Result<Self, Errno> {
        let lead = (position % rustix::param::page_size() as u64) as usize;
        let mapped_bytes = len.checked_add(lead).and_then(NonZeroUsize::new).ok_or(Errno::INVAL)?;
        // SAFETY: the kernel chooses the address (no MAP_FIXED), so no existing mapping is replaced.
        let base = unsafe {
            rustix::mm::mmap(
                ptr::null_mut(),
                mapped_bytes.get(),
                ProtFlags::READ,
                MapFlags::SHARED,
                file,
                position - lead as u64,
            )
        }?;
        let base = NonNull::new(base).ok_or(Errno::NOMEM)?;
        Ok(Self { base, mapped_bytes, lead })
    }

    /// [pwrite(2)](https://man7.org/linux/man-pages/man2/pwrite.2.html) of the asked range without its first `skip` bytes
    /// to `target` at `position`.
    ///
    /// `EFAULT`: the file no longer has these bytes. A short count comes before an error. Any error of writing.
    pub(crate) fn pwrite(&self, target: BorrowedFd<'_>, skip: usize, position: u64) -> Result<usize, Errno> {
        let offset = self.lead.saturating_add(skip).min(self.mapped_bytes.get());
        let position = libc::off_t::try_from(position).map_err(|_| Errno::FBIG)?;
        loop {
            // SAFETY: the range from `offset` to `mapped_bytes` lies in a mapping that lives as long as `self`. Only
            // the kernel reads it, and it answers a page without a file behind it with EFAULT.
            let written = unsafe {
                libc::pwrite(
                    target.as_raw_fd(),
                    self.base.as_ptr().byte_add(offset),
                    self.mapped_bytes.get() - offset,
                    position,
                )
            };
            match usize::try_from(written) {
                Ok(written) => return Ok(written),
                Err(_) => match super::last_errno() {
                    Errno::INTR => {}
                    errno => return Err(errno),
                },
            }
        }
    }

    /// [send(2)](https://man7.org/linux/man-pages/man2/send.2.html) of the asked range without its first `skip`
    /// bytes; `more` corks them to what is sent next.
    ///
    /// `EFAULT`: the file no longer has these bytes. `EAGAIN`: the socket is full. Others of tcp(7): the peer is gone.
    pub(crate) fn send(&self, socket: BorrowedFd<'_>, skip: usize, more: bool) -> Result<usize, Errno> {
        self.send_flagged(socket, skip, usize::MAX, socket_flags(more))
    }

    /// [`Self::send`] of no more than `count` bytes, with flags of the caller's choice.
    ///
    /// `ENOBUFS` with `MSG_ZEROCOPY`: too many calls or too much memory that the kernel is not through with; see
    /// `net.core.optmem_max` and `RLIMIT_MEMLOCK`.
    pub(crate) fn send_flagged(
        &self,
        socket: BorrowedFd<'_>,
        skip: usize,
        count: usize,
        flags: SendFlags,
    ) -> Result<usize, Errno> {
        let offset = self.lead.saturating_add(skip).min(self.mapped_bytes.get());
        let count = count.min(self.mapped_bytes.get() - offset);
        loop {
            // SAFETY: the `count` bytes from `offset` on lie in a mapping that lives as long as `self`. Only
            // the kernel reads it, and it answers a page without a file behind it with EFAULT. With MSG_ZEROCOPY it
            // holds the pages themselves until it is through with them, whatever becomes of the mapping.
            let sent = unsafe {
                libc::send(
                    socket.as_raw_fd(),
                    self.base.as_ptr().byte_add(offset),
                    count,
                    flags.bits().cast_signed(),
                )
            };
            match usize::try_from(sent) {
                Ok(sent) => return Ok(sent),
                Err(_) => match super::last_errno() {
                    Errno::INTR => {}
                    errno => return Err(errno),
                },
            }
        }
    }
}

impl Drop for Mapping {
    /// [munmap(2)](https://man7.org/linux/man-pages/man2/munmap.2.html).
    fn drop(&mut self) {
        // SAFETY: `base` and `mapped_bytes` are what mmap returned, and nothing refers to the range any more.
        let unmapped = unsafe { rustix::mm::munmap(self.base.as_ptr(), self.mapped_bytes.get()) };
        debug_assert!(unmapped.is_ok(), "munmap of an own mapping fails only on wrong arguments");
    }
}
