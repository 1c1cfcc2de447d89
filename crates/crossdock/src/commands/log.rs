//! `crossdock log`: looks into the files of a log, without a broker.

mod dump;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use log::inspect::{self, Verified};
use log::{FileKind, PartitionDir};

use crate::output;
use crate::records_out::{FORMAT_HELP, Format, JSON_HELP};
use crate::units::{bytes, count, counted};

/// Look into the files of a log, without a broker.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Log {
    #[command(subcommand)]
    action: Action,
}

const EXAMPLES: &str = "\
Examples:
  crossdock log verify ./crossdock-data
  crossdock log dump ./crossdock-data/orders-0
  crossdock log dump --records ./crossdock-data/orders-0/00000000000000000000.log";

#[derive(Debug, Subcommand)]
enum Action {
    /// Print what is in segments, indexes and snapshots.
    #[command(after_help = dump_help())]
    Dump {
        /// Files, or directories of partitions.
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// Print the records of segments instead of their batches.
        #[arg(long)]
        records: bool,
        /// How each record is printed; see below.
        #[arg(
            long,
            value_parser = Format::parse,
            default_value = r"{offset} {time} {key} {value}\n",
            requires = "records"
        )]
        format: Format,
        /// Print one JSON object for each batch, record or entry; see below.
        #[arg(long)]
        json: bool,
    },
    /// Check every batch and record of segments, and the indexes beside them.
    ///
    /// Exit status 0: all is as it should be. 1: something is wrong, and each problem is printed. A partition that a
    /// broker writes to meanwhile may look torn at its end.
    #[command(after_help = "\
Examples:
  crossdock log verify ./crossdock-data
  crossdock log verify ./crossdock-data/orders-0 /backup/orders-1/00000000000000000000.log")]
    Verify {
        /// Data directories, directories of partitions, or segments.
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
}

fn dump_help() -> String {
    format!(
        "\
Examples:
  crossdock log dump ./crossdock-data/orders-0
  crossdock log dump ./crossdock-data/orders-0/00000000000000000000.timeindex
  crossdock log dump --records --format '{{offset}} {{key}}\\n' ./crossdock-data/orders-0
  crossdock log dump --json ./crossdock-data/orders-0 | jq 'select(.compression == \"zstd\")'

{FORMAT_HELP}

JSON, one object a line, each with \"file\":
  batches {{\"position\", \"base_offset\", \"last_offset\", \"records\", \"bytes\", \"compression\",
    \"timestamp_type\", \"base_timestamp\", \"max_timestamp\", \"leader_epoch\", \"producer_id\",
    \"producer_epoch\", \"base_sequence\", \"transactional\", \"control\"}}
  .index {{\"offset\", \"position\"}}, .timeindex {{\"timestamp\", \"offset\"}}
  .txnindex {{\"producer_id\", \"first_offset\", \"last_offset\", \"last_stable_offset\"}}
  .snapshot {{\"producer_id\", \"producer_epoch\", \"last_sequence\", \"last_offset\",
    \"last_timestamp\", \"transaction_start\"}}
Records, {JSON_HELP}"
    )
}

impl Log {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let mut out = output::stdout();
        let wrong = match self.action {
            Action::Dump { paths, records, format, json } => {
                let dump = dump::Dump { records: records.then_some(format), json };
                for file in files(&paths)? {
                    dump.file(&file, &mut out)?;
                }
                false
            }
            Action::Verify { paths } => verify(&paths, &mut out)?,
        };
        out.flush()?;
        Ok(if wrong { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

/// The paths with the directories among them replaced by the log files inside, in order.
fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(entries(path)?.into_iter().filter(|entry| kind(entry).is_some()));
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

/// What kind of a log's files a path names.
fn kind(path: &Path) -> Option<FileKind> {
    Some(FileKind::parse(path.file_name()?.to_str()?)?.1)
}

/// Prints what is wrong, and what was looked at in all; says whether something is wrong.
fn verify(paths: &[PathBuf], out: &mut impl Write) -> anyhow::Result<bool> {
    let mut all = Verified::default();
    let mut partition_count = 0;
    for path in paths {
        for partition in partitions(path)? {
            let mut problems = Vec::new();
            let verified = inspect::verify(&partition, &mut |problem| problems.push(problem.to_string()))?;
            for problem in problems {
                writeln!(out, "{problem}")?;
            }
            partition_count += 1;
            all = sum(all, verified);
        }
    }
    writeln!(out, "{}", summary(partition_count, &all))?;
    Ok(all.problems > 0)
}

fn sum(one: Verified, other: Verified) -> Verified {
    Verified {
        segments: one.segments + other.segments,
        batches: one.batches + other.batches,
        records: one.records + other.records,
        bytes: one.bytes + other.bytes,
        index_entries: one.index_entries + other.index_entries,
        problems: one.problems + other.problems,
    }
}

/// The partitions in a data directory, or the path itself.
fn partitions(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut partitions = entries(path)?;
    partitions.retain(|entry| {
        let name = entry.file_name().and_then(|name| name.to_str());
        let parsed = name.and_then(PartitionDir::parse);
        entry.is_dir() && matches!(parsed, Some(PartitionDir::Log { .. }))
    });
    Ok(if partitions.is_empty() { vec![path.to_owned()] } else { partitions })
}

fn entries(dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let cannot = || format!("cannot list {}", dir.display());
    let entries: Result<Vec<_>, _> =
        fs::read_dir(dir).with_context(cannot)?.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut entries = entries.with_context(cannot)?;
    entries.sort();
    Ok(entries)
}

fn summary(partitions: u64, verified: &Verified) -> String {
    let verdict = match verified.problems {
        0 => "ok".to_owned(),
        problems => counted(problems, "problem"),
    };
    format!(
        "{verdict}: {}, {}, {} of {}, {} index entries",
        counted(partitions, "partition"),
        counted(verified.segments, "segment"),
        bytes(verified.bytes),
        counted(verified.records, "record"),
        count(verified.index_entries),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_data_directory_the_partitions_are_looked_at() {
        let data = tempfile::tempdir().unwrap();
        for dir in ["orders-1", "orders-0", "orders-0.0123456789abcdef0123456789abcdef-delete", "lost+found"]
        {
            fs::create_dir(data.path().join(dir)).unwrap();
        }
        fs::write(data.path().join("meta.properties"), "version=1\n").unwrap();
        let names: Vec<_> = partitions(data.path()).unwrap();
        assert_eq!(names, [data.path().join("orders-0"), data.path().join("orders-1")]);
        let one = data.path().join("orders-1");
        assert_eq!(partitions(&one).unwrap(), [one]);
    }

    #[test]
    fn of_a_partition_the_log_files_are_printed_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let log = |name: &str| dir.path().join(name);
        for name in ["00000000000000000007.log", "00000000000000000000.log", "partition.metadata"] {
            fs::write(log(name), "").unwrap();
        }
        let found = files(&[dir.path().to_owned(), log("partition.metadata")]).unwrap();
        let expected =
            ["00000000000000000000.log", "00000000000000000007.log", "partition.metadata"].map(log);
        assert_eq!(found, expected, "what is named is kept, to be refused by name");
    }
}
