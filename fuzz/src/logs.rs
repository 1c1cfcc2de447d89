//! Logs as targets look at them.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use log::{Log, LogConfig, LogError, LogOptions, OpenFiles, ReadUntil, RecoveryReport};
use protocol::records::{Batches, RecordBatch};

use crate::batches;

/// Files of a log that stay open: fewer than a log of a few segments has.
pub const OPEN_FILES: usize = 4;

/// What one read asks for.
const READ_BYTES: u32 = 300;

/// The broker's clock, in ms: records in seeds are as young as can be.
pub const NOW_MS: i64 = batches::TIME_MS;

/// Settings under which a few hundred bytes make several segments with several index entries.
#[must_use]
pub fn config() -> LogConfig {
    LogConfig {
        segment_bytes: 1024,
        index_interval_bytes: 100,
        segment_index_bytes: 1024,
        ..LogConfig::default()
    }
}

/// Opens the log in `folder`, after a clean stop or a crash.
///
/// # Errors
/// As [`Log::open`].
pub fn open(folder: &Path, clean: bool) -> Result<(Log, RecoveryReport), LogError> {
    let options = LogOptions { config: config(), clean, now_ms: NOW_MS, ..LogOptions::default() };
    Log::open(folder, options, &OpenFiles::new(OPEN_FILES))
}

/// Reads a log in small pieces from its start to its end.
///
/// # Errors
/// As [`Log::read`], or the batches are not whole.
///
/// # Panics
/// A read does not get ahead, or goes beyond its limit without need.
pub fn read_all(log: &Arc<Log>) -> Result<Vec<RecordBatch>, LogError> {
    let mut found = Vec::new();
    let mut next = log.start_offset();
    while next < log.end_offset() {
        let read = log.read(next, READ_BYTES, ReadUntil::LogEnd, true)?;
        let Some(region) = read.region else { break };
        let bytes = Bytes::from(region.read().map_err(|source| LogError::Io {
            operation: "read",
            path: log.dir().to_owned(),
            source,
        })?);
        let batches = Batches::new(bytes.clone()).collect::<Result<Vec<_>, _>>()?;
        assert!(batches.len() == 1 || bytes.len() <= READ_BYTES as usize, "a read beyond its limit");
        assert!(read.next_offset > next, "a read that does not get ahead of {next}");
        next = read.next_offset;
        found.extend(batches);
    }
    Ok(found)
}

/// Calls everything that searches in a log's files. What it finds depends on the files; that it returns does not.
pub fn search(log: &Log) {
    for offset in [log.start_offset(), log.end_offset()] {
        for (max_bytes, until) in [
            (0, ReadUntil::LogEnd),
            (READ_BYTES, ReadUntil::HighWatermark),
            (u32::MAX, ReadUntil::LastStable),
        ] {
            let _ = log.read(offset, max_bytes, until, max_bytes > 0);
        }
        let _ = log.aborted_transactions(offset, log.end_offset(), log::Patience::Waits);
    }
    for timestamp_ms in [i64::MIN, NOW_MS] {
        let _ = log.offset_for_timestamp(timestamp_ms);
    }
    let _ = log.max_timestamp();
}
