//! What is appended is read, at the offsets it was given, and nothing else is.

use crate::common::*;
use log::{AppendOrigin, LogConfig, LogError, ReadUntil, RefusalReason};
use protocol::records::{Codec, Compression, RecordBatchBuilder, TimestampType};
use protocol::{LeaderEpoch, Offset};

#[test]
fn what_is_appended_is_read_across_segments_and_restarts() {
    let dir = tempfile::tempdir().unwrap();
    let config = LogConfig { segment_bytes: 2000, index_interval_bytes: 200, ..LogConfig::default() };
    let mut expected = Vec::new();
    for restart in 0..3 {
        let log = open_clean(dir.path(), config.clone());
        for count in 0..40usize {
            let value = vec![count as u8; count * 3];
            let values = vec![value.as_slice(); 1 + count % 3];
            let info = append(&log, &batch(&values)).unwrap();
            assert_eq!(info.base_offset.0, expected.len() as i64);
            for value in values {
                expected.push((expected.len() as i64, value.to_vec()));
            }
            assert_eq!(info.last_offset.0 + 1, expected.len() as i64);
        }
        for max_bytes in [1, 150, 1000, 1 << 20] {
            assert_eq!(records(&read_all(&log, Offset::ZERO, max_bytes)), expected, "{restart} {max_bytes}");
        }
        assert!(log.segment_count() > 3);
        log.close(NOW_MS).unwrap();
    }
}

#[test]
fn only_what_was_appended_a_moment_ago_is_sent_without_asking_for_its_pages() {
    let dir = tempfile::tempdir().unwrap();
    let is_fresh = |log: &log::Log, from: Offset| {
        let read = log.read(from, 1 << 20, ReadUntil::LogEnd, true).unwrap();
        read.region.unwrap().is_fresh()
    };
    let log = open_clean(dir.path(), LogConfig::default());
    // More than once, in case the machine stands still for seconds between the two.
    let mut appended = std::iter::repeat_with(|| append(&log, &batch(&[b"a"])).unwrap().base_offset);
    assert!(appended.by_ref().take(10).any(|offset| is_fresh(&log, offset)));
    log.close(NOW_MS).unwrap();

    let log = open_clean(dir.path(), LogConfig::default());
    assert!(!is_fresh(&log, Offset::ZERO));
    let mut appended = std::iter::repeat_with(|| append(&log, &batch(&[b"a"])).unwrap().base_offset);
    assert!(appended.by_ref().take(10).any(|offset| is_fresh(&log, offset)));
    assert!(!is_fresh(&log, Offset::ZERO));
}

#[test]
fn a_read_begins_with_the_batch_that_holds_the_offset() {
    let dir = tempfile::tempdir().unwrap();
    let log = open_clean(dir.path(), LogConfig { index_interval_bytes: 100, ..LogConfig::default() });
    for _ in 0..100 {
        append(&log, &batch(&[b"a", b"b", b"c"])).unwrap();
    }
    for offset in 0..300 {
        let read = read_all(&log, Offset(offset), 500);
        assert_eq!(read[0].header().base_offset.0, offset / 3 * 3);
        assert_eq!(read.last().unwrap().header().last_offset(), Offset(299));
    }
}

#[test]
fn nothing_beyond_the_high_watermark_is_read_by_consumers() {
    let dir = tempfile::tempdir().unwrap();
    let log = open_clean(dir.path(), LogConfig { index_interval_bytes: 100, ..LogConfig::default() });
    for _ in 0..50 {
        log.append(&batch(&[b"a", b"b"]), AppendOrigin::Client, LeaderEpoch(0), NOW_MS).unwrap();
    }
    for high_watermark in 0..=50 {
        log.advance_high_watermark(Offset(high_watermark * 2));
        for from in 0..=100 {
            let info = log.read(Offset(from), 1 << 20, ReadUntil::HighWatermark, true).unwrap();
            assert_eq!(
                info.next_offset.0,
                from.max(high_watermark * 2).min(if info.region.is_some() {
                    high_watermark * 2
                } else {
                    from
                })
            );
            assert_eq!(info.region.is_some(), from < high_watermark * 2);
        }
    }
}

#[test]
fn offsets_outside_the_log_are_refused_with_its_bounds() {
    let dir = tempfile::tempdir().unwrap();
    let log = open_clean(dir.path(), LogConfig::default());
    append(&log, &batch(&[b"a", b"b"])).unwrap();
    assert!(log.read(Offset(2), 100, ReadUntil::LogEnd, true).unwrap().region.is_none());
    for requested in [Offset(-1), Offset(3)] {
        let error = log.read(requested, 100, ReadUntil::LogEnd, true).unwrap_err();
        assert!(
            matches!(error, LogError::OffsetOutOfRange { start: Offset(0), end: Offset(2), .. }),
            "{error}"
        );
    }
}

#[test]
fn a_batch_larger_than_the_limit_is_read_alone_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let log = open_clean(dir.path(), LogConfig::default());
    for _ in 0..3 {
        append(&log, &batch(&[&[7; 5000]])).unwrap();
    }
    let info = log.read(Offset(0), 10, ReadUntil::LogEnd, true).unwrap();
    assert_eq!(info.next_offset, Offset(1));
    let info = log.read(Offset(0), 10, ReadUntil::LogEnd, false).unwrap();
    assert!(info.region.is_none());
}

#[test]
fn a_topic_that_stamps_its_records_stamps_them() {
    let dir = tempfile::tempdir().unwrap();
    let config = LogConfig { timestamp_type: TimestampType::LogAppendTime, ..LogConfig::default() };
    let log = open_clean(dir.path(), config);
    let info = append(&log, &batch_at(5, &[b"a", b"b"], Codec::default())).unwrap();
    assert_eq!(info.log_append_time_ms, NOW_MS);
    let read = read_all(&log, Offset(0), 1000);
    assert_eq!(records(&read).len(), 2);
    let body = read[0].body(1000).unwrap();
    assert!(body.records().all(|record| record.unwrap().timestamp_ms == NOW_MS));
}

#[test]
fn a_topic_with_a_codec_of_its_own_recompresses() {
    for (compression, _) in Compression::ALL {
        for (came, _) in Compression::ALL {
            let dir = tempfile::tempdir().unwrap();
            let config = LogConfig { compression: Some(Codec::new(compression)), ..LogConfig::default() };
            let log = open_clean(dir.path(), config);
            let sent = batch_at(NOW_MS, &[&[1; 500], &[2; 500]], Codec::new(came));
            append(&log, &sent).unwrap();
            let read = read_all(&log, Offset(0), 10_000);
            assert_eq!(read[0].header().attributes.compression().unwrap(), compression);
            assert_eq!(records(&read), [(0, vec![1; 500]), (1, vec![2; 500])]);
        }
    }
}

#[test]
fn a_batch_with_records_that_the_log_does_not_take_is_refused_whole_and_each_of_them_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let config = LogConfig { cleanup_compact: true, timestamp_after_max_ms: 1_000, ..LogConfig::default() };
    let log = open_clean(dir.path(), config);
    let (latest_ms, too_late_ms) = (NOW_MS + 1_000, NOW_MS + 1_001);
    for (compression, name) in Compression::ALL {
        let mut builder = RecordBatchBuilder::new(Codec::new(compression));
        builder.append(latest_ms, Some(b"k"), Some(b"v"), &[]);
        builder.append(too_late_ms, Some(b"k"), Some(b"v"), &[]);
        builder.append(latest_ms, None, Some(b"v"), &[]);
        builder.append(latest_ms, Some(b"k"), None, &[]);
        let error = append(&log, &builder.build().unwrap()).unwrap_err();

        let LogError::RefusedRecords(refused) = &error else { panic!("{name}: {error}") };
        let named: Vec<_> = refused.named().map(|record| (record.index, record.reason)).collect();
        let [(1, RefusalReason::Timestamp { timestamp_ms, .. }), (2, RefusalReason::NoKey)] = named[..]
        else {
            panic!("{name}: {named:?}")
        };
        assert_eq!(timestamp_ms, too_late_ms, "{name}");
        assert_eq!(log.end_offset(), Offset(0), "{name}");
    }
}
