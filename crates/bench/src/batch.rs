//! The batch that is sent again and again.

use bytes::Bytes;
use protocol::records::{Codec, HEADER_BYTES, RecordBatchBuilder};

use crate::BenchError;

/// A batch of equal records, built once.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    /// As it goes over the wire.
    pub(crate) bytes: Bytes,
    /// How many records it holds.
    pub(crate) records: u64,
}

impl Batch {
    /// As many records with values of `record_bytes` as fit into `batch_bytes`, and at least one.
    pub(crate) fn build(record_bytes: usize, batch_bytes: usize, now_ms: i64) -> Result<Self, BenchError> {
        let value = noise(record_bytes);
        let mut builder = RecordBatchBuilder::new(Codec::default());
        builder.append(now_ms, None, Some(&value), &[]);
        let mut largest_record = builder.size_bytes() - HEADER_BYTES;
        loop {
            let before = builder.size_bytes();
            // Later records have longer offset deltas: two bytes more at the most.
            if before + largest_record + 2 > batch_bytes {
                break;
            }
            builder.append(now_ms, None, Some(&value), &[]);
            largest_record = largest_record.max(builder.size_bytes() - before);
        }
        let records = u64::from(builder.record_count().unsigned_abs());
        Ok(Self { bytes: builder.build()?, records })
    }
}

/// Bytes that no file system or network compresses away, the same in every run.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..length).map(|_| next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::records::RecordBatch;

    #[test]
    fn a_batch_is_valid_and_no_larger_than_asked_for() {
        for (record_bytes, batch_bytes) in
            [(100, 16 << 10), (1_000, 64 << 10), (1_024, 1 << 20), (5_000, 100)]
        {
            let batch = Batch::build(record_bytes, batch_bytes, 1_700_000_000_000).unwrap();
            let read = RecordBatch::take_from(&mut batch.bytes.clone()).unwrap();
            read.verify_crc().unwrap();
            let records: Vec<_> =
                read.body(1 << 24).unwrap().records().map(|r| r.unwrap().value.unwrap().len()).collect();
            assert_eq!(records.len() as u64, batch.records);
            assert!(records.iter().all(|&length| length == record_bytes));
            assert!(batch.bytes.len() <= batch_bytes || batch.records == 1);
            assert!(batch.bytes.len() + 2 * (record_bytes + 20) > batch_bytes, "no room is left unused");
        }
    }
}
