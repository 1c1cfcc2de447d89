//! What can this kernel do for us?

use std::fs::File;
use std::num::NonZeroU64;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::MemfdFlags;
use rustix::io::Errno;

use crate::{Mechanism, sys};

/// The kernel's answers, each found by doing the thing once.
///
/// A plain value: an [`Engine`](crate::Engine) can be built with one that denies what the kernel has, which is how the
/// replacements are tested and measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// `sendfile(2)`.
    pub sendfile: bool,
    /// `splice(2)`.
    pub splice: bool,
    /// `cachestat(2)`, Linux 6.5.
    pub cachestat: bool,
    /// `preadv2(2)` with `RWF_NOWAIT`. Each file system has its own say: this is the answer of the one that the
    /// program was started from.
    pub read_nowait: bool,
    /// `copy_file_range(2)`.
    pub copy_file_range: bool,
}

/// One line of a report on the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capability {
    /// The system call.
    pub name: &'static str,
    /// Whether it works here.
    pub present: bool,
    /// What it is used for, or what happens without it.
    pub meaning: &'static str,
}

impl Capabilities {
    /// Asks the kernel, with a few harmless calls. Takes some ten microseconds: ask once and keep the answer.
    pub fn probe() -> Self {
        let sample = Sample::new();
        let works =
            |call: fn(&Sample) -> Result<(), Errno>| sample.as_ref().is_ok_and(|sample| call(sample).is_ok());
        Self {
            sendfile: works(Sample::try_sendfile),
            splice: works(Sample::try_splice),
            cachestat: works(Sample::try_cachestat),
            read_nowait: try_read_nowait().is_ok(),
            copy_file_range: works(Sample::try_copy_file_range),
        }
    }

    /// A kernel that offers nothing beyond `read` and `write`.
    pub fn none() -> Self {
        Self { sendfile: false, splice: false, cachestat: false, read_nowait: false, copy_file_range: false }
    }

    /// The answers as lines of a report, most important first.
    pub fn report(&self) -> [Capability; 5] {
        let line = |name, present, with: &'static str, without: &'static str| Capability {
            name,
            present,
            meaning: if present { with } else { without },
        };
        [
            line(
                "sendfile",
                self.sendfile,
                "answers leave straight from the page cache",
                "answers leave by splice, or are copied",
            ),
            line(
                "splice",
                self.splice,
                "takes over where a file system refuses sendfile",
                "where a file system refuses sendfile, answers are copied",
            ),
            line(
                "cachestat",
                self.cachestat,
                "ranges that are not in memory are read before they are sent, off the event loop",
                "needs Linux 6.5: only the ends of a range are looked at before it is sent",
            ),
            line(
                "preadv2(RWF_NOWAIT)",
                self.read_nowait,
                "small answers are copied without the risk of waiting for the disk",
                "small answers are copied by the warm threads first",
            ),
            line(
                "copy_file_range",
                self.copy_file_range,
                "files are copied inside the kernel",
                "files are copied through user space",
            ),
        ]
    }

    /// Whether the kernel has what `mechanism` needs.
    pub fn offer(&self, mechanism: Mechanism) -> bool {
        match mechanism {
            Mechanism::Sendfile => self.sendfile,
            Mechanism::Splice => self.splice,
            Mechanism::Mmap | Mechanism::ReadWrite => true,
        }
    }
}

/// A file of one byte in memory, on which calls are tried.
struct Sample {
    file: File,
    pipe: sys::Pipe,
}

impl Sample {
    fn new() -> Result<Self, Errno> {
        let file = File::from(memfd("crossdock-probe")?);
        sys::pwrite(file.as_fd(), b"x", 0)?;
        Ok(Self { file, pipe: sys::Pipe::new(rustix::param::page_size())? })
    }

    fn fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    fn try_sendfile(&self) -> Result<(), Errno> {
        let out = memfd("crossdock-probe-out")?;
        sys::sendfile(out.as_fd(), self.fd(), 0, 1).map(drop)
    }

    fn try_splice(&self) -> Result<(), Errno> {
        sys::splice_from_file(self.fd(), 0, &self.pipe, 1).map(drop)
    }

    fn try_cachestat(&self) -> Result<(), Errno> {
        sys::cachestat(self.fd(), 0, NonZeroU64::MIN).map(drop)
    }

    fn try_copy_file_range(&self) -> Result<(), Errno> {
        let out = memfd("crossdock-probe-out")?;
        sys::copy_file_range(self.fd(), out.as_fd(), 0, 1).map(drop)
    }
}

fn memfd(name: &str) -> Result<std::os::fd::OwnedFd, Errno> {
    rustix::fs::memfd_create(name, MemfdFlags::CLOEXEC)
}

/// Tries the first byte of the running program: it lies on a real file system, and memory files may lack the flag.
fn try_read_nowait() -> Result<(), Errno> {
    let program = File::open("/proc/self/exe").map_err(|_| Errno::NOENT)?;
    match sys::pread_nowait(program.as_fd(), 0, &mut [0]) {
        // Not in the cache is an answer, too.
        Ok(_) | Err(Errno::AGAIN) => Ok(()),
        Err(errno) => Err(errno),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_supported_kernel_has_sendfile_and_splice() {
        let found = Capabilities::probe();
        assert!(found.sendfile && found.splice, "{found:?}");
    }

    #[test]
    fn the_report_has_a_line_for_each_answer() {
        assert!(Capabilities::none().report().iter().all(|line| !line.present && !line.meaning.is_empty()));
        let found = Capabilities::probe();
        let sendfile = found.report()[0];
        assert_eq!((sendfile.name, sendfile.present), ("sendfile", found.sendfile));
    }
}
