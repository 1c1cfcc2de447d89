//! What the record batch code promises: what is written reads back, and no bytes make it panic or grow without bound.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::Bytes;
use proptest::prelude::*;
use protocol::records::{
    Attributes, BatchHeader, Batches, Codec, Compression, ControlType, EndTransactionMarker, HEADER_BYTES,
    Header, RecordBatch, RecordBatchBuilder, RecordsError, TimestampType, seal,
};
use protocol::{LeaderEpoch, Offset, ProducerEpoch, ProducerId};

const LIMIT_BYTES: usize = 1 << 20;

#[derive(Clone, Debug)]
struct OwnedRecord {
    timestamp_ms: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

fn any_bytes(max: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..max),
        (any::<u8>(), 0..max).prop_map(|(byte, count)| vec![byte; count]),
    ]
}

fn any_record() -> impl Strategy<Value = OwnedRecord> {
    (
        prop_oneof![Just(-1), 0i64..2_000_000_000_000, any::<i32>().prop_map(i64::from)],
        proptest::option::of(any_bytes(40)),
        proptest::option::of(any_bytes(3000)),
        proptest::collection::vec((any_bytes(10), proptest::option::of(any_bytes(20))), 0..4),
    )
        .prop_map(|(timestamp_ms, key, value, headers)| OwnedRecord {
            timestamp_ms,
            key,
            value,
            headers,
        })
}

fn any_compression() -> impl Strategy<Value = Compression> {
    proptest::sample::select(Compression::ALL.map(|(compression, _)| compression).to_vec())
}

fn batch_of(records: &[OwnedRecord], compression: Compression) -> Bytes {
    let mut builder = RecordBatchBuilder::new(Codec::new(compression))
        .base_offset(Offset(77))
        .leader_epoch(LeaderEpoch(5))
        .producer(ProducerId(9), ProducerEpoch(2), 100);
    for record in records {
        let headers: Vec<_> = record
            .headers
            .iter()
            .map(|(key, value)| Header { key: key.as_slice(), value: value.as_deref() })
            .collect();
        builder.append(record.timestamp_ms, record.key.as_deref(), record.value.as_deref(), &headers);
    }
    builder.build().unwrap()
}

fn parse(mut bytes: Bytes) -> Result<RecordBatch, RecordsError> {
    RecordBatch::take_from(&mut bytes)
}

proptest! {
    #[test]
    fn a_batch_reads_back_as_it_was_written(
        records in proptest::collection::vec(any_record(), 1..40),
        compression in any_compression(),
    ) {
        let batch = parse(batch_of(&records, compression)).unwrap();
        batch.verify_crc().unwrap();
        let header = batch.header();
        prop_assert_eq!(header.base_offset, Offset(77));
        prop_assert_eq!(header.next_offset(), Offset(77 + records.len() as i64));
        prop_assert_eq!(header.size_bytes(), batch.bytes().len());
        prop_assert_eq!(header.attributes.compression().unwrap(), compression);
        prop_assert_eq!(header.max_timestamp_ms, records.iter().map(|r| r.timestamp_ms).max().unwrap().max(-1));
        prop_assert_eq!(BatchHeader::parse(&header.encode()).unwrap(), *header);

        let body = batch.body(LIMIT_BYTES).unwrap();
        let read: Vec<_> = body.records().require_consecutive().map(Result::unwrap).collect();
        prop_assert_eq!(read.len(), records.len());
        for (read, written) in read.iter().zip(&records) {
            prop_assert_eq!(read.timestamp_ms, written.timestamp_ms);
            prop_assert_eq!(read.key, written.key.as_deref());
            prop_assert_eq!(read.value, written.value.as_deref());
            let headers: Vec<_> =
                read.headers.map(|h| (h.key.to_vec(), h.value.map(<[u8]>::to_vec))).collect();
            prop_assert_eq!(&headers, &written.headers);
        }
    }

    #[test]
    fn a_flipped_bit_fails_the_crc_or_the_parse(
        record in any_record(),
        compression in any_compression(),
        at in any::<proptest::sample::Index>(),
        bit in 0u8..8,
    ) {
        let intact = batch_of(&[record], compression);
        let mut bytes = intact.to_vec();
        // Base offset and leader epoch lie outside the CRC by design.
        let at = 16 + at.index(bytes.len() - 16);
        bytes[at] ^= 1 << bit;
        if let Ok(batch) = parse(bytes.into()) {
            let refused = matches!(batch.verify_crc(), Err(RecordsError::Crc { .. }));
            prop_assert!(refused);
        }
    }

    #[test]
    fn random_bodies_are_refused_or_read_and_never_panic(
        body in proptest::collection::vec(any::<u8>(), 0..300),
        compression in any_compression(),
        record_count in 0i32..5,
    ) {
        let batch = with_body(&body, compression, record_count);
        if let Ok(body) = batch.body(LIMIT_BYTES) {
            for record in body.records().flatten() {
                prop_assert!(record.headers.count() <= body.bytes().len());
            }
        }
    }

    #[test]
    fn damaged_bodies_are_refused_or_read_and_never_panic(
        records in proptest::collection::vec(any_record(), 1..5),
        compression in any_compression(),
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = batch_of(&records, compression).to_vec();
        for (at, byte) in damage {
            let at = HEADER_BYTES + at.index(bytes.len() - HEADER_BYTES);
            bytes[at] = byte;
        }
        if let Ok(body) = parse(bytes.into()).unwrap().body(LIMIT_BYTES) {
            prop_assert!(body.bytes().len() <= LIMIT_BYTES);
            let _ = body.records().flatten().map(|r| r.headers.count()).sum::<usize>();
        }
    }

    #[test]
    fn random_headers_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..130), magic in any::<bool>()) {
        let mut bytes = bytes;
        if magic && bytes.len() > 16 {
            bytes[16] = 2;
            bytes[8] = 0;
            bytes[9] = 0;
        }
        for batch in Batches::new(bytes.into()).flatten() {
            let _ = batch.verify_crc();
            let _ = (batch.header().last_sequence(), batch.header().next_offset());
        }
    }
}

/// A batch whose stored body is exactly `body`, whatever its compression bits say.
fn with_body(body: &[u8], compression: Compression, record_count: i32) -> RecordBatch {
    let template = parse(batch_of(
        &[OwnedRecord { timestamp_ms: 1, key: None, value: None, headers: vec![] }],
        Compression::None,
    ))
    .unwrap();
    let sealed =
        parse(seal(BatchHeader { record_count, ..*template.header() }, body, Codec::default()).unwrap())
            .unwrap();
    let header =
        BatchHeader { attributes: Attributes::default().with_compression(compression), ..*sealed.header() };
    parse([&header.encode()[..], body].concat().into()).unwrap()
}

#[test]
fn a_decompression_bomb_stops_at_the_limit() {
    let zeros = vec![0; 8 * LIMIT_BYTES];
    for (compression, _) in Compression::ALL {
        let mut body = Vec::new();
        Codec::new(compression).compress_into(&zeros, &mut body).unwrap();
        assert_eq!(
            compression.decompress(&body, LIMIT_BYTES),
            Err(RecordsError::Inflates { compression, limit_bytes: LIMIT_BYTES })
        );
    }
}

#[test]
fn a_snappy_block_that_only_promises_bytes_is_refused() {
    // The length 2²⁷ as a varint, and nothing behind it.
    let body = [0x80, 0x80, 0x80, 0x40];
    assert!(matches!(
        Compression::Snappy.decompress(&body, 1 << 30),
        Err(RecordsError::Decompress { compression: Compression::Snappy, .. })
    ));
}

#[test]
fn snappy_without_framing_is_read() {
    let body = snap::raw::Encoder::new().compress_vec(b"as librdkafka may write it").unwrap();
    assert_eq!(Compression::Snappy.decompress(&body, LIMIT_BYTES).unwrap(), b"as librdkafka may write it");
}

#[test]
fn old_message_sets_are_refused_by_their_magic() {
    let mut old = vec![0; 34];
    old[16] = 1;
    assert_eq!(parse(old.into()).unwrap_err(), RecordsError::UnsupportedMagic(1));
}

#[test]
fn counts_and_deltas_that_disagree_are_refused() {
    let records = vec![OwnedRecord { timestamp_ms: 3, key: None, value: Some(vec![1]), headers: vec![] }; 3];
    let batch = parse(batch_of(&records, Compression::None)).unwrap();
    let body = batch.payload();
    let walk = |header: BatchHeader| {
        let batch = parse(seal(header, &body, Codec::default()).unwrap()).unwrap();
        let body = batch.body(LIMIT_BYTES).unwrap();
        body.records().require_consecutive().find_map(Result::err)
    };
    let header = *batch.header();
    assert_eq!(walk(header), None);
    assert!(matches!(
        walk(BatchHeader { record_count: 2, ..header }),
        Some(RecordsError::TrailingBytes { count: 2, .. })
    ));
    assert_eq!(
        walk(BatchHeader { record_count: 4, ..header }),
        Some(RecordsError::Record { index: 3, field: "length" })
    );
}

#[test]
fn append_time_replaces_the_records_own() {
    let records = vec![OwnedRecord { timestamp_ms: 3, key: None, value: None, headers: vec![] }; 2];
    let batch = parse(batch_of(&records, Compression::None)).unwrap();
    let attributes = batch.header().attributes.with_timestamp_type(TimestampType::LogAppendTime);
    let header = BatchHeader { attributes, max_timestamp_ms: 1000, ..*batch.header() };
    let batch = parse(seal(header, &batch.payload(), Codec::default()).unwrap()).unwrap();
    let body = batch.body(LIMIT_BYTES).unwrap();
    assert!(body.records().all(|record| record.unwrap().timestamp_ms == 1000));
}

#[test]
fn control_batches_carry_their_type_and_marker() {
    let marker = EndTransactionMarker { coordinator_epoch: 7 };
    let bytes = RecordBatchBuilder::default()
        .producer(ProducerId(1), ProducerEpoch(0), -1)
        .transactional()
        .control(5, ControlType::Commit, &marker.to_value())
        .build()
        .unwrap();
    let batch = parse(bytes).unwrap();
    assert!(batch.header().attributes.is_control() && batch.header().attributes.is_transactional());
    let body = batch.body(LIMIT_BYTES).unwrap();
    let record = body.records().next().unwrap().unwrap();
    assert_eq!(ControlType::from_key(record.key.unwrap()), Some(ControlType::Commit));
    assert_eq!(EndTransactionMarker::from_value(record.value.unwrap()), Some(marker));
}

#[test]
fn sequences_wrap_to_zero() {
    let records = vec![OwnedRecord { timestamp_ms: 3, key: None, value: None, headers: vec![] }; 3];
    let header = *parse(batch_of(&records, Compression::None)).unwrap().header();
    assert_eq!(BatchHeader { base_sequence: i32::MAX - 1, ..header }.last_sequence(), 0);
    assert_eq!(BatchHeader { base_sequence: -1, ..header }.last_sequence(), -1);
}
