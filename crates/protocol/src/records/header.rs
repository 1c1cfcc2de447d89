//! The 61 bytes in front of every batch.

use crate::{LeaderEpoch, Offset, ProducerEpoch, ProducerId};

use super::{Compression, RecordsError};

/// Bytes of a batch header.
pub const HEADER_BYTES: usize = 61;

/// Bytes of base offset and batch length, which the batch length does not count.
pub const LOG_OVERHEAD_BYTES: usize = 12;

/// A batch or record without a timestamp.
pub const NO_TIMESTAMP: i64 = -1;

/// The only format version that is read and written.
const MAGIC: i8 = 2;

/// Where the bytes begin that the CRC covers.
const CRC_COVERS_FROM: usize = 21;

/// The header of a record batch, decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchHeader {
    /// Offset of the first record.
    pub base_offset: Offset,
    /// Bytes of the batch after the batch length field itself.
    pub batch_length: i32,
    /// The epoch of the leader that appended the batch.
    pub leader_epoch: LeaderEpoch,
    /// CRC-32C of everything from the attributes on.
    pub crc: u32,
    /// Compression, timestamp type and flags.
    pub attributes: Attributes,
    /// Last offset − base offset. Compaction may remove records and leaves this as it was.
    pub last_offset_delta: i32,
    /// Timestamp of the first record, in ms; with [`Attributes::has_delete_horizon`], the delete horizon.
    pub base_timestamp_ms: i64,
    /// The latest timestamp of the batch, in ms.
    pub max_timestamp_ms: i64,
    /// Who produced the batch, if idempotent.
    pub producer_id: ProducerId,
    /// The producer's incarnation, if idempotent.
    pub producer_epoch: ProducerEpoch,
    /// The producer's number of the first record, or −1.
    pub base_sequence: i32,
    /// Records in the batch.
    pub record_count: i32,
}

impl BatchHeader {
    /// Decodes the header that `bytes` begin with, and checks its magic, length, compression and signs.
    ///
    /// # Errors
    /// What is wrong with the header. The body is not looked at, nor the CRC.
    pub fn parse(bytes: &[u8]) -> Result<Self, RecordsError> {
        // The magic lies at the same place in every format version: say so before calling an old message truncated.
        if let Some(&magic) = bytes.get(16)
            && magic.cast_signed() != MAGIC
        {
            return Err(RecordsError::UnsupportedMagic(magic.cast_signed()));
        }
        let Some(bytes) = bytes.first_chunk::<HEADER_BYTES>() else {
            return Err(RecordsError::Truncated { needed: HEADER_BYTES, available: bytes.len() });
        };
        let header = Self {
            base_offset: Offset(i64_at::<0>(bytes)),
            batch_length: i32_at::<8>(bytes),
            leader_epoch: LeaderEpoch(i32_at::<12>(bytes)),
            crc: i32_at::<17>(bytes).cast_unsigned(),
            attributes: Attributes(i16_at::<21>(bytes)),
            last_offset_delta: i32_at::<23>(bytes),
            base_timestamp_ms: i64_at::<27>(bytes),
            max_timestamp_ms: i64_at::<35>(bytes),
            producer_id: ProducerId(i64_at::<43>(bytes)),
            producer_epoch: ProducerEpoch(i16_at::<51>(bytes)),
            base_sequence: i32_at::<53>(bytes),
            record_count: i32_at::<57>(bytes),
        };
        if header.batch_length < (HEADER_BYTES - LOG_OVERHEAD_BYTES) as i32 {
            return Err(RecordsError::BatchLength(header.batch_length));
        }
        header.attributes.compression()?;
        for (field, value) in [
            ("base offset", header.base_offset.0),
            ("last offset delta", i64::from(header.last_offset_delta)),
            ("record count", i64::from(header.record_count)),
        ] {
            if value < 0 {
                return Err(RecordsError::HeaderField { field, value });
            }
        }
        if header.base_offset.0.checked_add(i64::from(header.last_offset_delta) + 1).is_none() {
            return Err(RecordsError::HeaderField { field: "base offset", value: header.base_offset.0 });
        }
        Ok(header)
    }

    /// The header as it lies on disk and on the wire.
    #[must_use]
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[0..8].copy_from_slice(&self.base_offset.0.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.batch_length.to_be_bytes());
        bytes[12..16].copy_from_slice(&self.leader_epoch.0.to_be_bytes());
        bytes[16] = MAGIC.cast_unsigned();
        bytes[17..21].copy_from_slice(&self.crc.to_be_bytes());
        bytes[21..23].copy_from_slice(&self.attributes.0.to_be_bytes());
        bytes[23..27].copy_from_slice(&self.last_offset_delta.to_be_bytes());
        bytes[27..35].copy_from_slice(&self.base_timestamp_ms.to_be_bytes());
        bytes[35..43].copy_from_slice(&self.max_timestamp_ms.to_be_bytes());
        bytes[43..51].copy_from_slice(&self.producer_id.0.to_be_bytes());
        bytes[51..53].copy_from_slice(&self.producer_epoch.0.to_be_bytes());
        bytes[53..57].copy_from_slice(&self.base_sequence.to_be_bytes());
        bytes[57..61].copy_from_slice(&self.record_count.to_be_bytes());
        bytes
    }

    /// Bytes of the whole batch, header included.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        LOG_OVERHEAD_BYTES + usize::try_from(self.batch_length).unwrap_or(0)
    }

    /// Offset of the last record.
    #[must_use]
    pub fn last_offset(&self) -> Offset {
        self.base_offset.plus(i64::from(self.last_offset_delta))
    }

    /// The offset after the batch.
    #[must_use]
    pub fn next_offset(&self) -> Offset {
        self.last_offset().plus(1)
    }

    /// The producer's number of the last record. Numbers wrap from 2³¹ − 1 to 0.
    #[must_use]
    pub fn last_sequence(&self) -> i32 {
        if self.base_sequence < 0 {
            return self.base_sequence;
        }
        ((i64::from(self.base_sequence) + i64::from(self.last_offset_delta)) % (1 << 31)) as i32
    }

    /// Whether the batch comes from an idempotent producer.
    #[must_use]
    pub fn has_producer(&self) -> bool {
        self.producer_id > ProducerId::NONE
    }

    /// The CRC-32C that the header should have, given the batch's body.
    #[must_use]
    pub fn compute_crc(&self, body: &[u8]) -> u32 {
        crc32c::crc32c_append(crc32c::crc32c(&self.encode()[CRC_COVERS_FROM..]), body)
    }
}

/// The CRC-32C of a whole batch's bytes. `batch` holds at least a header, else the answer is that of no bytes.
pub(super) fn crc_of(batch: &[u8]) -> u32 {
    crc32c::crc32c(batch.get(CRC_COVERS_FROM..).unwrap_or_default())
}

/// Who sets the timestamps of records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer.
    #[default]
    CreateTime,
    /// The broker, when it appends: every record has the batch's max timestamp.
    LogAppendTime,
}

/// The attributes of a batch: bits 0 to 2 compression, 3 timestamp type, 4 transactional, 5 control, 6 delete horizon.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes(
    /// The bits as they lie in the header. Those not named above are kept as they are.
    pub i16,
);

impl Attributes {
    const COMPRESSION: i16 = 0x07;
    const LOG_APPEND_TIME: i16 = 0x08;
    const TRANSACTIONAL: i16 = 0x10;
    const CONTROL: i16 = 0x20;
    const DELETE_HORIZON: i16 = 0x40;

    /// How the body is compressed.
    ///
    /// # Errors
    /// The bits name no codec.
    pub fn compression(self) -> Result<Compression, RecordsError> {
        let code = (self.0 & Self::COMPRESSION) as u8;
        Compression::from_code(code).ok_or(RecordsError::UnknownCompression(code))
    }

    /// Who set the timestamps.
    #[must_use]
    pub fn timestamp_type(self) -> TimestampType {
        if self.0 & Self::LOG_APPEND_TIME == 0 {
            TimestampType::CreateTime
        } else {
            TimestampType::LogAppendTime
        }
    }

    /// Whether the batch belongs to a transaction.
    #[must_use]
    pub fn is_transactional(self) -> bool {
        self.0 & Self::TRANSACTIONAL != 0
    }

    /// Whether the batch holds control records, which consumers do not see.
    #[must_use]
    pub fn is_control(self) -> bool {
        self.0 & Self::CONTROL != 0
    }

    /// Whether the base timestamp is the time from which compaction may drop the batch's tombstones.
    #[must_use]
    pub fn has_delete_horizon(self) -> bool {
        self.0 & Self::DELETE_HORIZON != 0
    }

    /// These attributes with another compression.
    #[must_use]
    pub fn with_compression(self, compression: Compression) -> Self {
        Self((self.0 & !Self::COMPRESSION) | i16::from(compression.code()))
    }

    /// These attributes with another timestamp type.
    #[must_use]
    pub fn with_timestamp_type(self, timestamp_type: TimestampType) -> Self {
        self.with(Self::LOG_APPEND_TIME, timestamp_type == TimestampType::LogAppendTime)
    }

    /// These attributes, in a transaction or not.
    #[must_use]
    pub fn with_transactional(self, transactional: bool) -> Self {
        self.with(Self::TRANSACTIONAL, transactional)
    }

    /// These attributes, for control records or not.
    #[must_use]
    pub fn with_control(self, control: bool) -> Self {
        self.with(Self::CONTROL, control)
    }

    fn with(self, bit: i16, set: bool) -> Self {
        Self(if set { self.0 | bit } else { self.0 & !bit })
    }
}

fn i64_at<const AT: usize>(bytes: &[u8; HEADER_BYTES]) -> i64 {
    i64::from_be_bytes(std::array::from_fn(|i| bytes[AT + i]))
}

fn i32_at<const AT: usize>(bytes: &[u8; HEADER_BYTES]) -> i32 {
    i32::from_be_bytes(std::array::from_fn(|i| bytes[AT + i]))
}

fn i16_at<const AT: usize>(bytes: &[u8; HEADER_BYTES]) -> i16 {
    i16::from_be_bytes(std::array::from_fn(|i| bytes[AT + i]))
}
