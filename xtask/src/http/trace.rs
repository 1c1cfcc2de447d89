//! The system calls by which a server reads and sends files, as strace saw them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;
use rustix::process::Signal;

use super::{PATIENCE, until};
use crate::process::Process;

/// All by which bytes of a file can leave it.
const CALLS: &str = "trace=sendfile,splice,copy_file_range,read,pread64,readv,preadv,preadv2,mmap";

/// Bytes of files below the root, by how they left them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traced {
    /// Without a copy in user space: `sendfile(2)`, or `splice(2)` out of the file.
    pub(crate) sent: u64,
    /// Read into the server's memory.
    pub(crate) read: u64,
    /// Files that were mapped.
    pub(crate) mapped: u64,
}

/// Traces process `pid` with all its threads while `work` runs.
pub(crate) fn during(
    pid: u32,
    root: &Path,
    output: &Path,
    work: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<Traced> {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-y", "-e", CALLS, "-e", "signal=none", "-p", &pid.to_string(), "-o"]).arg(output);
    let child: Child =
        strace.stdin(Stdio::null()).stderr(Stdio::null()).spawn().context("starting strace")?;
    let mut strace = Process::new(child);
    let tracer = strace.id();
    until("strace has attached; it may not where another traces", || {
        is_traced(pid, tracer).unwrap_or(false)
    })?;
    work()?;
    strace.signal(Signal::INT)?;
    strace.wait_within(PATIENCE)?;
    let text = fs::read_to_string(output)?;
    Ok(of_calls(&text, &root.display().to_string()))
}

/// Whether every thread of `pid` names this tracer.
fn is_traced(pid: u32, tracer: u32) -> anyhow::Result<bool> {
    let wanted = format!("TracerPid:\t{tracer}\n");
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        // A thread may end meanwhile.
        let status = fs::read_to_string(thread?.path().join("status")).unwrap_or_default();
        if !status.is_empty() && !status.contains(&wanted) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Sums up lines as `PID name(3<path>, ...) = returned`. A call that another thread's interrupts is on two of them:
/// `name(... <unfinished ...>` and `<... name resumed>...`.
fn of_calls(trace: &str, root: &str) -> Traced {
    let mut unfinished = BTreeMap::new();
    let mut traced = Traced::default();
    for line in trace.lines() {
        let Some((thread, text)) = line.split_once(' ') else { continue };
        let text = text.trim_start();
        if let Some(beginning) = text.strip_suffix("<unfinished ...>") {
            unfinished.insert(thread, beginning);
            continue;
        }
        let whole = match text.strip_prefix("<... ").and_then(|text| text.split_once(" resumed>")) {
            Some((_, end)) => unfinished.remove(thread).unwrap_or_default().to_owned() + end,
            None => text.to_owned(),
        };
        traced.add(&whole, root);
    }
    traced
}

impl Traced {
    fn add(&mut self, call: &str, root: &str) {
        let of_file = format!("<{root}/");
        let Some((arguments, returned)) = call.rsplit_once(" = ") else { return };
        let returned = returned.split_whitespace().next().unwrap_or_default();
        let Some((name, arguments)) = arguments.split_once('(') else { return };
        // Of sendfile the file is the second argument, of all others the first.
        let file = arguments.split(", ").nth(usize::from(name == "sendfile")).unwrap_or_default();
        match name {
            // Its file is the fifth; its result an address.
            "mmap" if arguments.contains(&of_file) => self.mapped += 1,
            "mmap" => {}
            // A failed call returns a negative number.
            _ if !file.contains(&of_file) => {}
            "sendfile" | "splice" | "copy_file_range" => self.sent += returned.parse().unwrap_or(0),
            _ => self.read += returned.parse().unwrap_or(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_served_files_are_told_apart_by_how_they_left() {
        let trace = "\
            1 sendfile(7<socket:[1]>, 9</root/a>, [0] => [100], 4096) = 100\n\
            2 sendfile(7<socket:[1]>, 9</root/b>, [0] <unfinished ...>\n\
            1 sendfile(8<socket:[2]>, 9</root/a>, NULL, 1) = -1 EAGAIN (Resource temporarily unavailable)\n\
            2 <... sendfile resumed>=> [50], 4096) = 50\n\
            1 splice(9</root/a>, [0], 5<pipe:[3]>, NULL, 10, 0) = 10\n\
            1 splice(4<pipe:[3]>, NULL, 7<socket:[1]>, NULL, 10, 0) = 10\n\
            1 preadv2(9</root/a>, [{iov_base=\"x\", iov_len=1}], 1, 0, RWF_NOWAIT) = 1\n\
            1 read(3</etc/mime.types>, \"\", 100) = 100\n\
            1 mmap(NULL, 4096, PROT_READ, MAP_SHARED, 9</root/a>, 0) = 0x7f00\n\
            1 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f00\n";
        assert_eq!(of_calls(trace, "/root"), Traced { sent: 160, read: 1, mapped: 1 });
    }
}
