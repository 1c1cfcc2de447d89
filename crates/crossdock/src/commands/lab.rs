//! `crossdock lab`: what moving bytes costs on this machine.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use lab::{CopyOptions, CopyResults, LabError, Options, Origin, Progress, Recommendation, Results};

use crate::output;
use crate::times::{iso, now_ms};

/// Steps of the progress bar.
const STEPS: u64 = 1000;

/// Measure what each way from a file to a socket costs on this machine, in about a minute.
///
/// read+write with three buffers, mmap+write, sendfile, splice and MSG_ZEROCOPY; files from 4 KiB to 1 GiB, warm and cold, to
/// one connection and to many, between two threads over loopback. Says where each wins here and why, what distorts the
/// numbers, and which settings they speak for. Needs no privileges and changes nothing; the data that it writes for the
/// time of the run has no name, so that nothing is left of it however the run ends.
///
/// Writes lab.html (with plots; needs no network), lab.md, lab.json (every sample) and policy.properties.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct Lab {
    #[command(subcommand)]
    experiment: Option<Experiment>,
    #[command(flatten)]
    mechanisms: Mechanisms,
}

const EXAMPLES: &str = "\
Examples:
  crossdock lab
  crossdock lab --quick --dir /var/lib/crossdock --output /tmp/lab
  crossdock lab --thorough --system-pacing
  crossdock broker --policy crossdock-lab/policy.properties
  crossdock lab copy --dir . --dir /mnt/xfs                  are several threads faster than one?";

#[derive(Debug, Subcommand)]
enum Experiment {
    Copy(Copies),
}

/// Measure whether several threads copy a file sooner than one, on this machine's disks: some minutes.
///
/// 1.2 GB as one file and as twelve, in memory and on the disk, is copied within each directory by one thread, by two and by
/// four, in the way that `crossdock copy` finds best there, and by reading and writing. Says in which situations more threads
/// help. Needs room for the data and its copy; nothing is left of them however the run ends.
///
/// Writes copy.md, copy.json (every sample) and copy.properties, the policy that `crossdock copy --policy` takes.
#[derive(Debug, Args)]
#[command(after_help = COPY_EXAMPLES)]
struct Copies {
    /// A directory on a disk that matters; may be repeated, to compare file systems [default: .].
    #[arg(long, value_name = "DIR")]
    dir: Vec<PathBuf>,
    /// How much is copied at a time, such as 300M.
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    size: Option<u64>,
    /// Numbers of threads to compare with one.
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', default_value = "2,4")]
    threads: Vec<usize>,
    /// How many files "several" are.
    #[arg(long, value_name = "N", default_value_t = 12)]
    files: usize,
    /// How often each is measured.
    #[arg(long, value_name = "N", default_value_t = 3)]
    rounds: usize,
    /// Where the results are written; files of an earlier run are replaced.
    #[arg(long, value_name = "DIR", default_value = "./crossdock-lab")]
    output: PathBuf,
    /// Print copy.json instead of tables.
    #[arg(long)]
    json: bool,
}

const COPY_EXAMPLES: &str = "\
Examples:
  crossdock lab copy
  crossdock lab copy --dir /mnt/ext4 --dir /mnt/xfs --dir /mnt/btrfs --threads 2,4,8
  crossdock copy /data /backup --policy crossdock-lab/copy.properties";

/// The experiment that is made unless another one is named.
#[derive(Debug, Args)]
struct Mechanisms {
    /// About 15 seconds, without the largest files.
    #[arg(long, conflicts_with = "thorough")]
    quick: bool,
    /// About five minutes: more rounds, longer samples.
    #[arg(long)]
    thorough: bool,
    /// Where the data lies while it is measured: a directory on the disk that matters.
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Where the results are written; files of an earlier run are replaced.
    #[arg(long, value_name = "DIR", default_value = "./crossdock-lab")]
    output: PathBuf,
    /// Sizes of files, such as 4K,1M,1G [default: 4K,64K,1M,16M,256M,1G].
    #[arg(long, value_name = "SIZES", value_delimiter = ',', value_parser = parse_size)]
    sizes: Vec<u64>,
    /// How many connections "many" are.
    #[arg(long, value_name = "N", default_value_t = 64)]
    connections: usize,
    /// Leave the system's congestion control also where it paces, as BBR does.
    #[arg(long)]
    system_pacing: bool,
    /// Print lab.json instead of tables.
    #[arg(long)]
    json: bool,
}

impl Lab {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self.experiment {
            None => self.mechanisms.run(),
            Some(Experiment::Copy(copies)) => copies.run(),
        }
    }
}

impl Mechanisms {
    fn run(self) -> anyhow::Result<ExitCode> {
        let mut results = measured(&self.output, |progress| lab::run(&self.options(), progress))?;
        results.origin = origin(self.command());
        let written = write_files(&self.output, forms(&results))?;
        match self.json {
            true => print(&format!("{}\n", lab::to_json(&results)))?,
            false => print(&format!("{}\nWritten: {written}\n", lab::to_text(&results)))?,
        }
        Ok(ExitCode::SUCCESS)
    }

    fn options(&self) -> Options {
        let dir = self.dir.clone();
        let preset = match (self.quick, self.thorough) {
            (true, _) => Options::quick(dir),
            (_, true) => Options::thorough(dir),
            _ => Options::usual(dir),
        };
        let sizes_bytes = if self.sizes.is_empty() { preset.sizes_bytes } else { self.sizes.clone() };
        Options { sizes_bytes, connections: self.connections, system_pacing: self.system_pacing, ..preset }
    }

    /// What measures the same again, wherever the data and the results are put.
    fn command(&self) -> String {
        let mut command = "crossdock lab".to_owned();
        for (is_given, flag) in [
            (self.quick, " --quick"),
            (self.thorough, " --thorough"),
            (self.system_pacing, " --system-pacing"),
        ] {
            if is_given {
                command.push_str(flag);
            }
        }
        if !self.sizes.is_empty() {
            let sizes: Vec<String> = self.sizes.iter().map(u64::to_string).collect();
            command.push_str(&format!(" --sizes {}", sizes.join(",")));
        }
        if self.connections != 64 {
            command.push_str(&format!(" --connections {}", self.connections));
        }
        command
    }
}

impl Copies {
    fn run(self) -> anyhow::Result<ExitCode> {
        let mut results = measured(&self.output, |progress| lab::run_copies(&self.options(), progress))?;
        results.origin = origin(self.command());
        let written = write_files(&self.output, copy_forms(&results))?;
        match self.json {
            true => print(&format!("{}\n", lab::copies_to_json(&results)))?,
            false => print(&format!("{}\nWritten: {written}\n", lab::copies_to_text(&results)))?,
        }
        Ok(ExitCode::SUCCESS)
    }

    fn options(&self) -> CopyOptions {
        let dirs = if self.dir.is_empty() { vec![PathBuf::from(".")] } else { self.dir.clone() };
        let usual = CopyOptions::usual(dirs);
        CopyOptions {
            bytes: self.size.unwrap_or(usual.bytes),
            files: self.files,
            threads: self.threads.clone(),
            rounds: self.rounds,
            ..usual
        }
    }

    /// What measures the same again, wherever the data and the results are put.
    fn command(&self) -> String {
        let mut command = "crossdock lab copy".to_owned();
        if let Some(bytes) = self.size {
            command.push_str(&format!(" --size {bytes}"));
        }
        let threads: Vec<String> = self.threads.iter().map(usize::to_string).collect();
        command + &format!(" --threads {} --files {} --rounds {}", threads.join(","), self.files, self.rounds)
    }
}

/// Makes an experiment under a progress bar, once there is a place for its results.
fn measured<R>(
    output: &Path,
    experiment: impl FnOnce(&mut dyn FnMut(Progress<'_>)) -> Result<R, LabError>,
) -> anyhow::Result<R> {
    fs::create_dir_all(output).with_context(|| format!("making {}", output.display()))?;
    let bar = progress_bar();
    let results = experiment(&mut |progress| {
        bar.set_position((progress.share * STEPS as f64) as u64);
        bar.set_message(progress.doing.to_owned());
    });
    bar.finish_and_clear();
    Ok(results?)
}

fn origin(command: String) -> Origin {
    Origin { version: env!("CARGO_PKG_VERSION").to_owned(), date: iso(now_ms()), command }
}

fn forms(results: &Results) -> [(&'static str, String); 4] {
    [
        ("lab.html", lab::to_html(results)),
        ("lab.md", lab::to_markdown(results)),
        ("lab.json", format!("{:#}\n", lab::to_json(results))),
        ("policy.properties", Recommendation::of(results).to_properties(results)),
    ]
}

fn copy_forms(results: &CopyResults) -> [(&'static str, String); 3] {
    [
        ("copy.md", lab::copies_to_markdown(results)),
        ("copy.json", format!("{:#}\n", lab::copies_to_json(results))),
        ("copy.properties", lab::copy_policy(results)),
    ]
}

/// Writes files of these names and returns their paths.
fn write_files<const N: usize>(dir: &Path, files: [(&str, String); N]) -> anyhow::Result<String> {
    let mut written = Vec::new();
    for (name, text) in files {
        let path = dir.join(name);
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        written.push(path.display().to_string());
    }
    Ok(written.join(", "))
}

fn print(text: &str) -> io::Result<()> {
    let mut out = output::stdout();
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn progress_bar() -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(STEPS);
    match ProgressStyle::with_template("{bar:30} {percent}% {msg}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// Reads `4096`, `4K`, `1M` or `1G`.
fn parse_size(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text:?} is no size: give bytes, or a number with K, M or G");
    let (digits, shift) = match text.char_indices().next_back() {
        Some((at, 'k' | 'K')) => (&text[..at], 10),
        Some((at, 'm' | 'M')) => (&text[..at], 20),
        Some((at, 'g' | 'G')) => (&text[..at], 30),
        _ => (text, 0),
    };
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    number.checked_mul(1 << shift).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_the_units_that_people_write() {
        for (text, bytes) in [("4096", 4_096), ("4K", 4_096), ("1m", 1 << 20), ("2G", 2 << 30)] {
            assert_eq!(parse_size(text), Ok(bytes));
        }
        for text in ["", "K", "many", "-1", "4KiB", "99999999999G", "4\u{b5}"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }
}
