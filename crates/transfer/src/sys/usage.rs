//! What a thread has cost.

use std::mem::MaybeUninit;

use rustix::io::Errno;

/// [getrusage(2)](https://man7.org/linux/man-pages/man2/getrusage.2.html) of the calling thread (`RUSAGE_THREAD`). Linux
/// 2.6.26.
///
/// No errors but for wrong arguments.
pub(crate) fn thread_usage() -> Result<libc::rusage, Errno> {
    let mut usage = MaybeUninit::<libc::rusage>::uninit();
    // SAFETY: the pointer is valid for a struct rusage during the call.
    if unsafe { libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr()) } != 0 {
        return Err(super::last_errno());
    }
    // SAFETY: the call succeeded and filled the struct.
    Ok(unsafe { usage.assume_init() })
}
