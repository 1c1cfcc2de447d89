//! Is what is in the files what belongs there?

use std::fs;
use std::path::Path;

use protocol::Offset;
use protocol::records::{NO_TIMESTAMP, RecordBatch};

use super::contents::{
    damaged, named, offset_index, producer_snapshot, segment, time_index, transaction_index,
};
use crate::{FileKind, LogConfig, LogError, OffsetEntry, TimestampOffset};

/// What was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Segments.
    pub segments: u64,
    /// Batches in them.
    pub batches: u64,
    /// Records in them, those of compressed batches included.
    pub records: u64,
    /// Bytes of the batches.
    pub bytes: u64,
    /// Entries of all indexes.
    pub index_entries: u64,
    /// What was found wrong.
    pub problems: u64,
}

/// Looks at every batch and record of a segment, or of all segments in a partition's directory, and at their indexes and
/// snapshots. Each problem goes to `report`.
///
/// # Errors
/// `path` cannot be listed, or is neither a directory nor a `.log` file.
pub fn verify(path: &Path, report: &mut dyn FnMut(&LogError)) -> Result<Verified, LogError> {
    let mut verifier = Verifier { report, verified: Verified::default(), next_offset: Offset(i64::MIN) };
    if !path.is_dir() {
        named(path, FileKind::Log)?;
        verifier.segment(path);
        return Ok(verifier.verified);
    }
    let mut segments = Vec::new();
    for entry in fs::read_dir(path).map_err(LogError::io("list", path))? {
        let file = entry.map_err(LogError::io("list", path))?.path();
        match file.file_name().and_then(|name| name.to_str()).and_then(FileKind::parse) {
            Some((_, FileKind::Log)) => segments.push(file),
            Some((_, FileKind::ProducerSnapshot)) => {
                producer_snapshot(&file).map_or_else(|error| verifier.problem(&error), |_| ());
            }
            _ => {}
        }
    }
    segments.sort();
    for segment in &segments {
        verifier.segment(segment);
    }
    Ok(verifier.verified)
}

struct Verifier<'a> {
    report: &'a mut dyn FnMut(&LogError),
    verified: Verified,
    /// No batch from here on begins before it.
    next_offset: Offset,
}

/// What the indexes are held against: where each batch begins and ends, and the latest timestamp up to it.
struct Batch {
    position: u64,
    base_offset: Offset,
    last_offset: Offset,
    latest_ms: i64,
}

impl Verifier<'_> {
    fn problem(&mut self, error: &LogError) {
        self.verified.problems += 1;
        (self.report)(error);
    }

    fn segment(&mut self, path: &Path) {
        self.verified.segments += 1;
        let Ok((_, base_offset)) = named(path, FileKind::Log) else { return };
        self.next_offset = self.next_offset.max(base_offset);
        let batches = match segment(path) {
            Ok(batches) => batches,
            Err(error) => return self.problem(&error),
        };
        let mut found: Vec<Batch> = Vec::new();
        for placed in batches {
            let placed = match placed {
                Ok(placed) => placed,
                Err(error) => {
                    self.problem(&error);
                    break;
                }
            };
            self.batch(path, placed.position, &placed.batch);
            let header = placed.batch.header();
            let latest_ms = found.last().map_or(NO_TIMESTAMP, |before| before.latest_ms);
            found.push(Batch {
                position: placed.position,
                base_offset: header.base_offset,
                last_offset: header.last_offset(),
                latest_ms: latest_ms.max(header.max_timestamp_ms),
            });
        }
        self.offset_index(&path.with_extension(FileKind::OffsetIndex.extension()), &found);
        self.time_index(&path.with_extension(FileKind::TimeIndex.extension()), &found);
        let transactions = path.with_extension(FileKind::TransactionIndex.extension());
        if transactions.exists() {
            match transaction_index(&transactions) {
                Ok(aborted) => self.verified.index_entries += aborted.len() as u64,
                Err(error) => self.problem(&error),
            }
        }
    }

    fn batch(&mut self, path: &Path, position: u64, batch: &RecordBatch) {
        let header = batch.header();
        self.verified.batches += 1;
        self.verified.bytes += batch.bytes().len() as u64;
        if header.base_offset < self.next_offset {
            let found = format!("{} where {} or later belongs", header.base_offset, self.next_offset);
            self.problem(&damaged(path, Some(position), "offsets that rise", found));
        }
        self.next_offset = header.next_offset();
        if let Err(error) = batch.verify_crc() {
            return self.problem(&damaged(path, Some(position), "the CRC of the batch", error.to_string()));
        }
        match count_records(batch) {
            Ok(records) => self.verified.records += records,
            Err(error) => {
                self.problem(&damaged(path, Some(position), "well-formed records", error.to_string()))
            }
        }
    }

    fn offset_index(&mut self, path: &Path, batches: &[Batch]) {
        let entries = match offset_index(path) {
            Ok(entries) => entries,
            Err(error) => return self.problem(&error),
        };
        let mut before: Option<OffsetEntry> = None;
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => return self.problem(&error),
            };
            self.verified.index_entries += 1;
            let place = u64::from(entry.position.0);
            let batch = batches.binary_search_by_key(&place, |batch| batch.position);
            let batch = batch.ok().and_then(|index| batches.get(index));
            // Kafka enters a batch's last offset; an index that was built otherwise may name any offset of it.
            let matches = batch.is_some_and(|b| (b.base_offset..=b.last_offset).contains(&entry.offset));
            let rises = before.is_none_or(|b| b.offset < entry.offset && b.position < entry.position);
            if !matches || !rises {
                let expected = if rises { "offset and position of a batch" } else { "entries that rise" };
                self.problem(&damaged(
                    path,
                    None,
                    expected,
                    format!("{} at {}", entry.offset, entry.position),
                ));
            }
            before = Some(entry);
        }
    }

    fn time_index(&mut self, path: &Path, batches: &[Batch]) {
        let entries = match time_index(path) {
            Ok(entries) => entries,
            Err(error) => return self.problem(&error),
        };
        let mut before: Option<TimestampOffset> = None;
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => return self.problem(&error),
            };
            self.verified.index_entries += 1;
            let at = batches.partition_point(|batch| batch.last_offset < entry.offset);
            let latest_ms = batches.get(at).map(|batch| batch.latest_ms);
            let holds = latest_ms.is_some_and(|latest_ms| latest_ms <= entry.timestamp_ms);
            let rises =
                before.is_none_or(|b| b.timestamp_ms < entry.timestamp_ms && b.offset <= entry.offset);
            if !holds || !rises {
                let expected =
                    if rises { "no later timestamp up to the entry's offset" } else { "entries that rise" };
                self.problem(&damaged(
                    path,
                    None,
                    expected,
                    format!("{} at {}", entry.timestamp_ms, entry.offset),
                ));
            }
            before = Some(entry);
        }
    }
}

/// Walks the records of a batch, decompressed if need be.
fn count_records(batch: &RecordBatch) -> Result<u64, LogError> {
    let limit_bytes =
        LogConfig { max_message_bytes: usize::MAX, ..LogConfig::default() }.inflate_limit_bytes();
    let body = batch.body(limit_bytes)?;
    let mut records = 0;
    for record in body.records() {
        record?;
        records += 1;
    }
    Ok(records)
}
