//! What can go wrong with a log, by who is at fault.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use protocol::records::RecordsError;
use protocol::{Offset, ProducerEpoch, ProducerId};

use crate::RefusedRecords;

/// Why a log could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    // The peer's fault: what it sent or asked for.
    /// A batch is malformed or damaged.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// A batch that is well formed says something that this log does not take.
    #[error("invalid record: {0}")]
    InvalidRecord(&'static str),
    /// Records of a well formed batch are not for this log: none of the batch is taken.
    #[error("{0}")]
    RefusedRecords(RefusedRecords),
    /// A batch is larger than `max.message.bytes`.
    #[error("a batch of {size_bytes} bytes is larger than max.message.bytes, {limit_bytes}")]
    BatchTooLarge {
        /// The batch.
        size_bytes: usize,
        /// The limit.
        limit_bytes: usize,
    },
    /// Everything that is appended at once has to fit one segment.
    #[error("{size_bytes} bytes at once are larger than a segment, {limit_bytes}")]
    LargerThanSegment {
        /// What was to be appended.
        size_bytes: usize,
        /// `segment.bytes`.
        limit_bytes: usize,
    },
    /// The timestamps that a header claims for its records are further from the broker's clock than the topic allows.
    #[error("timestamp {timestamp_ms} is not within {earliest_ms} and {latest_ms}")]
    InvalidTimestamp {
        /// The offending timestamp.
        timestamp_ms: i64,
        /// The earliest that is allowed now.
        earliest_ms: i64,
        /// The latest that is allowed now.
        latest_ms: i64,
    },
    /// A producer claims that the broker set the timestamps.
    #[error("a batch from a client has timestamp type LogAppendTime")]
    AppendTimeFromClient,
    /// An idempotent producer's batch does not follow its last one.
    #[error("producer {producer_id}: sequence {sequence} does not follow {last_sequence}")]
    OutOfOrderSequence {
        /// Who.
        producer_id: ProducerId,
        /// The batch's first sequence number.
        sequence: i32,
        /// The last one known.
        last_sequence: i32,
    },
    /// A producer of an epoch that has been fenced off by a later one.
    #[error("producer {producer_id}: epoch {epoch} is fenced by {current}")]
    InvalidProducerEpoch {
        /// Who.
        producer_id: ProducerId,
        /// The batch's epoch.
        epoch: ProducerEpoch,
        /// The epoch known here.
        current: ProducerEpoch,
    },
    /// A marker from a transaction coordinator that has been replaced.
    #[error("coordinator epoch {epoch} is fenced by {current}")]
    CoordinatorFenced {
        /// The marker's epoch.
        epoch: i32,
        /// The epoch known here.
        current: i32,
    },
    /// The offset is not in the log.
    #[error("offset {requested} is not within {start} and {end}")]
    OffsetOutOfRange {
        /// What was asked for.
        requested: Offset,
        /// The first offset of the log.
        start: Offset,
        /// The offset after the last record that the asker may see.
        end: Offset,
    },

    // The disk's.
    /// The operating system refuses.
    #[error("{operation} {}: {source}", path.display())]
    Io {
        /// What was tried.
        operation: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// A file does not hold what its format demands.
    #[error("{}{}: expected {expected}, found {found}", path.display(), At(*position))]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// At which byte, or line for text files.
        position: Option<u64>,
        /// What should be there.
        expected: &'static str,
        /// What is there.
        found: String,
    },

    // The operator's.
    /// Another process works on the same directory.
    #[error("{} is in use by {}", path.display(), Owner(*pid))]
    Locked {
        /// The data directory.
        path: PathBuf,
        /// The other process, if its lock file says.
        pid: Option<u32>,
    },
    /// The directory belongs to another cluster or broker.
    #[error("{}: {key} is {found}, and this broker's is {expected}", path.display())]
    ForeignDirectory {
        /// `meta.properties` of the directory.
        path: PathBuf,
        /// The property that differs.
        key: &'static str,
        /// This broker's value.
        expected: String,
        /// The directory's value.
        found: String,
    },

    // Nobody's.
    /// The disk would have to be waited for, and [`Patience::Hurries`](crate::Patience::Hurries).
    #[error("what was asked for is not in memory")]
    WouldWait,

    // The broker's own state.
    /// The log has been closed or deleted, or failed to write and cannot know what is on disk.
    #[error("the log {} is closed", .0.display())]
    Closed(PathBuf),
}

impl LogError {
    /// For `map_err`: names what was tried on which file.
    pub(crate) fn io<'a>(
        operation: &'static str,
        path: impl AsRef<Path> + 'a,
    ) -> impl FnOnce(io::Error) -> Self + 'a {
        move |source| Self::of_io(operation, || path.as_ref().to_owned(), source)
    }

    /// What an error of a file says: that it is not in memory, to those who hurry, or that something is wrong with it.
    pub(crate) fn of_io(operation: &'static str, path: impl FnOnce() -> PathBuf, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::WouldBlock => Self::WouldWait,
            _ => Self::Io { operation, path: path(), source },
        }
    }

    /// Whether the disk, and not a peer, is at fault.
    #[must_use]
    pub fn is_disk(&self) -> bool {
        matches!(self, Self::Io { .. } | Self::Damaged { .. })
    }
}

struct At(Option<u64>);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |position| write!(f, " at {position}"))
    }
}

struct Owner(Option<u32>);

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(pid) => write!(f, "process {pid}"),
            None => f.write_str("another process"),
        }
    }
}
