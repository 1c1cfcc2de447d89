//! What the tests of the log share.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use log::{
    AppendInfo, AppendOrigin, Log, LogConfig, LogError, LogOptions, OpenFiles, ReadUntil, RecoveryReport,
};
use protocol::records::{Batches, Codec, RecordBatch, RecordBatchBuilder};
use protocol::{LeaderEpoch, Offset, ProducerEpoch, ProducerId};

pub(crate) const NOW_MS: i64 = 1_700_000_000_000;

pub(crate) fn files() -> Arc<OpenFiles> {
    OpenFiles::new(64)
}

/// Opens a log as after a clean stop.
pub(crate) fn open_clean(dir: &Path, config: LogConfig) -> Log {
    let options = LogOptions { config, clean: true, now_ms: NOW_MS, ..LogOptions::default() };
    Log::open(dir, options, &files()).unwrap().0
}

/// Opens a log as after a crash.
pub(crate) fn open_unclean(dir: &Path, config: LogConfig, recovery_point: i64) -> (Log, RecoveryReport) {
    let recovery_point = Offset(recovery_point);
    let options = LogOptions { config, recovery_point, now_ms: NOW_MS, ..LogOptions::default() };
    Log::open(dir, options, &files()).unwrap()
}

/// A batch whose records have these values and consecutive timestamps.
pub(crate) fn batch(values: &[&[u8]]) -> Bytes {
    batch_at(NOW_MS, values, Codec::default())
}

pub(crate) fn batch_at(timestamp_ms: i64, values: &[&[u8]], codec: Codec) -> Bytes {
    let mut builder = RecordBatchBuilder::new(codec);
    for (index, value) in values.iter().enumerate() {
        builder.append(timestamp_ms + index as i64, Some(b"k"), Some(value), &[]);
    }
    builder.build().unwrap()
}

pub(crate) fn producer_batch(id: i64, epoch: i16, sequence: i32, count: i32) -> Bytes {
    let mut builder = RecordBatchBuilder::default().producer(ProducerId(id), ProducerEpoch(epoch), sequence);
    for _ in 0..count {
        builder.append(NOW_MS, None, Some(b"v"), &[]);
    }
    builder.build().unwrap()
}

/// Appends as a client does, and moves the high watermark to the end.
pub(crate) fn append(log: &Log, record_set: &Bytes) -> Result<AppendInfo, LogError> {
    let info = log.append(record_set, AppendOrigin::Client, LeaderEpoch(0), NOW_MS)?;
    log.advance_high_watermark(log.end_offset());
    Ok(info)
}

/// Reads everything from `from` on, as a consumer does with this limit.
pub(crate) fn read_all(log: &Log, from: Offset, max_bytes: u32) -> Vec<RecordBatch> {
    let mut batches = Vec::new();
    let mut next = from;
    loop {
        let info = log.read(next, max_bytes, ReadUntil::LogEnd, true).unwrap();
        let Some(region) = info.region else {
            assert_eq!(next, log.end_offset());
            return batches;
        };
        let read: Vec<_> = Batches::new(region.read().unwrap().into()).map(Result::unwrap).collect();
        assert_eq!(read.last().unwrap().header().next_offset(), info.next_offset);
        next = info.next_offset;
        batches.extend(read);
    }
}

/// Offset and value of every record.
pub(crate) fn records(batches: &[RecordBatch]) -> Vec<(i64, Vec<u8>)> {
    let mut records = Vec::new();
    for batch in batches {
        batch.verify_crc().unwrap();
        let body = batch.body(1 << 20).unwrap();
        for record in body.records() {
            let record = record.unwrap();
            let offset = batch.header().base_offset.plus(record.offset_delta.into());
            records.push((offset.0, record.value.unwrap_or_default().to_vec()));
        }
    }
    records
}
