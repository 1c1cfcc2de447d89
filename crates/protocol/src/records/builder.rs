//! Writing batches: for producing, for internal topics, for control records, and for recompression.

use bytes::Bytes;

use crate::{LeaderEpoch, Offset, ProducerEpoch, ProducerId};

use super::record::Header;
use super::{
    Attributes, BatchHeader, Codec, ControlType, HEADER_BYTES, LOG_OVERHEAD_BYTES, NO_TIMESTAMP,
    RecordsError, varint,
};

/// Collects records and makes one batch of them.
#[derive(Clone, Debug)]
pub struct RecordBatchBuilder {
    codec: Codec,
    base_offset: Offset,
    leader_epoch: LeaderEpoch,
    attributes: Attributes,
    producer: (ProducerId, ProducerEpoch, i32),
    base_timestamp_ms: i64,
    max_timestamp_ms: i64,
    record_count: i32,
    body: Vec<u8>,
}

impl Default for RecordBatchBuilder {
    fn default() -> Self {
        Self::new(Codec::default())
    }
}

impl RecordBatchBuilder {
    /// An empty batch, of no producer, at offset 0.
    #[must_use]
    pub fn new(codec: Codec) -> Self {
        Self {
            codec,
            base_offset: Offset::ZERO,
            leader_epoch: LeaderEpoch::NONE,
            attributes: Attributes::default(),
            producer: (ProducerId::NONE, ProducerEpoch::NONE, -1),
            base_timestamp_ms: NO_TIMESTAMP,
            max_timestamp_ms: NO_TIMESTAMP,
            record_count: 0,
            body: Vec::new(),
        }
    }

    /// The offset of the first record. A broker that receives the batch sets its own.
    #[must_use]
    pub fn base_offset(mut self, offset: Offset) -> Self {
        self.base_offset = offset;
        self
    }

    /// The leader's epoch. A broker that receives the batch sets its own.
    #[must_use]
    pub fn leader_epoch(mut self, epoch: LeaderEpoch) -> Self {
        self.leader_epoch = epoch;
        self
    }

    /// Makes the batch idempotent.
    #[must_use]
    pub fn producer(mut self, id: ProducerId, epoch: ProducerEpoch, base_sequence: i32) -> Self {
        self.producer = (id, epoch, base_sequence);
        self
    }

    /// Makes the batch part of its producer's transaction.
    #[must_use]
    pub fn transactional(mut self) -> Self {
        self.attributes = self.attributes.with_transactional(true);
        self
    }

    /// A batch of one control record, never compressed.
    #[must_use]
    pub fn control(mut self, timestamp_ms: i64, control: ControlType, value: &[u8]) -> Self {
        self.attributes = self.attributes.with_control(true);
        self.codec = Codec::default();
        self.append(timestamp_ms, Some(&control.to_key()), Some(value), &[]);
        self
    }

    /// Adds a record. The first one's timestamp is the batch's base timestamp.
    pub fn append(
        &mut self,
        timestamp_ms: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[Header<'_>],
    ) {
        if self.record_count == 0 {
            self.base_timestamp_ms = timestamp_ms;
        }
        self.max_timestamp_ms = self.max_timestamp_ms.max(timestamp_ms);
        let timestamp_delta = timestamp_ms.wrapping_sub(self.base_timestamp_ms);
        let length = record_bytes(timestamp_delta, self.record_count, key, value, headers);

        let body = &mut self.body;
        varint::write_i32(body, length_of(length));
        body.push(0);
        varint::write_i64(body, timestamp_delta);
        varint::write_i32(body, self.record_count);
        write_nullable(body, key);
        write_nullable(body, value);
        varint::write_i32(body, length_of(headers.len()));
        for header in headers {
            write_nullable(body, Some(header.key));
            write_nullable(body, header.value);
        }
        self.record_count += 1;
    }

    /// Records so far.
    #[must_use]
    pub fn record_count(&self) -> i32 {
        self.record_count
    }

    /// Bytes of the batch if it were closed now and did not compress.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        HEADER_BYTES + self.body.len()
    }

    /// Closes the batch.
    ///
    /// # Errors
    /// [`RecordsError::TooLarge`] beyond 2 GiB, [`RecordsError::Count`] without a record.
    pub fn build(self) -> Result<Bytes, RecordsError> {
        if self.record_count == 0 {
            return Err(RecordsError::Count { count: 0, last_offset_delta: -1 });
        }
        let (producer_id, producer_epoch, base_sequence) = self.producer;
        let header = BatchHeader {
            base_offset: self.base_offset,
            batch_length: 0,
            leader_epoch: self.leader_epoch,
            crc: 0,
            attributes: self.attributes,
            last_offset_delta: self.record_count - 1,
            base_timestamp_ms: self.base_timestamp_ms,
            max_timestamp_ms: self.max_timestamp_ms,
            producer_id,
            producer_epoch,
            base_sequence,
            record_count: self.record_count,
        };
        seal(header, &self.body, self.codec)
    }
}

/// Makes a batch of `header` and an uncompressed `body`, compressing the body by `codec` and setting the header's
/// compression, length and CRC accordingly. Everything else in the header stays.
///
/// # Errors
/// [`RecordsError::TooLarge`] beyond 2 GiB.
pub fn seal(header: BatchHeader, body: &[u8], codec: Codec) -> Result<Bytes, RecordsError> {
    let mut batch = Vec::with_capacity(HEADER_BYTES + body.len());
    batch.resize(HEADER_BYTES, 0);
    codec.compress_into(body, &mut batch)?;
    let batch_length =
        i32::try_from(batch.len() - LOG_OVERHEAD_BYTES).map_err(|_| RecordsError::TooLarge(batch.len()))?;
    let attributes = header.attributes.with_compression(codec.compression);
    let header = BatchHeader { batch_length, attributes, ..header };
    let header = BatchHeader { crc: header.compute_crc(&batch[HEADER_BYTES..]), ..header };
    batch[..HEADER_BYTES].copy_from_slice(&header.encode());
    Ok(batch.into())
}

/// Bytes of a record after its length.
fn record_bytes(
    timestamp_delta: i64,
    offset_delta: i32,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
    headers: &[Header<'_>],
) -> usize {
    let nullable = |bytes: Option<&[u8]>| match bytes {
        Some(bytes) => varint::size_i32(length_of(bytes.len())) + bytes.len(),
        None => varint::size_i32(-1),
    };
    let headers_bytes: usize = headers.iter().map(|h| nullable(Some(h.key)) + nullable(h.value)).sum();
    1 + varint::size_i64(timestamp_delta)
        + varint::size_i32(offset_delta)
        + nullable(key)
        + nullable(value)
        + varint::size_i32(length_of(headers.len()))
        + headers_bytes
}

fn write_nullable(body: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        Some(bytes) => {
            varint::write_i32(body, length_of(bytes.len()));
            body.extend_from_slice(bytes);
        }
        None => varint::write_i32(body, -1),
    }
}

/// A length as the format has it. One beyond 31 bits makes the batch larger than [`seal`] lets pass.
fn length_of(length: usize) -> i32 {
    i32::try_from(length).unwrap_or(i32::MAX)
}
