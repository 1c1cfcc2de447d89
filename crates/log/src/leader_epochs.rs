//! `leader-epoch-checkpoint`: at which offset did each leader begin?
//!
//! Text: a line with the version 0, one with the number of entries, then a line `epoch offset` for each, rising in both.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use protocol::{LeaderEpoch, Offset};

use crate::LogError;
use crate::disk::write_atomically;

const FILE_NAME: &str = "leader-epoch-checkpoint";

/// Entries that a file may have. Each stands for one change of leader.
const MAX_ENTRIES: usize = 1_000_000;

/// An epoch and its first offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochStart {
    /// The epoch.
    pub epoch: LeaderEpoch,
    /// The offset of its first record.
    pub start_offset: Offset,
}

/// The leaders' epochs of one log. Epochs and offsets rise strictly.
#[derive(Debug)]
pub(crate) struct LeaderEpochs {
    path: PathBuf,
    entries: Vec<EpochStart>,
}

impl LeaderEpochs {
    /// Reads the file of a partition's directory. No file means no entries.
    pub(crate) fn read(dir: &Path) -> Result<Self, LogError> {
        let path = dir.join(FILE_NAME);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Ok(Self { path, entries: Vec::new() });
            }
            Err(e) if e.kind() == io::ErrorKind::InvalidData => {
                let (expected, found) = ("text", "bytes that are not UTF-8".to_owned());
                return Err(LogError::Damaged { path, position: None, expected, found });
            }
            Err(source) => return Err(LogError::Io { operation: "read", path, source }),
        };
        match parse(&text) {
            Ok(entries) => Ok(Self { path, entries }),
            Err((line, expected, found)) => {
                Err(LogError::Damaged { path, position: Some(line), expected, found })
            }
        }
    }

    /// No entries, as before the first record. The file is written with the first entry.
    pub(crate) fn empty(dir: &Path) -> Self {
        Self { path: dir.join(FILE_NAME), entries: Vec::new() }
    }

    pub(crate) fn entries(&self) -> &[EpochStart] {
        &self.entries
    }

    pub(crate) fn latest(&self) -> Option<EpochStart> {
        self.entries.last().copied()
    }

    /// Notes that `epoch` begins at `start_offset`, unless it is the latest already. Whatever contradicts it goes.
    pub(crate) fn assign(&mut self, epoch: LeaderEpoch, start_offset: Offset) -> Result<(), LogError> {
        if epoch.0 < 0
            || self.latest().is_some_and(|last| last.epoch == epoch && last.start_offset <= start_offset)
        {
            return Ok(());
        }
        self.entries.retain(|entry| entry.epoch < epoch && entry.start_offset < start_offset);
        self.entries.push(EpochStart { epoch, start_offset });
        self.write()
    }

    /// The largest epoch at or below `requested`, and the offset after its last record, given the log's end. `None` if
    /// the log knows nothing of that epoch.
    pub(crate) fn end_offset(
        &self,
        requested: LeaderEpoch,
        log_end: Offset,
    ) -> Option<(LeaderEpoch, Offset)> {
        if self.latest()?.epoch == requested {
            return Some((requested, log_end));
        }
        let higher = self.entries.partition_point(|entry| entry.epoch <= requested);
        let end = self.entries.get(higher)?.start_offset;
        // An epoch before all that are known has no records here: it ended where the first one begins.
        let epoch = higher.checked_sub(1).and_then(|floor| self.entries.get(floor));
        Some((epoch.map_or(requested, |entry| entry.epoch), end))
    }

    /// Forgets epochs that begin at `offset` or later.
    pub(crate) fn truncate_from_end(&mut self, offset: Offset) -> Result<(), LogError> {
        let before = self.entries.len();
        self.entries.retain(|entry| entry.start_offset < offset);
        if self.entries.len() == before { Ok(()) } else { self.write() }
    }

    /// Forgets epochs that end before `offset`; the one that holds it begins there now.
    pub(crate) fn truncate_from_start(&mut self, offset: Offset) -> Result<(), LogError> {
        let first_kept = self.entries.partition_point(|entry| entry.start_offset <= offset).saturating_sub(1);
        let moves = self.entries.get(first_kept).is_some_and(|entry| entry.start_offset < offset);
        if !moves {
            return Ok(());
        }
        self.entries.drain(..first_kept);
        if let Some(first) = self.entries.first_mut() {
            first.start_offset = offset;
        }
        self.write()
    }

    fn write(&self) -> Result<(), LogError> {
        let mut text = format!("0\n{}\n", self.entries.len());
        for entry in &self.entries {
            text.push_str(&format!("{} {}\n", entry.epoch, entry.start_offset));
        }
        write_atomically(&self.path, text.as_bytes())
    }
}

fn parse(text: &str) -> Result<Vec<EpochStart>, (u64, &'static str, String)> {
    let mut lines = (1u64..).zip(text.lines());
    let mut next = |expected| lines.next().ok_or((0, expected, "the end of the file".to_owned()));
    let (line, version) = next("version 0")?;
    if version != "0" {
        return Err((line, "version 0", version.to_owned()));
    }
    let (line, count) = next("the number of entries")?;
    let count = count.parse::<usize>().ok().filter(|count| *count <= MAX_ENTRIES);
    let count = count.ok_or_else(|| (line, "the number of entries", text.to_owned()))?;
    let mut entries: Vec<EpochStart> = Vec::new();
    for _ in 0..count {
        let (line, entry) = next("an epoch and an offset")?;
        let parsed = entry.split_once(' ').and_then(|(epoch, offset)| {
            Some(EpochStart {
                epoch: LeaderEpoch(epoch.parse().ok()?),
                start_offset: Offset(offset.parse().ok()?),
            })
        });
        let rises = |next: &EpochStart| {
            entries
                .last()
                .is_none_or(|last| last.epoch < next.epoch && last.start_offset <= next.start_offset)
        };
        match parsed.filter(rises) {
            Some(parsed) => entries.push(parsed),
            None => return Err((line, "an epoch and an offset that rise", entry.to_owned())),
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epochs(entries: &[(i32, i64)]) -> (tempfile::TempDir, LeaderEpochs) {
        let dir = tempfile::tempdir().unwrap();
        let mut epochs = LeaderEpochs::read(dir.path()).unwrap();
        for (epoch, offset) in entries {
            epochs.assign(LeaderEpoch(*epoch), Offset(*offset)).unwrap();
        }
        (dir, epochs)
    }

    fn plain(epochs: &LeaderEpochs) -> Vec<(i32, i64)> {
        epochs.entries().iter().map(|entry| (entry.epoch.0, entry.start_offset.0)).collect()
    }

    #[test]
    fn what_is_assigned_reads_back_from_the_file() {
        let (dir, epochs) = epochs(&[(0, 0), (0, 5), (2, 10), (5, 20)]);
        assert_eq!(fs::read_to_string(dir.path().join(FILE_NAME)).unwrap(), "0\n3\n0 0\n2 10\n5 20\n");
        assert_eq!(plain(&LeaderEpochs::read(dir.path()).unwrap()), plain(&epochs));
    }

    #[test]
    fn the_end_of_an_epoch_is_the_start_of_the_next() {
        let (_dir, epochs) = epochs(&[(1, 10), (3, 20), (5, 30)]);
        let end = |epoch| epochs.end_offset(LeaderEpoch(epoch), Offset(99)).map(|(e, o)| (e.0, o.0));
        assert_eq!(end(0), Some((0, 10)));
        assert_eq!(end(1), Some((1, 20)));
        assert_eq!(end(2), Some((1, 20)));
        assert_eq!(end(3), Some((3, 30)));
        assert_eq!(end(5), Some((5, 99)));
        assert_eq!(end(6), None);
    }

    #[test]
    fn truncation_keeps_what_still_has_records() {
        let (_dir, mut epochs) = epochs(&[(1, 10), (3, 20), (5, 30)]);
        epochs.truncate_from_start(Offset(25)).unwrap();
        assert_eq!(plain(&epochs), [(3, 25), (5, 30)]);
        epochs.truncate_from_end(Offset(30)).unwrap();
        assert_eq!(plain(&epochs), [(3, 25)]);
    }

    #[test]
    fn a_later_truth_replaces_what_contradicts_it() {
        let (_dir, mut epochs) = epochs(&[(1, 10), (3, 20), (5, 30)]);
        epochs.assign(LeaderEpoch(4), Offset(15)).unwrap();
        assert_eq!(plain(&epochs), [(1, 10), (4, 15)]);
    }

    #[test]
    fn damage_is_told_by_line() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE_NAME), "0\n2\n1 5\n1 9\n").unwrap();
        let error = LeaderEpochs::read(dir.path()).unwrap_err();
        assert!(matches!(error, LogError::Damaged { position: Some(4), .. }), "{error}");
    }
}
