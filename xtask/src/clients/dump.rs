//! Does Apache Kafka's DumpLogSegments read everything that the broker wrote, and without complaint?

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, ensure};

use super::install::Installed;
use super::report::Report;

/// What DumpLogSegments says of a file that is wrong; it ends with success all the same.
const COMPLAINTS: [&str; 12] = [
    "Mismatches in",
    "mismatch",
    "Non-consecutive offsets",
    "out of order",
    "Index sanity check failed",
    "corrupt",
    "isvalid: false",
    "Exception",
    "Could not",
    "could not",
    "Found ",
    "Skipped ",
];
/// So many files go on one command line.
const FILES_AT_ONCE: usize = 200;

/// Reads all segments, indexes and snapshots under `data_dir`, each with the decoder that fits.
pub(crate) fn check(installed: &Installed, data_dir: &Path, client: &str, report: &mut Report) {
    let passes: [(&str, Pick, &[&str]); 6] = [
        ("records", is_records, &["--deep-iteration", "--print-data-log"]),
        ("groups", is_groups, &["--deep-iteration", "--offsets-decoder"]),
        ("metadata", is_metadata, &["--deep-iteration", "--cluster-metadata-decoder"]),
        ("indexes, sane", is_index, &["--index-sanity-check"]),
        ("indexes, against their logs", is_index, &["--verify-index-only"]),
        ("producer snapshots", is_snapshot, &[]),
    ];
    for (what, pick, options) in passes {
        report.check(client, &format!("DumpLogSegments: {what}"), || {
            let files: Vec<_> = files_under(data_dir)?.into_iter().filter(|file| pick(file)).collect();
            let mut lines = 0;
            for files in files.chunks(FILES_AT_ONCE) {
                lines += dump(installed, files, options)?;
            }
            Ok(format!("{} files, {lines} lines", files.len()))
        });
    }
}

type Pick = fn(&Path) -> bool;

fn is_records(file: &Path) -> bool {
    has_extension(file, "log") && !is_of(file, "__consumer_offsets-") && !is_of(file, "__cluster_metadata-")
}

fn is_groups(file: &Path) -> bool {
    has_extension(file, "log") && is_of(file, "__consumer_offsets-")
}

fn is_metadata(file: &Path) -> bool {
    (has_extension(file, "log") || has_extension(file, "checkpoint")) && is_of(file, "__cluster_metadata-")
}

fn is_index(file: &Path) -> bool {
    has_extension(file, "index") || has_extension(file, "timeindex")
}

fn is_snapshot(file: &Path) -> bool {
    has_extension(file, "snapshot")
}

fn has_extension(file: &Path, extension: &str) -> bool {
    file.extension().is_some_and(|found| found == extension)
}

/// Whether the file lies in a partition's directory that begins so.
fn is_of(file: &Path, topic: &str) -> bool {
    let partition = file.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    partition.is_some_and(|name| name.starts_with(topic))
}

fn files_under(data_dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for partition in fs::read_dir(data_dir).with_context(|| format!("reading {}", data_dir.display()))? {
        let partition = partition?.path();
        if partition.is_dir() {
            for file in fs::read_dir(&partition)? {
                files.push(file?.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Reads `files` and returns how many lines there were to say about them.
fn dump(installed: &Installed, files: &[PathBuf], options: &[&str]) -> anyhow::Result<usize> {
    let list: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
    let mut tool = installed.kafka.tool("org.apache.kafka.tools.DumpLogSegments");
    tool.args(options).args(["--files", &list.join(",")]);
    let mut child = tool
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .context("running java")?;
    let mut lines = 0;
    let mut complaints = Vec::new();
    for line in BufReader::new(child.stdout.take().context("a pipe")?).lines() {
        let line = line?;
        lines += 1;
        // Lines of records hold what users wrote.
        let is_record = line.starts_with('|');
        if !is_record && COMPLAINTS.iter().any(|complaint| line.contains(complaint)) {
            complaints.push(line);
        }
    }
    let status = child.wait()?;
    ensure!(status.success(), "DumpLogSegments: {status}");
    complaints.truncate(20);
    ensure!(complaints.is_empty(), "DumpLogSegments complains:\n{}", complaints.join("\n"));
    ensure!(files.is_empty() || lines > 0, "DumpLogSegments says nothing");
    Ok(lines)
}
