//! What does a process cost?

use std::io;
use std::time::Duration;

use serde_json::{Value, json};

use crate::BenchError;

/// CPU time and memory of a process, from `/proc` (proc(5)).
///
/// CPU time has the resolution of the kernel's clock tick, 10 ms: work worth measuring takes a good part of a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Time in user space, all threads, those that ended included.
    pub user: Duration,
    /// Time in the kernel, likewise.
    pub system: Duration,
    /// Resident memory (VmRSS).
    pub resident_bytes: u64,
    /// The most it ever was (VmHWM).
    pub peak_resident_bytes: u64,
}

impl Usage {
    /// What the process `pid` has cost since it started.
    ///
    /// # Errors
    /// [`BenchError::Process`]: there is no such process, or no `/proc`.
    pub fn of(pid: u32) -> Result<Self, BenchError> {
        Self::read(&pid.to_string()).map_err(|source| BenchError::Process { pid, source })
    }

    /// What this process has cost since it started.
    pub(crate) fn own() -> Result<Self, BenchError> {
        Self::of(std::process::id())
    }

    /// User and kernel time together.
    #[must_use]
    pub fn cpu(&self) -> Duration {
        self.user + self.system
    }

    /// The CPU time between `earlier` and this; memory is as it is now.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            user: self.user.saturating_sub(earlier.user),
            system: self.system.saturating_sub(earlier.system),
            ..*self
        }
    }

    /// As JSON: seconds and bytes.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "user_s": self.user.as_secs_f64(),
            "system_s": self.system.as_secs_f64(),
            "resident_bytes": self.resident_bytes,
            "peak_resident_bytes": self.peak_resident_bytes,
        })
    }

    fn read(pid: &str) -> io::Result<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        parse(&stat, &status).ok_or_else(|| io::Error::other("stat or status is not as proc(5) says"))
    }
}

fn parse(stat: &str, status: &str) -> Option<Usage> {
    // The second field is the program's name in parentheses, which may itself hold spaces and parentheses.
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    let (user, system) = (ticks()?, ticks()?);
    Some(Usage {
        user: of_ticks(user),
        system: of_ticks(system),
        resident_bytes: status_bytes(status, "VmRSS:")?,
        peak_resident_bytes: status_bytes(status, "VmHWM:")?,
    })
}

fn of_ticks(ticks: u64) -> Duration {
    Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// A line of `status` in kB.
fn status_bytes(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_name_with_parentheses_does_not_shift_the_fields() {
        let stat = "7 (a (b) 1 2) S 1 7 7 0 -1 4194560 100 0 0 0 250 150 0 0 20 0 1 0 100 1000 10";
        let status = "Name:\ta (b) 1 2\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n";
        let usage = parse(stat, status).unwrap();
        assert_eq!(usage.user, of_ticks(250));
        assert_eq!(usage.system, of_ticks(150));
        assert_eq!((usage.resident_bytes, usage.peak_resident_bytes), (1 << 20, 2 << 20));
    }

    #[test]
    fn this_process_can_be_watched() {
        assert!(Usage::own().unwrap().resident_bytes > 0);
    }
}
