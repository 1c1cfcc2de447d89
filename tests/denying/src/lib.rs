//! A kernel that answers chosen calls with an error: a seccomp filter on one thread, and on the threads and processes that
//! it starts.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

use std::collections::BTreeMap;
use std::thread;

use rustix::io::Errno;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

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
    /// `pread64`.
    Pread,
    /// `preadv2`.
    Preadv2,
    /// `pwrite64`.
    Pwrite,
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

/// Runs `work` on a thread on which each of `calls` fails with `errno`.
pub fn where_fail<T: Send>(calls: &[Call], errno: Errno, work: impl FnOnce() -> T + Send) -> T {
    let filter = filter(calls, errno);
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            seccompiler::apply_filter(&filter).unwrap();
            work()
        });
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// The same, with a runtime.
pub fn block_on_where_fail<T: Send>(calls: &[Call], errno: Errno, work: impl Future<Output = T> + Send) -> T {
    where_fail(calls, errno, || {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
    })
}

fn filter(calls: &[Call], errno: Errno) -> BpfProgram {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    for (number, when) in calls.iter().map(|call| call.rule()) {
        rules.entry(number).or_default().extend(when);
    }
    let errno = SeccompAction::Errno(errno.raw_os_error().unsigned_abs());
    let arch = std::env::consts::ARCH.try_into().unwrap();
    SeccompFilter::new(rules, SeccompAction::Allow, errno, arch).unwrap().try_into().unwrap()
}

impl Call {
    /// The number of the call, and when it fails: always if there is no rule.
    fn rule(self) -> (i64, Vec<SeccompRule>) {
        const FICLONE: u64 = 0x4004_9409;
        // The same on all architectures.
        const CACHESTAT: i64 = 451;
        let when = |argument, operator, value| {
            let condition =
                SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value).unwrap();
            vec![SeccompRule::new(vec![condition]).unwrap()]
        };
        match self {
            Self::Cachestat => (CACHESTAT, Vec::new()),
            Self::CopyFileRange => (libc::SYS_copy_file_range, Vec::new()),
            Self::Chown => (libc::SYS_fchownat, Vec::new()),
            Self::Congestion => {
                (libc::SYS_setsockopt, when(2, SeccompCmpOp::Eq, libc::TCP_CONGESTION as u64))
            }
            Self::Fallocate => (libc::SYS_fallocate, Vec::new()),
            Self::Fchmod => (libc::SYS_fchmod, Vec::new()),
            Self::Fadvise => (libc::SYS_fadvise64, Vec::new()),
            Self::Ficlone => (libc::SYS_ioctl, when(1, SeccompCmpOp::Eq, FICLONE)),
            Self::MapFile => (libc::SYS_mmap, when(4, SeccompCmpOp::Ne, u64::from(u32::MAX))),
            Self::Openat2 => (libc::SYS_openat2, Vec::new()),
            Self::Pipe => (libc::SYS_pipe2, Vec::new()),
            Self::Pread => (libc::SYS_pread64, Vec::new()),
            Self::Preadv2 => (libc::SYS_preadv2, Vec::new()),
            Self::Pwrite => (libc::SYS_pwrite64, Vec::new()),
            Self::SeekData => (libc::SYS_lseek, when(2, SeccompCmpOp::Eq, libc::SEEK_DATA as u64)),
            Self::SeekHole => (libc::SYS_lseek, when(2, SeccompCmpOp::Eq, libc::SEEK_HOLE as u64)),
            Self::Send => (libc::SYS_sendto, Vec::new()),
            Self::Sendfile => (libc::SYS_sendfile, Vec::new()),
            Self::Sendmsg => (libc::SYS_sendmsg, Vec::new()),
            Self::Splice => (libc::SYS_splice, Vec::new()),
            Self::SpliceOut => (libc::SYS_splice, when(4, SeccompCmpOp::Lt, 1 << 20)),
            Self::Utimens => (libc::SYS_utimensat, Vec::new()),
            Self::TellWhatIsLeft => (libc::SYS_setsockopt, when(2, SeccompCmpOp::Eq, libc::TCP_INQ as u64)),
        }
    }
}
