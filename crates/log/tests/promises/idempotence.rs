//! A batch of an idempotent producer is stored once and in order, whatever is sent again and whatever restarts.

use std::path::Path;

use crate::common::*;
use log::{AppendOrigin, FileKind, Log, LogConfig, LogError, Patience};
use protocol::records::{ControlType, EndTransactionMarker, RecordBatchBuilder};
use protocol::{LeaderEpoch, Offset, ProducerEpoch, ProducerId};

fn log(dir: &Path) -> Log {
    open_clean(dir, LogConfig { segment_bytes: 600, index_interval_bytes: 100, ..LogConfig::default() })
}

#[test]
fn a_batch_sent_again_gets_its_first_offsets() {
    let dir = tempfile::tempdir().unwrap();
    let log = log(dir.path());
    for sequence in 0..10 {
        append(&log, &producer_batch(1, 0, sequence * 3, 3)).unwrap();
    }
    for sequence in 5..10 {
        let info = append(&log, &producer_batch(1, 0, sequence * 3, 3)).unwrap();
        assert!(info.duplicate);
        assert_eq!(
            (info.base_offset, info.last_offset),
            (Offset(sequence as i64 * 3), Offset(sequence as i64 * 3 + 2))
        );
    }
    assert_eq!(log.end_offset(), Offset(30));
    // Older than the last five, or not the same batch: it cannot be told what became of it.
    for (sequence, count) in [(12, 3), (24, 2), (25, 3)] {
        let error = append(&log, &producer_batch(1, 0, sequence, count)).unwrap_err();
        assert!(matches!(error, LogError::OutOfOrderSequence { last_sequence: 29, .. }), "{error}");
    }
    assert_eq!(log.end_offset(), Offset(30));
}

#[test]
fn a_gap_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let log = log(dir.path());
    append(&log, &producer_batch(1, 0, 0, 3)).unwrap();
    let error = append(&log, &producer_batch(1, 0, 4, 1)).unwrap_err();
    assert!(matches!(error, LogError::OutOfOrderSequence { sequence: 4, last_sequence: 2, .. }), "{error}");
    append(&log, &producer_batch(1, 0, 3, 1)).unwrap();
}

#[test]
fn a_later_epoch_begins_at_zero_and_fences_the_earlier_one() {
    let dir = tempfile::tempdir().unwrap();
    let log = log(dir.path());
    append(&log, &producer_batch(1, 0, 0, 3)).unwrap();
    assert!(matches!(append(&log, &producer_batch(1, 1, 3, 1)), Err(LogError::OutOfOrderSequence { .. })));
    append(&log, &producer_batch(1, 1, 0, 1)).unwrap();
    let error = append(&log, &producer_batch(1, 0, 3, 1)).unwrap_err();
    assert!(matches!(error, LogError::InvalidProducerEpoch { .. }), "{error}");
}

#[test]
fn an_unknown_producer_may_begin_anywhere() {
    let dir = tempfile::tempdir().unwrap();
    let log = log(dir.path());
    append(&log, &producer_batch(1, 0, 77, 3)).unwrap();
    append(&log, &producer_batch(1, 0, 80, 3)).unwrap();
    log.expire_producers(NOW_MS + 10, 10);
    append(&log, &producer_batch(1, 0, 7, 3)).unwrap();
}

#[test]
fn sequences_wrap_to_zero() {
    let dir = tempfile::tempdir().unwrap();
    let log = log(dir.path());
    append(&log, &producer_batch(1, 0, i32::MAX - 1, 3)).unwrap();
    let again = append(&log, &producer_batch(1, 0, i32::MAX - 1, 3)).unwrap();
    assert!(again.duplicate);
    append(&log, &producer_batch(1, 0, 1, 1)).unwrap();
}

#[test]
fn restarts_and_lost_snapshots_forget_no_producer() {
    for clean in [true, false] {
        for lost in ["none", "last", "all", "damaged"] {
            let dir = tempfile::tempdir().unwrap();
            let first = log(dir.path());
            for sequence in 0..20 {
                append(&first, &producer_batch(1, 0, sequence * 2, 2)).unwrap();
                append(&first, &producer_batch(2, sequence as i16, 0, 1)).unwrap();
            }
            let expected: Vec<_> = last_batches(&first);
            if clean {
                first.close(NOW_MS).unwrap();
            }
            drop(first);
            damage_snapshots(dir.path(), lost);

            let config = LogConfig { segment_bytes: 600, ..LogConfig::default() };
            let again =
                if clean { open_clean(dir.path(), config) } else { open_unclean(dir.path(), config, 0).0 };
            assert_eq!(last_batches(&again), expected, "clean {clean}, {lost} lost");
            assert!(append(&again, &producer_batch(1, 0, 38, 2)).unwrap().duplicate);
            assert!(append(&again, &producer_batch(1, 0, 41, 2)).is_err());
            append(&again, &producer_batch(1, 0, 40, 2)).unwrap();
        }
    }
}

fn last_batches(log: &Log) -> Vec<(ProducerId, ProducerEpoch, i32, Offset)> {
    let mut last: Vec<_> = log
        .producers()
        .into_iter()
        .map(|(id, state)| {
            let batch = state.last_batch().unwrap();
            (id, state.epoch, batch.last_sequence, batch.last_offset)
        })
        .collect();
    last.sort();
    last
}

fn damage_snapshots(dir: &Path, what: &str) {
    let mut snapshots: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == FileKind::ProducerSnapshot.extension()))
        .collect();
    snapshots.sort();
    assert!(snapshots.len() > 1);
    match what {
        "last" => std::fs::remove_file(snapshots.last().unwrap()).unwrap(),
        "all" => snapshots.iter().for_each(|path| std::fs::remove_file(path).unwrap()),
        "damaged" => snapshots.iter().for_each(|path| std::fs::write(path, b"\0\x01damaged").unwrap()),
        _ => {}
    }
}

fn transactional(log: &Log, producer: i64, sequence: i32) -> Offset {
    let mut builder = RecordBatchBuilder::default()
        .producer(ProducerId(producer), ProducerEpoch(0), sequence)
        .transactional();
    builder.append(NOW_MS, None, Some(b"v"), &[]);
    append(log, &builder.build().unwrap()).unwrap().base_offset
}

fn end_transaction(
    log: &Log,
    producer: i64,
    outcome: ControlType,
    coordinator_epoch: i32,
) -> Result<(), LogError> {
    let marker = EndTransactionMarker { coordinator_epoch };
    let batch = RecordBatchBuilder::default()
        .producer(ProducerId(producer), ProducerEpoch(0), -1)
        .transactional()
        .control(NOW_MS, outcome, &marker.to_value())
        .build()
        .unwrap();
    log.append(&batch, AppendOrigin::Coordinator, LeaderEpoch(0), NOW_MS)?;
    Ok(())
}

#[test]
fn the_last_stable_offset_waits_for_open_transactions_and_their_markers() {
    let dir = tempfile::tempdir().unwrap();
    let log = log(dir.path());
    append(&log, &batch(&[b"a"])).unwrap();
    assert_eq!(transactional(&log, 1, 0), Offset(1));
    assert_eq!(transactional(&log, 2, 0), Offset(2));
    assert_eq!(log.last_stable_offset(), Offset(1));
    end_transaction(&log, 1, ControlType::Abort, 0).unwrap();
    // The marker is not below the high watermark yet.
    assert_eq!(log.last_stable_offset(), Offset(1));
    log.advance_high_watermark(log.end_offset());
    assert_eq!(log.last_stable_offset(), Offset(2));
    end_transaction(&log, 2, ControlType::Commit, 0).unwrap();
    log.advance_high_watermark(log.end_offset());
    assert_eq!(log.last_stable_offset(), log.end_offset());

    let aborted = log.aborted_transactions(Offset(0), log.end_offset(), Patience::Waits).unwrap();
    assert_eq!(aborted.len(), 1);
    assert_eq!(
        (aborted[0].producer_id, aborted[0].first_offset, aborted[0].last_offset),
        (ProducerId(1), Offset(1), Offset(3))
    );
    assert!(log.aborted_transactions(Offset(4), log.end_offset(), Patience::Waits).unwrap().is_empty());
}

#[test]
fn open_and_aborted_transactions_survive_a_crash() {
    let dir = tempfile::tempdir().unwrap();
    let first = log(dir.path());
    for round in 0..20 {
        transactional(&first, 1, round);
        end_transaction(&first, 1, if round % 2 == 0 { ControlType::Abort } else { ControlType::Commit }, 0)
            .unwrap();
    }
    let open = transactional(&first, 3, 0);
    let aborted = first.aborted_transactions(Offset(0), first.end_offset(), Patience::Waits).unwrap();
    assert_eq!(aborted.len(), 10);
    drop(first);

    let (again, _) = open_unclean(dir.path(), LogConfig::default(), 0);
    again.advance_high_watermark(again.end_offset());
    assert_eq!(again.last_stable_offset(), open);
    assert_eq!(again.aborted_transactions(Offset(0), again.end_offset(), Patience::Waits).unwrap(), aborted);
}

#[test]
fn a_coordinator_that_was_replaced_ends_no_transaction() {
    let dir = tempfile::tempdir().unwrap();
    let log = log(dir.path());
    transactional(&log, 1, 0);
    end_transaction(&log, 1, ControlType::Commit, 5).unwrap();
    transactional(&log, 1, 1);
    assert!(matches!(
        end_transaction(&log, 1, ControlType::Commit, 4),
        Err(LogError::CoordinatorFenced { epoch: 4, current: 5 })
    ));
}
