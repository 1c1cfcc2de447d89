//! What on this machine helps or hinders a broker?
//!
//! Each module looks at one part of the machine and says what it finds as [`Finding`]s. Nothing is changed, and what
//! cannot be read is said to be unknown, never guessed.

mod cpu;
mod kernel;
mod limits;
mod storage;
mod sysctl;

use std::path::Path;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The part of the machine.
    pub(crate) area: Area,
    /// The setting or the fact, by the name that the kernel has for it.
    pub(crate) name: String,
    /// What it is, with its unit.
    pub(crate) value: String,
    /// What it should be, and why, in a few words.
    pub(crate) wanted: String,
    /// How it compares.
    pub(crate) verdict: Verdict,
    /// The command that sets it, where one does.
    pub(crate) command: Option<String>,
}

/// A part of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Area {
    /// What the kernel can do.
    Kernel,
    /// What one process may have.
    Limits,
    /// How memory and the page cache are kept.
    Memory,
    /// Sockets and TCP.
    Network,
    /// Where the data lies.
    Storage,
    /// The processors.
    Cpu,
}

/// How a finding compares with what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// As it should be.
    Good,
    /// This machine does not say.
    Unknown,
    /// A broker works; under load it would work better with another value.
    Advice,
    /// A broker fails, loses data or gets slow with this in use.
    Matters,
}

impl Area {
    /// As a heading and in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Kernel => "kernel",
            Self::Limits => "limits",
            Self::Memory => "memory",
            Self::Network => "network",
            Self::Storage => "storage",
            Self::Cpu => "cpu",
        }
    }
}

impl Verdict {
    /// As printed and in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Unknown => "unknown",
            Self::Advice => "advice",
            Self::Matters => "matters",
        }
    }
}

/// Looks at this machine, and at the file systems that `data_dirs` are on or would be on.
pub(crate) fn examine(data_dirs: &[&Path]) -> Vec<Finding> {
    let mut findings = kernel::examine();
    findings.extend(limits::examine());
    findings.extend(sysctl::examine(Path::new("/proc/sys")));
    findings.extend(data_dirs.iter().flat_map(|dir| storage::examine(dir)));
    findings.extend(cpu::examine(Path::new("/sys")));
    findings
}

/// The trimmed text of a file of `/proc` or `/sys`; `None` where it cannot be read.
fn read_trimmed(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}
