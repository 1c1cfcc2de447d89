//! What a fetch brought: batches as bytes, and the records in them for those who want these.

use bytes::Bytes;
use protocol::Offset;
use protocol::records::{BatchHeader, Batches, RecordBatch, RecordsError};

use crate::{ClientError, TopicPartition};

/// The most that one batch may inflate to; what Kafka's brokers take is far below.
const MAX_INFLATED_BYTES: usize = 256 << 20;

/// What one fetch brought of one partition.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// Which partition.
    pub partition: TopicPartition,
    /// The offset that was asked for. The first batch may begin before it.
    pub position: Offset,
    /// Where the next fetch goes on.
    pub next_position: Offset,
    /// Whole batches and perhaps the beginning of another one, as they came. May be empty.
    pub records: Bytes,
    /// Behind the last record that consumers may read.
    pub high_watermark: Offset,
    /// The first offset there is.
    pub log_start_offset: Offset,
}

/// One record, its bytes shared with the batch it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumedRecord {
    /// Its offset.
    pub offset: Offset,
    /// In ms since 1970, or −1.
    pub timestamp_ms: i64,
    /// The key, or null.
    pub key: Option<Bytes>,
    /// The value, or null.
    pub value: Option<Bytes>,
    /// The headers in their order; a value may be null.
    pub headers: Vec<(Bytes, Option<Bytes>)>,
}

impl Fetched {
    /// Decodes the records from the position on. Batches are checked by their CRC; control batches are left out.
    ///
    /// # Errors
    /// A batch is damaged, or inflates to more than 256 MiB.
    pub fn decode(&self) -> Result<Vec<ConsumedRecord>, ClientError> {
        let mut decoded = Vec::new();
        self.decode_into(&mut decoded).map_err(|reason| ClientError::BadRecords {
            partition: self.partition.clone(),
            offset: self.position,
            reason,
        })?;
        Ok(decoded)
    }

    fn decode_into(&self, decoded: &mut Vec<ConsumedRecord>) -> Result<(), RecordsError> {
        for batch in Batches::new(self.records.clone()) {
            let batch = match batch {
                Err(RecordsError::Truncated { .. }) => return Ok(()),
                batch => batch?,
            };
            batch.verify_crc()?;
            if !batch.header().attributes.is_control() && batch.header().last_offset() >= self.position {
                ConsumedRecord::decode_from(&batch, self.position, decoded)?;
            }
        }
        Ok(())
    }
}

impl ConsumedRecord {
    /// Decodes the records of a batch that are at `position` or behind it, onto the end of `decoded`.
    ///
    /// # Errors
    /// The batch is damaged, or inflates to more than 256 MiB. Its CRC is not looked at.
    pub fn decode_from(
        batch: &RecordBatch,
        position: Offset,
        decoded: &mut Vec<Self>,
    ) -> Result<(), RecordsError> {
        let body = batch.body(MAX_INFLATED_BYTES)?;
        let shared = |bytes: &[u8]| body.bytes().slice_ref(bytes);
        for record in body.records() {
            let record = record?;
            let offset = batch.header().base_offset.plus(i64::from(record.offset_delta));
            if offset >= position {
                decoded.push(Self {
                    offset,
                    timestamp_ms: record.timestamp_ms,
                    key: record.key.map(shared),
                    value: record.value.map(shared),
                    headers: record.headers.map(|h| (shared(h.key), h.value.map(shared))).collect(),
                });
            }
        }
        Ok(())
    }
}

/// Where a reader goes on that has `records` from `position` on: behind the last whole batch.
pub(super) fn next_position(records: &Bytes, position: Offset) -> Result<Offset, RecordsError> {
    let mut next = position;
    for batch in Batches::new(records.clone()) {
        match batch.as_ref().map(|batch| BatchHeader::next_offset(batch.header())) {
            Ok(after) => next = next.max(after),
            Err(RecordsError::Truncated { .. }) => break,
            Err(error) => return Err(error.clone()),
        }
    }
    Ok(next)
}

#[cfg(test)]
mod tests {
    use protocol::PartitionIndex;
    use protocol::records::{Codec, Compression, Header, RecordBatchBuilder};

    use super::*;

    fn batch(base_offset: i64, values: &[&str], compression: Compression) -> Bytes {
        let mut builder = RecordBatchBuilder::new(Codec::new(compression)).base_offset(Offset(base_offset));
        for value in values {
            let header = Header { key: b"k", value: None };
            builder.append(7, None, Some(value.as_bytes()), &[header]);
        }
        builder.build().unwrap()
    }

    fn fetched(position: i64, records: &[Bytes]) -> Fetched {
        let records = Bytes::from(records.concat());
        Fetched {
            partition: TopicPartition::new("orders", PartitionIndex(0)),
            position: Offset(position),
            next_position: next_position(&records, Offset(position)).unwrap(),
            records,
            high_watermark: Offset(100),
            log_start_offset: Offset::ZERO,
        }
    }

    #[test]
    fn records_begin_at_the_position_even_inside_a_batch() {
        let batches = [batch(10, &["a", "b", "c"], Compression::Zstd), batch(13, &["d"], Compression::None)];
        let fetched = fetched(12, &batches);
        let decoded = fetched.decode().unwrap();
        let seen: Vec<_> = decoded.iter().map(|record| (record.offset.0, record.value.as_deref())).collect();
        assert_eq!(seen, [(12, Some(&b"c"[..])), (13, Some(&b"d"[..]))]);
        assert_eq!(decoded[0].headers, [(Bytes::from_static(b"k"), None)]);
        assert_eq!(fetched.next_position, Offset(14));
    }

    #[test]
    fn a_batch_that_was_cut_off_comes_again_with_the_next_fetch() {
        let mut cut = batch(11, &["later"], Compression::None);
        cut.truncate(cut.len() - 1);
        let fetched = fetched(10, &[batch(10, &["now"], Compression::None), cut]);
        assert_eq!(fetched.decode().unwrap().len(), 1);
        assert_eq!(fetched.next_position, Offset(11));
    }

    #[test]
    fn a_damaged_batch_is_an_error_that_names_its_place() {
        let mut damaged = batch(5, &["x"], Compression::None).to_vec();
        *damaged.last_mut().unwrap() ^= 1;
        let error = fetched(5, &[damaged.into()]).decode().unwrap_err();
        assert!(error.to_string().starts_with("orders-0 at offset 5: CRC is"), "{error}");
    }
}
