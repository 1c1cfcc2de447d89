//! What is checked of a record set before it is let near the log. Nothing here takes a lock.

use bytes::Bytes;
use protocol::records::{
    BatchHeader, Batches, Body, Compression, HEADER_BYTES, NO_TIMESTAMP, RecordBatch, RecordsError,
    TimestampType, seal,
};
use protocol::{Offset, ProducerEpoch};

use crate::{AppendOrigin, LogConfig, LogError, RefusalReason, RefusedRecord, RefusedRecords};

/// A batch that may be appended: its header but for base offset and leader epoch, and its records.
#[derive(Debug)]
pub(crate) struct Valid {
    pub(crate) header: BatchHeader,
    pub(crate) payload: Bytes,
    pub(crate) marker: Option<Marker>,
}

/// The end of a transaction, as a control batch says it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Marker {
    pub(crate) coordinator_epoch: i32,
    pub(crate) aborted: bool,
}

/// Checks every batch of a record set and makes of it what is to be written.
pub(crate) fn validate(
    record_set: &Bytes,
    origin: AppendOrigin,
    config: &LogConfig,
    now_ms: i64,
) -> Result<Vec<Valid>, LogError> {
    let mut valid = Vec::with_capacity(1);
    let mut next_offset = Offset(i64::MIN);
    for batch in Batches::new(record_set.clone()) {
        let batch = batch?;
        if origin == AppendOrigin::Client && !valid.is_empty() {
            return Err(LogError::InvalidRecord("a partition's records are more than one batch"));
        }
        let header = batch.header();
        if header.base_offset < next_offset && origin == AppendOrigin::Replica {
            return Err(LogError::InvalidRecord("offsets do not rise"));
        }
        next_offset = header.next_offset();
        valid.push(one(batch, origin, config, now_ms)?);
    }
    if valid.is_empty() {
        return Err(LogError::InvalidRecord("a partition without records"));
    }
    Ok(valid)
}

fn one(batch: RecordBatch, origin: AppendOrigin, config: &LogConfig, now_ms: i64) -> Result<Valid, LogError> {
    let header = *batch.header();
    let size_bytes = batch.bytes().len();
    // A replica stores what its leader has stored, whatever the limit has become since.
    if size_bytes > config.max_message_bytes && origin != AppendOrigin::Replica {
        return Err(LogError::BatchTooLarge { size_bytes, limit_bytes: config.max_message_bytes });
    }
    batch.verify_crc()?;
    if origin == AppendOrigin::Replica {
        return Ok(Valid { header, payload: batch.payload(), marker: marker(&batch, config)? });
    }
    check_header(&header, origin)?;
    let times = AllowedTimes::new(config, now_ms);
    let walked = walk(&batch, config, times)?;
    if walked.is_none() {
        times.check_header(&header)?;
    }
    rewritten(&batch, walked, config, now_ms)
}

/// What a leader demands of a header beyond its format.
fn check_header(header: &BatchHeader, origin: AppendOrigin) -> Result<(), LogError> {
    if header.record_count < 1 || header.record_count - 1 != header.last_offset_delta {
        let (count, last_offset_delta) = (header.record_count, header.last_offset_delta);
        return Err(RecordsError::Count { count, last_offset_delta }.into());
    }
    if header.has_producer() {
        // Markers have no sequence; a producer's own batches have one.
        if header.producer_epoch <= ProducerEpoch::NONE
            || (header.base_sequence < 0 && !header.attributes.is_control())
        {
            return Err(LogError::InvalidRecord("an idempotent batch without producer epoch or sequence"));
        }
    } else if header.attributes.is_transactional() {
        return Err(LogError::InvalidRecord("a transactional batch without producer id"));
    }
    if origin == AppendOrigin::Client {
        if header.attributes.is_control() {
            return Err(LogError::InvalidRecord("a control batch from a client"));
        }
        if header.attributes.timestamp_type() == TimestampType::LogAppendTime {
            return Err(LogError::AppendTimeFromClient);
        }
        if header.attributes.has_delete_horizon() {
            return Err(LogError::InvalidRecord("a delete horizon from a client"));
        }
    }
    Ok(())
}

/// What a walk over a batch's records has found.
struct Walked {
    /// The records, decompressed.
    body: Body,
    /// The latest timestamp.
    max_timestamp_ms: i64,
}

/// Walks the records: all of an uncompressed batch, those of a compressed one if the topic demands it.
fn walk(batch: &RecordBatch, config: &LogConfig, times: AllowedTimes) -> Result<Option<Walked>, LogError> {
    let header = batch.header();
    let compressed = header.attributes.compression()? != Compression::None;
    let needs_keys = config.cleanup_compact && !header.attributes.is_control();
    if compressed && !config.validate_compressed && !needs_keys {
        return Ok(None);
    }
    let body = batch.body(config.inflate_limit_bytes())?;
    let mut max_timestamp_ms = NO_TIMESTAMP;
    let mut refused: Option<RefusedRecords> = None;
    for (index, record) in (0..).zip(body.records().require_consecutive()) {
        let record = record?;
        max_timestamp_ms = max_timestamp_ms.max(record.timestamp_ms);
        let reason = if needs_keys && record.key.is_none() {
            Some(RefusalReason::NoKey)
        } else {
            times.refusal(record.timestamp_ms)
        };
        if let Some(reason) = reason {
            let record = RefusedRecord { index, reason };
            match &mut refused {
                Some(refused) => refused.push(record),
                None => refused = Some(RefusedRecords::new(record)),
            }
        }
    }
    match refused {
        Some(refused) => Err(LogError::RefusedRecords(refused)),
        None => Ok(Some(Walked { body, max_timestamp_ms })),
    }
}

/// The timestamps that a topic takes now.
#[derive(Clone, Copy, Debug)]
struct AllowedTimes {
    earliest_ms: i64,
    latest_ms: i64,
}

impl AllowedTimes {
    fn new(config: &LogConfig, now_ms: i64) -> Self {
        if config.timestamp_type == TimestampType::LogAppendTime {
            // The producer's timestamps are replaced.
            return Self { earliest_ms: i64::MIN, latest_ms: i64::MAX };
        }
        Self {
            earliest_ms: now_ms.saturating_sub(config.timestamp_before_max_ms),
            latest_ms: now_ms.saturating_add(config.timestamp_after_max_ms),
        }
    }

    fn refusal(self, timestamp_ms: i64) -> Option<RefusalReason> {
        let Self { earliest_ms, latest_ms } = self;
        let allowed = timestamp_ms == NO_TIMESTAMP || (earliest_ms..=latest_ms).contains(&timestamp_ms);
        (!allowed).then_some(RefusalReason::Timestamp { timestamp_ms, earliest_ms, latest_ms })
    }

    /// Where the records are not looked at.
    fn check_header(self, header: &BatchHeader) -> Result<(), LogError> {
        let Self { earliest_ms, latest_ms } = self;
        for timestamp_ms in [header.base_timestamp_ms, header.max_timestamp_ms] {
            if self.refusal(timestamp_ms).is_some() {
                return Err(LogError::InvalidTimestamp { timestamp_ms, earliest_ms, latest_ms });
            }
        }
        Ok(())
    }
}

/// The batch as the topic wants it: as it came, unless the topic sets timestamps or compression, or the producer's max
/// timestamp is not that of its records.
fn rewritten(
    batch: &RecordBatch,
    walked: Option<Walked>,
    config: &LogConfig,
    now_ms: i64,
) -> Result<Valid, LogError> {
    let came = batch.header();
    let mut header = *came;
    header.attributes = header.attributes.with_timestamp_type(config.timestamp_type);
    if config.timestamp_type == TimestampType::LogAppendTime {
        header.max_timestamp_ms = now_ms;
    } else if let Some(walked) = &walked {
        header.max_timestamp_ms = walked.max_timestamp_ms;
    }
    let mut payload = batch.payload();
    let marker = marker(batch, config)?;
    match config.compression {
        Some(codec)
            if codec.compression != came.attributes.compression()? && !came.attributes.is_control() =>
        {
            let body = match walked {
                Some(walked) => walked.body,
                None => batch.body(config.inflate_limit_bytes())?,
            };
            let sealed = seal(header, body.bytes(), codec)?;
            header = BatchHeader::parse(&sealed)?;
            payload = sealed.slice(HEADER_BYTES..);
        }
        _ if header != *came => header.crc = header.compute_crc(&payload),
        _ => {}
    }
    Ok(Valid { header, payload, marker })
}

/// The marker in a control batch that ends a transaction.
pub(crate) fn marker(batch: &RecordBatch, config: &LogConfig) -> Result<Option<Marker>, LogError> {
    use protocol::records::{ControlType, EndTransactionMarker};
    let attributes = batch.header().attributes;
    if !attributes.is_control() || !batch.header().has_producer() {
        return Ok(None);
    }
    let body = batch.body(config.inflate_limit_bytes())?;
    let Some(record) = body.records().next().transpose()? else { return Ok(None) };
    let aborted = match record.key.and_then(ControlType::from_key) {
        Some(ControlType::Abort) => true,
        Some(ControlType::Commit) => false,
        _ => return Ok(None),
    };
    let marker = record.value.and_then(EndTransactionMarker::from_value);
    let marker = marker.ok_or(LogError::InvalidRecord("a transaction marker without coordinator epoch"))?;
    Ok(Some(Marker { coordinator_epoch: marker.coordinator_epoch, aborted }))
}
