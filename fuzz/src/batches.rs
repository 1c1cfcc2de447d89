//! Record batches for targets and seeds.

use bytes::Bytes;
use protocol::records::{
    BatchHeader, Codec, Compression, ControlType, EndTransactionMarker, HEADER_BYTES, Header,
    LOG_OVERHEAD_BYTES, RecordBatchBuilder,
};
use protocol::{ProducerEpoch, ProducerId};

/// Where a batch says its format version, and the only one there is.
const MAGIC_AT: usize = 16;
const MAGIC: u8 = 2;

/// Where a producer snapshot has its CRC, and what it covers.
const SNAPSHOT_CRC_AT: usize = 2;
const SNAPSHOT_CRC_COVERS_FROM: usize = 6;

/// The time of every record in a seed, in ms.
pub const TIME_MS: i64 = 1_700_000_000_000;

/// The same batch with its length, magic and CRC right, which a fuzzer cannot guess. Bytes that are no batch even then
/// stay as they are.
#[must_use]
pub fn repaired(batch: &[u8]) -> Bytes {
    let mut repaired = batch.to_vec();
    let length = batch.len().checked_sub(LOG_OVERHEAD_BYTES).and_then(|length| i32::try_from(length).ok());
    if let (Some(length), true) = (length, batch.len() >= HEADER_BYTES) {
        repaired[MAGIC_AT] = MAGIC;
        repaired[LOG_OVERHEAD_BYTES - 4..LOG_OVERHEAD_BYTES].copy_from_slice(&length.to_be_bytes());
    }
    if let Ok(header) = BatchHeader::parse(&repaired) {
        let crc = header.compute_crc(&repaired[HEADER_BYTES..]);
        repaired[..HEADER_BYTES].copy_from_slice(&BatchHeader { crc, ..header }.encode());
    }
    repaired.into()
}

/// The same producer snapshot with its CRC right.
#[must_use]
pub fn repaired_snapshot(snapshot: &[u8]) -> Vec<u8> {
    let mut repaired = snapshot.to_vec();
    if let Some((head, covered)) = repaired.split_at_mut_checked(SNAPSHOT_CRC_COVERS_FROM) {
        head[SNAPSHOT_CRC_AT..].copy_from_slice(&crc32c::crc32c(covered).to_be_bytes());
    }
    repaired
}

/// One batch of each kind that brokers meet, by name: of each compression, of an idempotent producer, of a transaction,
/// and the transaction's end.
///
/// # Panics
/// A batch cannot be built.
#[must_use]
pub fn of_each_kind() -> Vec<(String, Bytes)> {
    let compressed = Compression::ALL.map(|(compression, name)| {
        let mut batch = RecordBatchBuilder::new(Codec::new(compression));
        for (key, value) in [(Some(&b"key"[..]), Some(&b"value value value value"[..])), (None, None)] {
            let headers = [Header { key: b"trace", value: Some(b"1") }, Header { key: b"", value: None }];
            batch.append(TIME_MS, key, value, &headers);
        }
        (format!("compressed-{name}"), batch)
    });
    let producer = |sequence| {
        let batch = RecordBatchBuilder::default().producer(ProducerId(5), ProducerEpoch(0), sequence);
        with_record(batch)
    };
    let end = EndTransactionMarker { coordinator_epoch: 3 }.to_value();
    let marker = |control| {
        let batch = RecordBatchBuilder::default().producer(ProducerId(5), ProducerEpoch(0), -1);
        batch.transactional().control(TIME_MS, control, &end)
    };
    let others = [
        ("idempotent", producer(0)),
        ("idempotent-next", producer(1)),
        ("transactional", producer(2).transactional()),
        ("commit", marker(ControlType::Commit)),
        ("abort", marker(ControlType::Abort)),
    ];
    let others = others.map(|(name, batch)| (name.to_owned(), batch));
    let batches = compressed.into_iter().chain(others);
    batches.map(|(name, batch)| (name, batch.build().expect("a batch with records"))).collect()
}

/// A batch of one record without key.
///
/// # Panics
/// The batch cannot be built.
#[must_use]
pub fn of_value(value: &[u8]) -> Bytes {
    let mut batch = RecordBatchBuilder::default();
    batch.append(TIME_MS, None, Some(value), &[]);
    batch.build().expect("a batch with a record")
}

fn with_record(mut batch: RecordBatchBuilder) -> RecordBatchBuilder {
    batch.append(TIME_MS, Some(b"key"), Some(b"value"), &[]);
    batch
}
