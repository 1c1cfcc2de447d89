//! A batch as a view of bytes, and the batches of a record set one after another.

use bytes::Bytes;

use super::header::crc_of;
use super::{BatchHeader, Compression, HEADER_BYTES, Records, RecordsError};

/// One whole batch: its decoded header and its bytes as they came.
#[derive(Clone, Debug)]
pub struct RecordBatch {
    header: BatchHeader,
    bytes: Bytes,
}

impl RecordBatch {
    /// Takes the batch that `bytes` begin with off their front.
    ///
    /// # Errors
    /// The header is malformed, or the bytes end before the batch does; `bytes` stay as they were. Neither the CRC nor
    /// the records are looked at.
    pub fn take_from(bytes: &mut Bytes) -> Result<Self, RecordsError> {
        let header = BatchHeader::parse(bytes)?;
        let needed = header.size_bytes();
        if bytes.len() < needed {
            return Err(RecordsError::Truncated { needed, available: bytes.len() });
        }
        Ok(Self { header, bytes: bytes.split_to(needed) })
    }

    /// The decoded header.
    #[must_use]
    pub fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// The whole batch, header included.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The records as they came, compressed or not.
    #[must_use]
    pub fn payload(&self) -> Bytes {
        self.bytes.slice(HEADER_BYTES..)
    }

    /// Computes the CRC over the batch's bytes and compares it with the header's.
    ///
    /// # Errors
    /// [`RecordsError::Crc`] if they differ.
    pub fn verify_crc(&self) -> Result<(), RecordsError> {
        let computed = crc_of(&self.bytes);
        if computed == self.header.crc {
            Ok(())
        } else {
            Err(RecordsError::Crc { stored: self.header.crc, computed })
        }
    }

    /// The records, decompressed if need be to at most `limit_bytes`. An uncompressed body is not copied.
    ///
    /// # Errors
    /// The body does not decompress, or inflates beyond the limit.
    pub fn body(&self, limit_bytes: usize) -> Result<Body, RecordsError> {
        let bytes = match self.header.attributes.compression()? {
            Compression::None => self.payload(),
            compression => compression.decompress(&self.bytes[HEADER_BYTES..], limit_bytes)?.into(),
        };
        Ok(Body { header: self.header, bytes })
    }
}

/// The uncompressed records of a batch.
#[derive(Clone, Debug)]
pub struct Body {
    header: BatchHeader,
    bytes: Bytes,
}

impl Body {
    /// The records' bytes. A key or value of [`Self::records`] can be kept by `bytes().slice_ref(key)`.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The records in order.
    #[must_use]
    pub fn records(&self) -> Records<'_> {
        Records::new(&self.header, &self.bytes)
    }
}

/// The batches of a record set in order. After an error there is nothing more.
///
/// A fetch may end in the middle of a batch: [`RecordsError::Truncated`] is then the expected end.
#[derive(Debug)]
pub struct Batches {
    rest: Bytes,
}

impl Batches {
    /// The batches in `record_set`.
    #[must_use]
    pub fn new(record_set: Bytes) -> Self {
        Self { rest: record_set }
    }
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, RecordsError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let batch = RecordBatch::take_from(&mut self.rest);
        if batch.is_err() {
            self.rest.clear();
        }
        Some(batch)
    }
}
