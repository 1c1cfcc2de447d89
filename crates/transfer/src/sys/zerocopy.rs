//! Sending memory that the kernel refers to instead of copying it: `MSG_ZEROCOPY`.

use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd};

use rustix::io::Errno;
use rustix::net::SendFlags;

use super::control::first_control;
use super::socket::turn_on;

/// `SO_EE_ORIGIN_ZEROCOPY` and `SO_EE_CODE_ZEROCOPY_COPIED` of `linux/errqueue.h`.
const ORIGIN_ZEROCOPY: u8 = 5;
const CODE_COPIED: u8 = 1;

/// Room for one control message with an error and the address of who caused it, aligned as `struct cmsghdr`.
#[repr(C, align(8))]
struct Control([u8; 128]);

/// A range of calls that the kernel is through with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Completed {
    /// How many calls, in the order in which they were made.
    pub(crate) calls: u64,
    /// Whether it copied their bytes after all.
    pub(crate) copied: bool,
}

/// The flags of a send that may sleep, and that refers to the memory it is given.
pub(crate) fn zerocopy_flags() -> SendFlags {
    SendFlags::NOSIGNAL | SendFlags::from_bits_retain(libc::MSG_ZEROCOPY.cast_unsigned())
}

/// [`SO_ZEROCOPY`](https://docs.kernel.org/networking/msg_zerocopy.html): lets sends on `socket` use `MSG_ZEROCOPY`.
/// Linux 4.14 for TCP.
///
/// `ENOPROTOOPT`: an older kernel. `ENOTSUPP` (524) or `EOPNOTSUPP`: not with this kind of socket.
pub(crate) fn allow_zerocopy(socket: BorrowedFd<'_>) -> Result<(), Errno> {
    turn_on(socket, libc::SOL_SOCKET, libc::SO_ZEROCOPY)
}

/// [recvmsg(2)](https://man7.org/linux/man-pages/man2/recv.2.html) with `MSG_ERRQUEUE`: the next range of calls that the
/// kernel is through with, as [documented](https://docs.kernel.org/networking/msg_zerocopy.html). Never waits.
///
/// `EAGAIN`: none at the moment. `EPROTO`: the queue held another kind of error.
pub(crate) fn zerocopy_completed(socket: BorrowedFd<'_>) -> Result<Completed, Errno> {
    let mut control = Control([0; 128]);
    // SAFETY: all zeros is a valid msghdr: no name, no slices, no control messages.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    message.msg_control = (&raw mut control).cast();
    message.msg_controllen = size_of::<Control>() as _;
    loop {
        // SAFETY: `message` points to `control`, which lives and is not touched otherwise during the call.
        let received = unsafe {
            libc::recvmsg(socket.as_raw_fd(), &raw mut message, libc::MSG_ERRQUEUE | libc::MSG_DONTWAIT)
        };
        if received >= 0 {
            break;
        }
        match super::last_errno() {
            Errno::INTR => {}
            errno => return Err(errno),
        }
    }
    // SAFETY: `message` is as recvmsg left it, its control buffer still lives, and the fields are numbers.
    let first = unsafe { first_control::<libc::sock_extended_err>(&message) };
    let error = match first {
        Some((libc::SOL_IP, libc::IP_RECVERR, error) | (libc::SOL_IPV6, libc::IPV6_RECVERR, error)) => error,
        _ => return Err(Errno::PROTO),
    };
    if error.ee_errno != 0 || error.ee_origin != ORIGIN_ZEROCOPY {
        return Err(Errno::PROTO);
    }
    // The range wraps around with its counter of 32 bits.
    let calls = u64::from(error.ee_data.wrapping_sub(error.ee_info)) + 1;
    Ok(Completed { calls, copied: error.ee_code & CODE_COPIED != 0 })
}
