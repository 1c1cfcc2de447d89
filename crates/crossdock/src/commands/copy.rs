//! `crossdock copy`: files and trees to where they are to be.

use std::io::{self, IsTerminal};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use transfer::copy::Method;
use transfer::{CopyEntry, Reason};

use crate::copy::{self, Address, Options, Request, Source, Summary};
use crate::policy_file::{PolicyFile, parse_threads};
use crate::units::{bytes, count, counted, duration, per_second};

/// Copy a file, a directory tree or a file on an HTTP server.
///
/// A file has its final name only when it is complete. Where the file system can share blocks (XFS, Btrfs), a copy takes no
/// time and no room; elsewhere the kernel copies. Holes stay holes. DST is what the copy is to be called; an existing
/// directory takes a file under the file's own name, and is filled up with a tree.
///
/// Copies have permissions, times and, made by root, owners of their sources. Symbolic links are copied as links; hard
/// links within a tree stay hard links. Extended attributes and access control lists are not copied; devices, sockets and
/// named pipes are refused.
///
/// From an http:// address one file is fetched, in --parallel ranges where the server does those, and straight from the
/// sockets into the file. It must not change meanwhile: that is an error, and never a mix. The copy has the time of the last
/// change that the server says, and the permissions of a new file. --check and methods for files are refused.
///
/// Exit status 0: everything is copied. 1: something is not, and each has a line that says why; the rest is copied.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Copy {
    /// A file, a directory or http://HOST[:PORT]/PATH.
    #[arg(value_name = "SRC")]
    source: PathBuf,
    /// What the copy is to be called, or a directory to put it in.
    #[arg(value_name = "DST")]
    destination: PathBuf,
    /// How many files, and pieces of large files, are copied at a time [default: the policy's, or 1].
    #[arg(long, value_name = "N", value_parser = parse_threads)]
    parallel: Option<NonZeroUsize>,
    /// Copy as `crossdock lab copy` found best: the policy file that it wrote.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// How to copy. All but `auto` fail where kernel or file system refuse them.
    #[arg(long, value_enum, default_value_t)]
    method: MethodArg,
    /// Leave files alone that are complete, by length and time, and go on with what an earlier run left.
    #[arg(long)]
    resume: bool,
    /// Compare each copy with its source, byte by byte, before it gets its name; with --sync as it is on the disk.
    #[arg(long)]
    check: bool,
    /// Have each file on the disk before it gets its name: no half file after a power failure either.
    #[arg(long)]
    sync: bool,
    /// Say nothing but errors.
    #[arg(long, short)]
    quiet: bool,
}

const EXAMPLES: &str = "\
Examples:
  crossdock copy disk.img /backup/
  crossdock copy /var/lib/crossdock /backup/crossdock --parallel 4 --check
  crossdock copy /var/lib/crossdock /backup/crossdock --resume     after it was interrupted
  crossdock copy disk.img clone.img --method reflink               instantly, or not at all
  crossdock copy http://files:8080/disk.img . --parallel 4 --resume";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum MethodArg {
    /// The first of these that works: reflink, copy_file_range, sendfile, read-write; from http, splice, read-write.
    #[default]
    Auto,
    /// Share the blocks of the source.
    Reflink,
    /// Have the file system copy, or the kernel for it.
    #[value(name = "copy_file_range")]
    CopyFileRange,
    /// Have the kernel copy.
    Sendfile,
    /// Have the kernel copy through a pipe.
    Splice,
    /// Write from a mapping.
    Mmap,
    /// Through a buffer.
    ReadWrite,
}

impl From<MethodArg> for Option<Method> {
    fn from(argument: MethodArg) -> Self {
        match argument {
            MethodArg::Auto => None,
            MethodArg::Reflink => Some(Method::Reflink),
            MethodArg::CopyFileRange => Some(Method::CopyFileRange),
            MethodArg::Sendfile => Some(Method::Sendfile),
            MethodArg::Splice => Some(Method::Splice),
            MethodArg::Mmap => Some(Method::Mmap),
            MethodArg::ReadWrite => Some(Method::ReadWrite),
        }
    }
}

impl Copy {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let policy = self.policy.as_deref().map(PolicyFile::read).transpose()?.unwrap_or_default();
        let request = Request {
            source: parse_source(self.source)?,
            destination: self.destination,
            method: self.method.into(),
            threads: self.parallel.or(policy.copy_parallel).unwrap_or(NonZeroUsize::MIN),
            options: Options { resume: self.resume, check: self.check, sync: self.sync },
        };
        let summary = copy::run(&request, progress_bar(self.quiet))?;
        if !self.quiet {
            eprintln!("{}", summarize(&summary, &request));
        }
        Ok(if summary.failures > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

fn parse_source(given: PathBuf) -> anyhow::Result<Source> {
    match given.to_str() {
        Some(text) if Address::is_meant_by(text) => Address::parse(text).map(Source::Http),
        _ => Ok(Source::Path(given)),
    }
}

fn summarize(summary: &Summary, request: &Request) -> String {
    let mut text = format!(
        "{} ({}) to {} in {}: {}/s",
        counted(summary.files, "file"),
        bytes(summary.bytes),
        request.destination.display(),
        duration(summary.elapsed),
        bytes(per_second(summary.bytes, summary.elapsed)),
    );
    for way in &summary.ways {
        text += &format!("; {} by {}{}", bytes(way.bytes), way.method, because(way));
    }
    if summary.resumed_bytes > 0 {
        text += &format!("; {} by an earlier run", bytes(summary.resumed_bytes));
    }
    if summary.left_alone > 0 {
        text += &format!("; {} left alone", counted(summary.left_alone, "complete file"));
    }
    if request.options.check {
        text += "; compared";
    }
    if summary.failures > 0 {
        text += &format!("; {} NOT copied", count(summary.failures));
    }
    text
}

fn because(way: &CopyEntry) -> &'static str {
    match way.reason {
        Reason::FirstChoice | Reason::Small => "",
        Reason::Forced => ", as asked for",
        Reason::KernelLacks => ", as the kernel lacks better",
        Reason::Refused => ", as better was refused",
    }
}

/// Its end is where the files end that were found so far. None where nobody is looking.
fn progress_bar(quiet: bool) -> ProgressBar {
    if quiet || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    match ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {binary_bytes_per_sec} {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
