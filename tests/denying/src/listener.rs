//! How is a program asked about the calls of one of its threads? By seccomp's user notification.
//!
//! See [seccomp_unotify(2)](https://man7.org/linux/man-pages/man2/seccomp_unotify.2.html). Linux 5.10: before that a
//! listener is not told that nobody is left to ask.

use std::mem;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, retry_on_intr};
use seccompiler::SeccompAction;

use crate::{Call, filter};

/// Asked about calls by all threads and processes that have its filter. Once it is dropped, those calls fail.
#[derive(Debug)]
pub(crate) struct Listener(OwnedFd);

/// A thread sleeps in a call until it is answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question {
    id: u64,
    pub(crate) number: i64,
    pub(crate) arguments: [u64; 6],
}

/// What becomes of the call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    Goes,
    Fails(Errno),
}

impl Listener {
    /// Has each of `calls` asked about from now on, on this thread.
    ///
    /// `ENOSYS`, `EINVAL`, `EPERM`, `EACCES`: the kernel cannot, or another filter denies it. `EBUSY`: this thread's calls are
    /// being asked about already.
    pub(crate) fn attach(calls: &[Call]) -> Result<Self, Errno> {
        // The filter library has no such action: another one holds its place.
        let stand_in = SeccompAction::Trace(0);
        let instructions = filter(calls, stand_in.clone()).into_iter();
        let mut instructions: Vec<_> = instructions
            .map(|one| libc::sock_filter { code: one.code, jt: one.jt, jf: one.jf, k: one.k })
            .collect();
        let returns = (libc::BPF_RET | libc::BPF_K) as u16;
        let stand_in = u32::from(stand_in);
        for one in instructions.iter_mut().filter(|one| (one.code, one.k) == (returns, stand_in)) {
            one.k = libc::SECCOMP_RET_USER_NOTIF;
        }
        let len = instructions.len().try_into().map_err(|_| Errno::INVAL)?;
        let program = libc::sock_fprog { len, filter: instructions.as_mut_ptr() };
        // Without it a filter is for those only who may do everything.
        rustix::thread::set_no_new_privs(true)?;
        // SAFETY: `program` and its `len` instructions live during the call, which copies them and writes nothing.
        let descriptor = unsafe {
            libc::syscall(
                libc::SYS_seccomp,
                libc::SECCOMP_SET_MODE_FILTER,
                libc::SECCOMP_FILTER_FLAG_NEW_LISTENER,
                &raw const program,
            )
        };
        match i32::try_from(descriptor) {
            // SAFETY: the call has just opened it, and nobody else knows of it.
            Ok(descriptor @ 0..) => Ok(Self(unsafe { OwnedFd::from_raw_fd(descriptor) })),
            _ => Err(last_errno()),
        }
    }

    /// Waits for the next question. `None`: nobody has the filter any more.
    pub(crate) fn next(&self) -> Result<Option<Question>, Errno> {
        loop {
            // Receiving is not told that nobody is left.
            let mut asked = [PollFd::new(&self.0, PollFlags::IN)];
            retry_on_intr(|| poll(&mut asked, None))?;
            if !asked[0].revents().contains(PollFlags::IN) {
                return Ok(None);
            }
            // SAFETY: it consists of numbers; the kernel wants zeros.
            let mut received: libc::seccomp_notif = unsafe { mem::zeroed() };
            // SAFETY: the call writes one such struct, which lives meanwhile.
            let result =
                unsafe { libc::ioctl(self.0.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_RECV, &raw mut received) };
            if result == 0 {
                let libc::seccomp_notif { id, data, .. } = received;
                return Ok(Some(Question { id, number: data.nr.into(), arguments: data.args }));
            }
            match last_errno() {
                // The thread that asked was killed.
                Errno::INTR | Errno::NOENT => {}
                errno => return Err(errno),
            }
        }
    }

    /// Answers a question, unless the thread that asked was killed meanwhile.
    pub(crate) fn answer(&self, question: &Question, answer: Answer) -> Result<(), Errno> {
        let (error, flags) = match answer {
            Answer::Goes => (0, libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32),
            Answer::Fails(errno) => (-errno.raw_os_error(), 0),
        };
        let response = libc::seccomp_notif_resp { id: question.id, val: 0, error, flags };
        // SAFETY: the call reads one such struct, which lives meanwhile.
        let result =
            unsafe { libc::ioctl(self.0.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SEND, &raw const response) };
        match result {
            0 => Ok(()),
            _ => match last_errno() {
                Errno::NOENT => Ok(()),
                errno => Err(errno),
            },
        }
    }
}

fn last_errno() -> Errno {
    std::io::Error::last_os_error().raw_os_error().map_or(Errno::IO, Errno::from_raw_os_error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_is_told_that_nobody_is_left_to_ask() {
        match crate::on_a_thread(|| Listener::attach(&[Call::Pwrite])) {
            Ok(listener) => assert!(listener.next().unwrap().is_none()),
            Err(errno) => println!("skipped: calls cannot be asked about: {errno}"),
        }
    }
}
