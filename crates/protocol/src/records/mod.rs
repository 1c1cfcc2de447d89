//! Record batches, format version 2 (`magic` 2): what a producer sends, a log stores and a consumer receives.
//!
//! A batch is a header of [`HEADER_BYTES`] bytes and a body of records, which may be compressed as one block:
//!
//! | at | bytes | field | |
//! |---|---|---|---|
//! | 0 | 8 | base offset | set by the broker; outside the CRC |
//! | 8 | 4 | batch length | bytes after this field |
//! | 12 | 4 | leader epoch | set by the broker; outside the CRC |
//! | 16 | 1 | magic | 2 |
//! | 17 | 4 | CRC-32C | of everything from byte 21 on |
//! | 21 | 2 | attributes | see [`Attributes`] |
//! | 23 | 4 | last offset delta | last offset − base offset |
//! | 27 | 8 | base timestamp | ms, that of the first record |
//! | 35 | 8 | max timestamp | ms |
//! | 43 | 8 | producer id | −1 if not idempotent |
//! | 51 | 2 | producer epoch | −1 if not idempotent |
//! | 53 | 4 | base sequence | −1 if not idempotent |
//! | 57 | 4 | record count | |
//! | 61 | … | records | each a varint length and its fields |
//!
//! The message sets of older versions (`magic` 0 and 1) are refused by [`RecordsError::UnsupportedMagic`].
//!
//! Nothing here trusts a length: each is compared with the bytes at hand first, and what inflates is bounded by the
//! caller's limit.

mod batch;
mod builder;
mod compression;
mod control;
mod error;
mod header;
mod record;
mod varint;
mod xerial;

pub use batch::{Batches, Body, RecordBatch};
pub use builder::{RecordBatchBuilder, seal};
pub use compression::{Codec, Compression};
pub use control::{ControlType, EndTransactionMarker};
pub use error::RecordsError;
pub use header::{Attributes, BatchHeader, HEADER_BYTES, LOG_OVERHEAD_BYTES, NO_TIMESTAMP, TimestampType};
pub use record::{Header, Headers, Record, Records};
