//! `crossdock lab`: what moving bytes costs on this machine.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use lab::{Options, Origin, Recommendation, Results};

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
#[command(after_help = EXAMPLES)]
pub(crate) struct Lab {
    #[command(flatten)]
    mechanisms: Mechanisms,
}

const EXAMPLES: &str = "\
Examples:
  crossdock lab
  crossdock lab --quick --dir /var/lib/crossdock --output /tmp/lab
  crossdock lab --thorough --system-pacing
  cat crossdock-lab/policy.properties >> server.properties";

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
        self.mechanisms.run()
    }
}

impl Mechanisms {
    fn run(self) -> anyhow::Result<ExitCode> {
        // Before a minute is spent on results that have no place.
        fs::create_dir_all(&self.output).with_context(|| format!("making {}", self.output.display()))?;
        let bar = progress_bar();
        let measured = lab::run(&self.options(), &mut |progress| {
            bar.set_position((progress.share * STEPS as f64) as u64);
            bar.set_message(progress.doing.to_owned());
        });
        bar.finish_and_clear();
        let mut results = measured?;
        results.origin = Origin {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            date: iso(now_ms()),
            command: self.command(),
        };
        let written = write_files(&self.output, &results)?;
        let mut out = output::stdout();
        if self.json {
            writeln!(out, "{}", lab::to_json(&results))?;
        } else {
            write!(out, "{}", lab::to_text(&results))?;
            writeln!(out, "\nWritten: {}", written.join(", "))?;
        }
        out.flush()?;
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

/// Writes every form of the results and returns the paths.
fn write_files(dir: &Path, results: &Results) -> anyhow::Result<Vec<String>> {
    let policy = Recommendation::of(results).to_properties(results);
    let files = [
        ("lab.html", lab::to_html(results)),
        ("lab.md", lab::to_markdown(results)),
        ("lab.json", format!("{:#}\n", lab::to_json(results))),
        ("policy.properties", policy),
    ];
    let mut written = Vec::new();
    for (name, text) in files {
        let path = dir.join(name);
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        written.push(path.display().to_string());
    }
    Ok(written)
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
