//! What can be wrong with a batch, by field.

use super::Compression;

/// Why bytes are not a record batch that may be stored or read.
///
/// Everything here is the fault of whoever wrote the batch, or of the disk that kept it; nothing here is ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordsError {
    /// Fewer bytes than the header, or than the header's batch length, says.
    #[error("the batch needs {needed} bytes and {available} are there")]
    Truncated {
        /// Bytes that the batch takes in all.
        needed: usize,
        /// Bytes at hand.
        available: usize,
    },
    /// The batch length cannot even hold a header.
    #[error("batch length {0} is smaller than a batch header")]
    BatchLength(i32),
    /// A message set of format 0 or 1, or a format of the future.
    #[error("magic {0}: only record batches of magic 2 are supported")]
    UnsupportedMagic(i8),
    /// The bytes are not those that were written.
    #[error("CRC is {computed:#010x} and the header says {stored:#010x}")]
    Crc {
        /// What the header says.
        stored: u32,
        /// What the bytes give.
        computed: u32,
    },
    /// Attributes name a codec that does not exist.
    #[error("unknown compression type {0}")]
    UnknownCompression(u8),
    /// A header field has a value that no producer may write.
    #[error("{field} is {value}")]
    HeaderField {
        /// The field, as the table of [`crate::records`] names it.
        field: &'static str,
        /// Its value.
        value: i64,
    },
    /// Record count and last offset delta disagree.
    #[error("record count {count} does not fit last offset delta {last_offset_delta}")]
    Count {
        /// The header's record count.
        count: i32,
        /// The header's last offset delta.
        last_offset_delta: i32,
    },
    /// A field of a record is malformed or reaches beyond its record.
    #[error("record {index}: {field} is malformed")]
    Record {
        /// Which record of the batch, from 0.
        index: i32,
        /// The field.
        field: &'static str,
    },
    /// A record's offset delta is not its place in the batch.
    #[error("record {index} has offset delta {delta}")]
    OffsetDelta {
        /// Which record of the batch, from 0.
        index: i32,
        /// The delta it carries.
        delta: i32,
    },
    /// Bytes remain after the last record that the header counts.
    #[error("{bytes} bytes are left after the {count} records of the batch")]
    TrailingBytes {
        /// How many bytes remain.
        bytes: usize,
        /// The header's record count.
        count: i32,
    },
    /// The codec refuses the body.
    #[error("the {compression} body does not decompress: {reason}")]
    Decompress {
        /// The codec.
        compression: Compression,
        /// What the codec says.
        reason: String,
    },
    /// The body inflates to more than the caller allows.
    #[error("the {compression} body inflates to more than {limit_bytes} bytes")]
    Inflates {
        /// The codec.
        compression: Compression,
        /// The caller's limit.
        limit_bytes: usize,
    },
    /// A batch grew beyond what its 32-bit length can say.
    #[error("a batch of {0} bytes does not fit the format")]
    TooLarge(usize),
}
