//! Old segments go when the settings say so, and nothing that somebody still reads goes with them.

use std::path::Path;

use crate::common::*;
use log::{Log, LogConfig, LogError, ReadUntil};
use protocol::Offset;
use protocol::records::{Batches, Codec};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Ten segments of two batches each, a day apart.
fn ten_days(dir: &Path, config: LogConfig) -> Log {
    let log = open_clean(dir, LogConfig { timestamp_after_max_ms: i64::MAX, ..config });
    for day in 0..10 {
        for _ in 0..2 {
            append(&log, &batch_at(NOW_MS + day * DAY_MS, &[&[1; 100]], Codec::default())).unwrap();
        }
        if day < 9 {
            log.roll(NOW_MS).unwrap();
        }
    }
    assert_eq!(log.segment_count(), 10);
    log
}

fn files_ending(dir: &Path, end: &str) -> usize {
    std::fs::read_dir(dir)
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_str().unwrap().ends_with(end))
        .count()
}

#[test]
fn segments_older_than_retention_ms_go_and_their_files_later() {
    let dir = tempfile::tempdir().unwrap();
    let log = ten_days(dir.path(), LogConfig { retention_ms: 3 * DAY_MS, ..LogConfig::default() });
    let now_ms = NOW_MS + 9 * DAY_MS;
    let retained = log.delete_old_segments(now_ms).unwrap();
    assert_eq!(retained.segments_deleted, 6);
    assert_eq!(log.start_offset(), Offset(12));
    assert_eq!(log.segment_count(), 4);
    assert!(matches!(
        log.read(Offset(11), 1, ReadUntil::LogEnd, true),
        Err(LogError::OffsetOutOfRange { .. })
    ));
    assert_eq!(files_ending(dir.path(), ".log.deleted"), 6);
    log.delete_due_files(now_ms + 59_999).unwrap();
    assert_eq!(files_ending(dir.path(), ".log.deleted"), 6);
    log.delete_due_files(now_ms + 60_000).unwrap();
    assert_eq!(files_ending(dir.path(), ".deleted"), 0);
}

#[test]
fn when_all_is_old_the_log_goes_on_empty() {
    let dir = tempfile::tempdir().unwrap();
    let log = ten_days(dir.path(), LogConfig { retention_ms: DAY_MS, ..LogConfig::default() });
    let now_ms = NOW_MS + 100 * DAY_MS;
    assert_eq!(log.delete_old_segments(now_ms).unwrap().segments_deleted, 10);
    assert_eq!((log.start_offset(), log.end_offset()), (Offset(20), Offset(20)));
    assert_eq!(log.delete_old_segments(now_ms).unwrap().segments_deleted, 0);
    assert_eq!(append(&log, &batch(&[b"next"])).unwrap().base_offset, Offset(20));
    log.close(NOW_MS).unwrap();
    let log = open_clean(dir.path(), LogConfig::default());
    assert_eq!((log.start_offset(), log.end_offset()), (Offset(20), Offset(21)));
}

#[test]
fn retention_bytes_keeps_at_least_that_much() {
    let dir = tempfile::tempdir().unwrap();
    let log = ten_days(dir.path(), LogConfig { retention_ms: -1, ..LogConfig::default() });
    let segment_bytes = log.size_bytes() / 10;
    let retention_bytes = (segment_bytes * 3 + 1) as i64;
    log.set_config(LogConfig { retention_bytes, retention_ms: -1, ..LogConfig::default() });
    log.delete_old_segments(NOW_MS).unwrap();
    assert_eq!(log.segment_count(), 4);
}

#[test]
fn nothing_at_or_above_the_high_watermark_goes() {
    let dir = tempfile::tempdir().unwrap();
    let log = open_clean(dir.path(), LogConfig { retention_bytes: 0, ..LogConfig::default() });
    for _ in 0..5 {
        log.append(&batch(&[b"a"]), log::AppendOrigin::Client, protocol::LeaderEpoch(0), NOW_MS).unwrap();
        log.roll(NOW_MS).unwrap();
    }
    log.advance_high_watermark(Offset(3));
    assert_eq!(log.delete_old_segments(NOW_MS).unwrap().segments_deleted, 3);
    assert_eq!(log.start_offset(), Offset(3));
}

#[test]
fn deleted_records_are_out_of_range_and_their_segments_go() {
    let dir = tempfile::tempdir().unwrap();
    let log = ten_days(dir.path(), LogConfig { retention_ms: -1, ..LogConfig::default() });
    assert_eq!(log.delete_records_before(Offset(7)).unwrap(), Offset(7));
    assert_eq!(log.delete_records_before(Offset(3)).unwrap(), Offset(7));
    assert!(log.delete_records_before(Offset(21)).is_err());
    assert!(log.read(Offset(6), 100, ReadUntil::LogEnd, true).is_err());
    assert_eq!(log.delete_old_segments(NOW_MS).unwrap().segments_deleted, 3);
    assert_eq!(log.start_offset(), Offset(7));
    assert_eq!(records(&read_all(&log, Offset(7), 1000)).len(), 13);
    // The log's start is kept by the caller's checkpoint.
    log.close(NOW_MS).unwrap();
    let options = log::LogOptions { clean: true, start_offset: Offset(7), ..log::LogOptions::default() };
    let (log, _) = Log::open(dir.path(), options, &files()).unwrap();
    assert_eq!(log.start_offset(), Offset(7));
}

#[test]
fn a_leased_region_outlives_deletion_and_truncation() {
    let dir = tempfile::tempdir().unwrap();
    let log = ten_days(dir.path(), LogConfig { retention_ms: DAY_MS, ..LogConfig::default() });
    let old = log.read(Offset(0), 10_000, ReadUntil::LogEnd, true).unwrap().region.unwrap();
    let new = log.read(Offset(18), 10_000, ReadUntil::LogEnd, true).unwrap().region.unwrap();
    let (old_bytes, new_bytes) = (old.read().unwrap(), new.read().unwrap());

    log.truncate_to(Offset(19), NOW_MS).unwrap();
    append(&log, &batch(&[b"another", b"history"])).unwrap();
    log.delete_old_segments(NOW_MS + 10 * DAY_MS).unwrap();
    log.delete_due_files(i64::MAX).unwrap();
    assert_eq!(old.read().unwrap(), old_bytes);
    assert_eq!(new.read().unwrap(), new_bytes);
    assert_eq!(Batches::new(new_bytes.into()).count(), 2);
}

#[test]
fn segments_roll_by_size_time_and_offsets() {
    let dir = tempfile::tempdir().unwrap();
    let log = open_clean(dir.path(), LogConfig { segment_bytes: 300, ..LogConfig::default() });
    assert!(!append(&log, &batch(&[&[1; 150]])).unwrap().rolled);
    assert!(append(&log, &batch(&[&[1; 150]])).unwrap().rolled);
    assert!(matches!(append(&log, &batch(&[&[1; 300]])), Err(LogError::LargerThanSegment { .. })));

    log.set_config(LogConfig { segment_ms: DAY_MS, ..LogConfig::default() });
    let later = |days: i64| batch_at(NOW_MS + days * DAY_MS / 2, &[b"a"], Codec::default());
    log.set_config(LogConfig {
        segment_ms: DAY_MS,
        timestamp_after_max_ms: i64::MAX,
        ..LogConfig::default()
    });
    assert!(!append(&log, &later(1)).unwrap().rolled);
    assert!(!append(&log, &later(2)).unwrap().rolled);
    assert!(append(&log, &later(3)).unwrap().rolled);

    let far = i64::from(i32::MAX) + 10;
    let record_set = protocol::records::RecordBatchBuilder::default().base_offset(Offset(far));
    let mut record_set = record_set;
    record_set.append(NOW_MS, None, Some(b"far"), &[]);
    let record_set = record_set.build().unwrap();
    let info = log.append(&record_set, log::AppendOrigin::Replica, protocol::LeaderEpoch(0), NOW_MS).unwrap();
    assert!(info.rolled);
    assert_eq!(log.active_base_offset(), Offset(far));
}

#[test]
fn truncation_cuts_at_batches_and_forgets_what_was_cut() {
    for to in 0..=30 {
        let dir = tempfile::tempdir().unwrap();
        let log = open_clean(dir.path(), LogConfig { segment_bytes: 600, ..LogConfig::default() });
        for sequence in 0..10 {
            append(&log, &producer_batch(1, 0, sequence * 3, 3)).unwrap();
        }
        log.truncate_to(Offset(to), NOW_MS).unwrap();
        let end = to / 3 * 3;
        assert_eq!(log.end_offset(), Offset(end));
        assert!(log.high_watermark() <= log.end_offset());
        assert_eq!(read_all(&log, Offset(0), 1000).len() as i64, end / 3);
        // The producer goes on where the log now ends.
        append(&log, &producer_batch(1, 0, end as i32, 3)).unwrap();
        drop(log);
        let (log, report) = open_unclean(dir.path(), LogConfig::default(), 0);
        assert!(report.cut.is_none());
        assert_eq!(log.end_offset(), Offset(end + 3));
    }
}

#[test]
fn a_log_that_starts_anew_starts_where_it_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let log = ten_days(dir.path(), LogConfig::default());
    log.restart_at(Offset(500), NOW_MS).unwrap();
    assert_eq!((log.start_offset(), log.end_offset()), (Offset(500), Offset(500)));
    assert_eq!(append(&log, &batch(&[b"a"])).unwrap().base_offset, Offset(500));
}
