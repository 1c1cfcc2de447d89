//! A partition's segmented log on disk, in Apache Kafka's file formats.
//!
//! This crate exists so that what a producer sent lies on disk as it came, can be leased to a socket as a range of a file,
//! and can be opened by Apache Kafka and handed back. `docs/formats.md` has every file as a byte table.
//!
//! # What always holds
//!
//! * Bytes inside a [`transfer::Region`] never change. A log only appends; truncation writes another file in its place.
//! * A reader sees whole batches, or nothing. What has been written but not published, or could not be written whole, is
//!   not visible and is cut off.
//! * A reader takes no lock that an append holds while it writes, and no lock is held across a flush.
//! * Recovery after a crash cuts from the first byte that is not an intact batch on, and nothing before it.
//! * No bytes in a file make this crate panic, and none cost memory beyond a constant.
//!
//! # What it never does
//!
//! It has no clock, no thread and no runtime: the caller brings the time and calls what is due. It knows no sockets, no
//! topics' metadata and no peers.

mod append;
mod base64_id;
mod boundaries;
mod checkpoint;
mod config;
mod disk;
mod error;
mod file_names;
mod flush;
mod found;
mod index_file;
pub mod inspect;
mod leader_epochs;
mod log;
mod log_dir;
mod meta_properties;
mod offset_index;
mod open_files;
mod partition_metadata;
mod patience;
mod position;
mod producer_snapshot;
mod producer_states;
mod read;
mod rebuild;
mod recent_appends;
mod recovery;
mod refused;
mod retention;
mod scan;
mod segment;
mod stability;
mod time_index;
mod timestamps;
mod transaction_index;
mod truncation;
mod validation;

pub use append::AppendInfo;
pub use checkpoint::{Checkpoint, PartitionOffsets};
pub use config::LogConfig;
pub use error::LogError;
pub use file_names::{FileKind, PartitionDir, partition_dir_name};
pub use leader_epochs::EpochStart;
pub use log::{Log, LogOptions};
pub use log_dir::{LogDir, LogDirOptions, Shutdown};
pub use meta_properties::MetaProperties;
pub use offset_index::OffsetEntry;
pub use open_files::OpenFiles;
pub use partition_metadata::{read_topic_id, write_topic_id};
pub use patience::Patience;
pub use position::Position;
pub use producer_states::{AppendOrigin, ProducedBatch, ProducerState};
pub use read::{ReadInfo, ReadUntil};
pub use recovery::{Cut, RecoveryReport};
pub use refused::{RefusalReason, RefusedRecord, RefusedRecords};
pub use retention::Retained;
pub use time_index::TimestampOffset;
pub use timestamps::TimedOffset;
pub use transaction_index::AbortedTransaction;
