//! The files of a data directory that hold one offset per partition.
//!
//! Text: a line with the version 0, one with the number of entries, then a line `topic partition offset` for each.

use std::collections::HashMap;
use std::fmt::Write;
use std::fs;
use std::io;
use std::path::Path;

use protocol::{Offset, PartitionIndex};

use crate::LogError;
use crate::disk::write_atomically;

/// Entries that a file may have.
const MAX_ENTRIES: usize = 10_000_000;

/// Which of the four files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checkpoint {
    /// Everything before the offset has been flushed.
    RecoveryPoint,
    /// Records before the offset are deleted.
    LogStart,
    /// The high watermark.
    Replication,
    /// Everything before the offset has been compacted.
    Cleaner,
}

/// Topic and partition → offset.
pub type PartitionOffsets = HashMap<(String, PartitionIndex), Offset>;

impl Checkpoint {
    fn file_name(self) -> &'static str {
        match self {
            Self::RecoveryPoint => "recovery-point-offset-checkpoint",
            Self::LogStart => "log-start-offset-checkpoint",
            Self::Replication => "replication-offset-checkpoint",
            Self::Cleaner => "cleaner-offset-checkpoint",
        }
    }

    /// Reads the file of a data directory. No file, or an empty one, means no entries.
    ///
    /// # Errors
    /// The disk's, and a file that is not of this format.
    pub fn read(self, dir: &Path) -> Result<PartitionOffsets, LogError> {
        let path = dir.join(self.file_name());
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(PartitionOffsets::new()),
            Err(source) => return Err(LogError::Io { operation: "read", path, source }),
        };
        parse(&text).map_err(|(line, expected, found)| LogError::Damaged {
            path,
            position: Some(line),
            expected,
            found,
        })
    }

    /// Replaces the file of a data directory.
    ///
    /// # Errors
    /// The disk's; the old file is then still there.
    pub fn write(self, dir: &Path, offsets: &PartitionOffsets) -> Result<(), LogError> {
        let mut text = format!("0\n{}\n", offsets.len());
        for ((topic, partition), offset) in offsets {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{topic} {partition} {offset}");
        }
        write_atomically(&dir.join(self.file_name()), text.as_bytes())
    }
}

fn parse(text: &str) -> Result<PartitionOffsets, (u64, &'static str, String)> {
    let mut lines = (1u64..).zip(text.lines());
    let Some((line, version)) = lines.next() else { return Ok(PartitionOffsets::new()) };
    if version != "0" {
        return Err((line, "version 0", version.to_owned()));
    }
    let count = lines.next().and_then(|(_, count)| count.parse::<usize>().ok());
    let Some(count) = count.filter(|count| *count <= MAX_ENTRIES) else {
        return Err((2, "the number of entries", text.lines().nth(1).unwrap_or_default().to_owned()));
    };
    let mut offsets = PartitionOffsets::new();
    for (line, entry) in lines {
        let mut fields = entry.split(' ');
        let parsed = match (fields.next(), fields.next(), fields.next(), fields.next()) {
            (Some(topic), Some(partition), Some(offset), None) => {
                partition.parse().ok().zip(offset.parse().ok()).map(|(partition, offset)| {
                    ((topic.to_owned(), PartitionIndex(partition)), Offset(offset))
                })
            }
            _ => None,
        };
        let (key, offset) =
            parsed.ok_or_else(|| (line, "a topic, a partition and an offset", entry.to_owned()))?;
        offsets.insert(key, offset);
    }
    if offsets.len() != count {
        return Err((2, "as many entries as the count says", format!("{} of {count}", offsets.len())));
    }
    Ok(offsets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let dir = tempfile::tempdir().unwrap();
        let read = || Checkpoint::RecoveryPoint.read(dir.path()).unwrap();
        assert!(read().is_empty());
        let offsets: PartitionOffsets = [
            (("a".to_owned(), PartitionIndex(0)), Offset(5)),
            (("b.c-d".to_owned(), PartitionIndex(12)), Offset(i64::MAX)),
        ]
        .into();
        Checkpoint::RecoveryPoint.write(dir.path(), &offsets).unwrap();
        assert_eq!(read(), offsets);
    }

    #[test]
    fn damage_is_told_by_line() {
        let line = |text: &str| parse(text).unwrap_err().0;
        assert_eq!(line("1\n0\n"), 1);
        assert_eq!(line("0\n"), 2);
        assert_eq!(line("0\n2\na 0 1\n"), 2);
        assert_eq!(line("0\n1\na 0 x\n"), 3);
        assert_eq!(line("0\n1\na 0 1 2\n"), 3);
    }
}
