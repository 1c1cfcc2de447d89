//! What an operator does to a process, and what the kernel says of it.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, ExitStatus};

use rustix::process::{Pid, Signal, kill_process};

use crate::wait;

/// Sends `signal` to `child`.
///
/// # Panics
///
/// When the process is gone already.
pub fn signal(child: &Child, signal: Signal) {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a process id");
    kill_process(pid, signal).expect("the process is there");
}

/// Waits until `child` has ended.
///
/// # Panics
///
/// When it has not within [`wait::DEADLINE`].
pub fn ended(child: &mut Child) -> ExitStatus {
    wait::until_some("the process ends", || child.try_wait().expect("a child of this process"))
}

/// Resident memory of process `pid` in bytes, from `/proc/PID/status` (proc_pid_status(5)).
///
/// # Panics
///
/// When there is no such process.
pub fn resident_bytes(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("a running process");
    let kib = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().strip_suffix(" kB"))
        .and_then(|kib| kib.trim().parse::<u64>().ok());
    kib.expect("VmRSS in kB") * 1024
}

/// What the file descriptors of process `pid` stand for: a path, which ends in ` (deleted)` when it is gone, or
/// something like `socket:[12]`.
///
/// # Panics
///
/// When there is no such process.
pub fn open_files(pid: u32) -> Vec<PathBuf> {
    let open = fs::read_dir(format!("/proc/{pid}/fd")).expect("a running process");
    // One that was closed in the meantime has no link any more.
    open.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok()).collect()
}
