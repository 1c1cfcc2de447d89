//! A kernel that answers chosen calls with an error, or interrupts them: a seccomp filter on one thread, and on the threads
//! and processes that it starts.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

mod interrupting;
#[expect(unsafe_code, reason = "nobody else has safe wrappers of seccomp's user notification")]
mod listener;

use std::collections::BTreeMap;
use std::thread;

use rustix::io::Errno;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

pub use interrupting::{block_on_where_are_interrupted, where_are_interrupted};

/// A call that can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// `cachestat`.
    Cachestat,
    /// `fchownat`.
    Chown,
    /// `setsockopt(TCP_CONGESTION)`.
    Congestion,
    /// `copy_file_range`.
    CopyFileRange,
    /// `fadvise64`.
    Fadvise,
    /// `fallocate`.
    Fallocate,
    /// `fchmod`.
    Fchmod,
    /// `ioctl(FICLONE)`: others work.
    Ficlone,
    /// `mmap` of a file: memory is still to be had.
    MapFile,
    /// `openat2`: `openat` works.
    Openat2,
    /// `pipe2`.
    Pipe,
    /// `ppoll`, which is what rustix polls with.
    Poll,
    /// `pread64`.
    Pread,
    /// `preadv2`.
    Preadv2,
    /// `pwrite64`.
    Pwrite,
    /// `pwritev`.
    Pwritev,
    /// `read`.
    Read,
    /// `recv` and `recvfrom`.
    Recv,
    /// `recvmsg`.
    Recvmsg,
    /// `lseek(SEEK_DATA)`.
    SeekData,
    /// `lseek(SEEK_HOLE)`.
    SeekHole,
    /// `send` and `sendto`.
    Send,
    /// `sendfile`.
    Sendfile,
    /// `sendmsg`.
    Sendmsg,
    /// `splice`.
    Splice,
    /// `splice` of less than the 1 MiB that a relay asks its source for: out of its pipe.
    SpliceOut,
    /// `setsockopt(TCP_INQ)`.
    TellWhatIsLeft,
    /// `utimensat`.
    Utimens,
}

/// The calls that are meant, by their number, and by one of their arguments where others have the same number.
struct Rule {
    number: i64,
    when: Option<(u8, SeccompCmpOp, u32)>,
}

/// Runs `work` on a thread on which each of `calls` fails with `errno`.
pub fn where_fail<T: Send>(calls: &[Call], errno: Errno, work: impl FnOnce() -> T + Send) -> T {
    let filter = filter(calls, SeccompAction::Errno(errno.raw_os_error().unsigned_abs()));
    on_a_thread(|| {
        seccompiler::apply_filter(&filter).unwrap();
        work()
    })
}

/// The same, with a runtime.
pub fn block_on_where_fail<T: Send>(calls: &[Call], errno: Errno, work: impl Future<Output = T> + Send) -> T {
    where_fail(calls, errno, || block_on(work))
}

fn on_a_thread<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| scope.spawn(work).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// A filter that says `action` of each of `calls`.
fn filter(calls: &[Call], action: SeccompAction) -> BpfProgram {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    for Rule { number, when } in calls.iter().map(|call| call.rule()) {
        let condition = when.map(|(argument, operator, value)| {
            SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value.into()).unwrap()
        });
        let when = condition.map(|condition| SeccompRule::new(vec![condition]).unwrap());
        rules.entry(number).or_default().extend(when);
    }
    let arch = std::env::consts::ARCH.try_into().unwrap();
    SeccompFilter::new(rules, SeccompAction::Allow, action, arch).unwrap().try_into().unwrap()
}

impl Call {
    fn rule(self) -> Rule {
        const FICLONE: u32 = 0x4004_9409;
        // The same on all architectures.
        const CACHESTAT: i64 = 451;
        let all = |number| Rule { number, when: None };
        let when =
            |number, argument, operator, value| Rule { number, when: Some((argument, operator, value)) };
        let option = |option: i32| when(libc::SYS_setsockopt, 2, SeccompCmpOp::Eq, option.unsigned_abs());
        let seek = |whence: i32| when(libc::SYS_lseek, 2, SeccompCmpOp::Eq, whence.unsigned_abs());
        match self {
            Self::Cachestat => all(CACHESTAT),
            Self::CopyFileRange => all(libc::SYS_copy_file_range),
            Self::Chown => all(libc::SYS_fchownat),
            Self::Congestion => option(libc::TCP_CONGESTION),
            Self::Fallocate => all(libc::SYS_fallocate),
            Self::Fchmod => all(libc::SYS_fchmod),
            Self::Fadvise => all(libc::SYS_fadvise64),
            Self::Ficlone => when(libc::SYS_ioctl, 1, SeccompCmpOp::Eq, FICLONE),
            Self::MapFile => when(libc::SYS_mmap, 4, SeccompCmpOp::Ne, u32::MAX),
            Self::Openat2 => all(libc::SYS_openat2),
            Self::Pipe => all(libc::SYS_pipe2),
            Self::Poll => all(libc::SYS_ppoll),
            Self::Pread => all(libc::SYS_pread64),
            Self::Preadv2 => all(libc::SYS_preadv2),
            Self::Pwrite => all(libc::SYS_pwrite64),
            Self::Pwritev => all(libc::SYS_pwritev),
            Self::Read => all(libc::SYS_read),
            Self::Recv => all(libc::SYS_recvfrom),
            Self::Recvmsg => all(libc::SYS_recvmsg),
            Self::SeekData => seek(libc::SEEK_DATA),
            Self::SeekHole => seek(libc::SEEK_HOLE),
            Self::Send => all(libc::SYS_sendto),
            Self::Sendfile => all(libc::SYS_sendfile),
            Self::Sendmsg => all(libc::SYS_sendmsg),
            Self::Splice => all(libc::SYS_splice),
            Self::SpliceOut => when(libc::SYS_splice, 4, SeccompCmpOp::Lt, 1 << 20),
            Self::Utimens => all(libc::SYS_utimensat),
            Self::TellWhatIsLeft => option(libc::TCP_INQ),
        }
    }
}
