//! Records are found by their time, whatever order the times are in.

use proptest::prelude::*;

use crate::common::*;
use log::{Log, LogConfig};
use protocol::Offset;
use protocol::records::{Codec, Compression, RecordBatchBuilder};

fn config() -> LogConfig {
    LogConfig { segment_bytes: 1500, index_interval_bytes: 150, ..LogConfig::default() }
}

fn fill(log: &Log, batches: &[Vec<i64>]) {
    for (index, timestamps) in batches.iter().enumerate() {
        let (compression, _) = Compression::ALL[index % 5];
        let mut builder = RecordBatchBuilder::new(Codec::new(compression));
        for timestamp in timestamps {
            builder.append(*timestamp, None, Some(&[0; 30]), &[]);
        }
        append(log, &builder.build().unwrap()).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_first_record_as_late_as_a_time_is_found(
        batches in proptest::collection::vec(proptest::collection::vec(0i64..50, 1..4), 1..60),
        start in 0i64..40,
        restart in any::<bool>(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut log = open_clean(dir.path(), config());
        fill(&log, &batches);
        let start = Offset(start).min(log.end_offset());
        if restart {
            log.close(NOW_MS).unwrap();
            let options = log::LogOptions { config: config(), clean: true, ..log::LogOptions::default() };
            log = Log::open(dir.path(), options, &files()).unwrap().0;
            log.advance_high_watermark(log.end_offset());
        }
        log.delete_records_before(start).unwrap();
        let all: Vec<(i64, i64)> = (0..).zip(batches.concat()).filter(|(offset, _)| *offset >= start.0).collect();
        for timestamp in -1..=50 {
            let expected = all.iter().find(|(_, t)| *t >= timestamp).copied();
            let found = log.offset_for_timestamp(timestamp).unwrap().map(|found| (found.offset.0, found.timestamp_ms));
            prop_assert_eq!(found, expected, "time {}", timestamp);
        }
        if start == Offset::ZERO {
            let latest = batches.concat().into_iter().max().unwrap();
            let expected = all.iter().find(|(_, t)| *t == latest).copied();
            let found = log.max_timestamp().unwrap().map(|found| (found.offset.0, found.timestamp_ms));
            prop_assert_eq!(found, expected);
        }
    }
}

#[test]
fn an_empty_log_has_no_times() {
    let dir = tempfile::tempdir().unwrap();
    let log = open_clean(dir.path(), config());
    assert_eq!(log.offset_for_timestamp(0).unwrap(), None);
    assert_eq!(log.max_timestamp().unwrap(), None);
}
