//! Readers see whole batches in order while others append, roll, flush and delete.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::common::*;
use log::{LogConfig, LogError, ReadUntil};
use protocol::Offset;
use protocol::records::Batches;

#[test]
fn readers_see_whole_batches_in_order_whatever_else_happens() {
    const BATCHES: i64 = 3000;
    let dir = tempfile::tempdir().unwrap();
    let config = LogConfig {
        segment_bytes: 20_000,
        index_interval_bytes: 500,
        retention_ms: -1,
        retention_bytes: 200_000,
        file_delete_delay_ms: 0,
        ..LogConfig::default()
    };
    let log = open_clean(dir.path(), config);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for reader in 0..3u32 {
            let (log, done) = (&log, &done);
            scope.spawn(move || {
                let mut next = Offset(0);
                while !(done.load(Ordering::Acquire) && next == log.end_offset()) {
                    let read = log.read(next, 1000 + 3000 * reader, ReadUntil::HighWatermark, true);
                    let info = match read {
                        Err(LogError::OffsetOutOfRange { start, .. }) if start > next => {
                            next = start;
                            continue;
                        }
                        other => other.unwrap(),
                    };
                    let Some(region) = info.region else { continue };
                    let mut expected = next;
                    for batch in Batches::new(region.read().unwrap().into()) {
                        let batch = batch.unwrap();
                        batch.verify_crc().unwrap();
                        assert_eq!(batch.header().base_offset, expected);
                        expected = batch.header().next_offset();
                    }
                    assert_eq!(info.next_offset, expected);
                    next = expected;
                }
            });
        }
        scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                log.flush(log.active_base_offset(), NOW_MS).unwrap();
                log.delete_old_segments(NOW_MS).unwrap();
                log.delete_due_files(NOW_MS).unwrap();
            }
        });
        for index in 0..BATCHES {
            let value = vec![index as u8; index as usize % 700];
            append(&log, &batch(&[&value])).unwrap();
        }
        done.store(true, Ordering::Release);
    });
    assert_eq!(log.end_offset(), Offset(BATCHES));
    assert!(log.start_offset() > Offset(0));
}
