//! How files and directories are named.

use std::path::{Path, PathBuf};

use protocol::{Offset, PartitionIndex};

/// The kinds of files that belong to one segment. All begin with the segment's base offset in 20 digits; a snapshot with
/// the offset that it is the state before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// Record batches.
    Log,
    /// Offset to position.
    OffsetIndex,
    /// Timestamp to offset.
    TimeIndex,
    /// Aborted transactions.
    TransactionIndex,
    /// State of the idempotent producers.
    ProducerSnapshot,
}

impl FileKind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::Log, Self::OffsetIndex, Self::TimeIndex, Self::TransactionIndex, Self::ProducerSnapshot];

    /// The file name's extension, without the dot.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::OffsetIndex => "index",
            Self::TimeIndex => "timeindex",
            Self::TransactionIndex => "txnindex",
            Self::ProducerSnapshot => "snapshot",
        }
    }

    /// The path of this kind's file in a partition's directory.
    #[must_use]
    pub fn path(self, dir: &Path, offset: Offset) -> PathBuf {
        dir.join(format!("{:020}.{}", offset.0, self.extension()))
    }

    /// Reads offset and kind from a file name; `None` if it is none of these.
    #[must_use]
    pub fn parse(file_name: &str) -> Option<(Offset, Self)> {
        let (digits, extension) = file_name.split_once('.')?;
        let kind = Self::ALL.into_iter().find(|kind| kind.extension() == extension)?;
        (digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit()))
            .then(|| digits.parse().ok().map(|offset| (Offset(offset), kind)))?
    }
}

/// What is appended to the names of files that are about to be deleted.
pub(crate) const DELETED_SUFFIX: &str = ".deleted";

/// Suffixes of files that a cleaner had not finished, or that await being swapped in.
pub(crate) const CLEANED_SUFFIX: &str = ".cleaned";
/// See [`CLEANED_SUFFIX`].
pub(crate) const SWAP_SUFFIX: &str = ".swap";

/// What a directory inside a data directory is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartitionDir {
    /// `topic-partition`: a log.
    Log {
        /// The topic's name.
        topic: String,
        /// The partition.
        partition: PartitionIndex,
    },
    /// `topic-partition.uuid-delete`: a log that is about to be deleted.
    Deleted,
    /// `topic-partition.uuid-future` or `-stray`: a log in the middle of a move, or that no metadata knows. Left alone.
    Other,
}

impl PartitionDir {
    /// Reads a directory's name; `None` if it is not one of a partition.
    #[must_use]
    pub fn parse(dir_name: &str) -> Option<Self> {
        if let Some((_, suffix)) = dir_name.rsplit_once('.') {
            if suffix.len() > "-delete".len() && suffix.ends_with("-delete") {
                return Some(Self::Deleted);
            }
            if suffix.ends_with("-future") || suffix.ends_with("-stray") {
                return Some(Self::Other);
            }
        }
        let (topic, partition) = dir_name.rsplit_once('-')?;
        let partition = partition.bytes().all(|b| b.is_ascii_digit()).then(|| partition.parse().ok())??;
        (!topic.is_empty())
            .then(|| Self::Log { topic: topic.to_owned(), partition: PartitionIndex(partition) })
    }
}

/// The name of a log's directory.
#[must_use]
pub fn partition_dir_name(topic: &str, partition: PartitionIndex) -> String {
    format!("{topic}-{partition}")
}

/// A name for a log's directory that tells this and Kafka's next start to delete it. Never more than 255 bytes, the limit
/// of Linux' file systems: the topic's end gives way.
pub(crate) fn deleted_dir_name(dir_name: &str) -> String {
    const MAX_NAME_BYTES: usize = 255;
    let (topic, partition) = dir_name.rsplit_once('-').unwrap_or((dir_name, "0"));
    let suffix = format!("-{partition}.{}-delete", uuid::Uuid::new_v4().simple());
    let mut end = topic.len().min(MAX_NAME_BYTES.saturating_sub(suffix.len()));
    while !topic.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{suffix}", &topic[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_read_back() {
        for kind in FileKind::ALL {
            let path = kind.path(Path::new("/x"), Offset(1_234));
            let name = path.file_name().unwrap().to_str().unwrap();
            assert_eq!(FileKind::parse(name), Some((Offset(1_234), kind)));
        }
        assert_eq!(FileKind::parse("00000000000000000000.log.deleted"), None);
        assert_eq!(FileKind::parse("0.log"), None);
        assert_eq!(FileKind::parse("00000000000000000000-0000000001.checkpoint"), None);
        assert_eq!(FileKind::parse("99999999999999999999.log"), None);
    }

    #[test]
    fn directories_are_told_apart() {
        let log = |topic: &str, partition| {
            Some(PartitionDir::Log { topic: topic.to_owned(), partition: PartitionIndex(partition) })
        };
        assert_eq!(PartitionDir::parse("a-b-3"), log("a-b", 3));
        assert_eq!(PartitionDir::parse("__cluster_metadata-0"), log("__cluster_metadata", 0));
        assert_eq!(PartitionDir::parse(&deleted_dir_name("a.b-3")), Some(PartitionDir::Deleted));
        assert_eq!(PartitionDir::parse("x-1.0123-future"), Some(PartitionDir::Other));
        assert_eq!(PartitionDir::parse("lost+found"), None);
        assert_eq!(PartitionDir::parse("x--1"), log("x-", 1));
        assert_eq!(PartitionDir::parse("-1"), None);
        assert_eq!(PartitionDir::parse("x-"), None);
        assert_eq!(PartitionDir::parse("topic-99999999999"), None);
        assert!(deleted_dir_name(&format!("{}-0", "t".repeat(249))).len() <= 255);
    }
}
