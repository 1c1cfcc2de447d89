//! What the kernel says of a message beside it.

use std::ptr;

/// Level, type and data of the first control message that [recvmsg(2)](https://man7.org/linux/man-pages/man2/recv.2.html)
/// has left, if there is one that is long enough for a `T`.
///
/// # Safety
/// `message` is as recvmsg(2) left it, its control data still lives, and any bytes are a `T`.
pub(super) unsafe fn first_control<T: Copy>(message: &libc::msghdr) -> Option<(libc::c_int, libc::c_int, T)> {
    // SAFETY: recvmsg(2) has set the control data of `message` and its length.
    let first = unsafe { libc::CMSG_FIRSTHDR(message) };
    // SAFETY: CMSG_FIRSTHDR gives no pointer unless a whole header lies in the control data, which is aligned for it.
    let header = unsafe { first.as_ref() }?;
    // SAFETY: a computation on a number; nothing is read.
    let wanted = unsafe { libc::CMSG_LEN(size_of::<T>() as libc::c_uint) } as usize;
    // The field's type differs between C libraries.
    if (header.cmsg_len as usize) < wanted {
        return None;
    }
    // SAFETY: the control message is long enough for a `T`, which need not be aligned for this read.
    let data = unsafe { ptr::read_unaligned(libc::CMSG_DATA(first).cast::<T>()) };
    Some((header.cmsg_level, header.cmsg_type, data))
}
