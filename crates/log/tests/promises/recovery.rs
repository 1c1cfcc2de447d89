//! After a crash everything up to the first byte that is not an intact batch is there, and nothing else.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use proptest::prelude::*;

use crate::common::*;
use log::{AppendOrigin, Log, LogConfig, Patience, ReadUntil};
use protocol::records::{Batches, Codec, Compression, RecordBatchBuilder};
use protocol::{LeaderEpoch, Offset};

fn config() -> LogConfig {
    LogConfig { segment_bytes: 4000, index_interval_bytes: 300, ..LogConfig::default() }
}

/// Appends batches of all kinds and gives each one's file, position in it and offset.
fn fill(log: &Log, count: usize) {
    for index in 0..count {
        let (compression, _) = Compression::ALL[index % Compression::ALL.len()];
        let value = vec![index as u8; index * 17 % 400];
        append(log, &batch_at(NOW_MS + index as i64, &[&value, b"x"], Codec::new(compression))).unwrap();
    }
}

fn segment_paths(dir: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
        .collect();
    paths.sort();
    paths
}

/// The offset of the first batch that the byte at `position` of the segment belongs to.
fn offset_at(path: &Path, position: u64) -> i64 {
    let bytes = fs::read(path).unwrap();
    let mut at = 0;
    loop {
        let header = protocol::records::BatchHeader::parse(&bytes[at..]).unwrap();
        at += header.size_bytes();
        if at as u64 > position {
            return header.base_offset.0;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_cut_tail_costs_only_the_batch_that_was_cut(cut in 1u64..3000) {
        let dir = tempfile::tempdir().unwrap();
        let log = open_clean(dir.path(), config());
        fill(&log, 60);
        let before = records(&read_all(&log, Offset::ZERO, 1 << 20));
        drop(log);
        let last = segment_paths(dir.path()).pop().unwrap();
        let size = fs::metadata(&last).unwrap().len();
        let kept = size.saturating_sub(cut);
        let first_lost = if kept == size { i64::MAX } else { offset_at(&last, kept) };
        OpenOptions::new().write(true).open(&last).unwrap().set_len(kept).unwrap();

        let (log, report) = open_unclean(dir.path(), config(), 0);
        prop_assert_eq!(log.end_offset().0, first_lost);
        prop_assert!(report.cut.is_none_or(|cut| cut.segments_removed == 0));
        let after = records(&read_all(&log, Offset::ZERO, 1 << 20));
        let expected: Vec<_> = before.into_iter().filter(|(offset, _)| *offset < first_lost).collect();
        prop_assert_eq!(&after, &expected);
        // The log goes on, and the next start finds nothing to complain about.
        append(&log, &batch(&[b"next"])).unwrap();
        drop(log);
        let (log, report) = open_unclean(dir.path(), config(), 0);
        prop_assert!(report.cut.is_none());
        prop_assert_eq!(log.end_offset().0, first_lost + 1);
    }

    #[test]
    fn a_damaged_byte_ends_the_log_at_its_batch(
        segment in any::<proptest::sample::Index>(),
        position in any::<proptest::sample::Index>(),
        bit in 0u8..8,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let log = open_clean(dir.path(), config());
        fill(&log, 60);
        let before = records(&read_all(&log, Offset::ZERO, 1 << 20));
        drop(log);
        let paths = segment_paths(dir.path());
        let path = &paths[segment.index(paths.len())];
        let position = position.index(fs::metadata(path).unwrap().len() as usize) as u64;
        let damaged = offset_at(path, position);
        flip(path, position, bit);

        let (log, report) = open_unclean(dir.path(), config(), 0);
        let after = records(&read_all(&log, Offset::ZERO, 1 << 20));
        let expected: Vec<_> = before.iter().filter(|(offset, _)| *offset < damaged).cloned().collect();
        // Base offset and leader epoch lie outside the CRC: such a change may go unnoticed, but moves nothing before it.
        prop_assert_eq!(&after[..expected.len().min(after.len())], &expected[..]);
        if after.len() > expected.len() {
            prop_assert!(report.cut.is_none_or(|cut| cut.position.0 > 0));
        }
    }

    #[test]
    fn random_bytes_as_a_segment_never_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..2000),
        index in proptest::collection::vec(any::<u8>(), 0..100),
        as_batches in any::<bool>(),
        clean in any::<bool>(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut bytes = bytes;
        if as_batches {
            // Batch lengths that make sense lead further into the code.
            for at in (0..bytes.len().saturating_sub(61)).step_by(100) {
                bytes[at..at + 8].copy_from_slice(&(at as i64).to_be_bytes());
                bytes[at + 8..at + 12].copy_from_slice(&88u32.to_be_bytes());
                bytes[at + 16] = 2;
            }
        }
        for (name, content) in [("log", &bytes), ("index", &index), ("timeindex", &index), ("txnindex", &index), ("snapshot", &index)] {
            fs::write(dir.path().join(format!("00000000000000000000.{name}")), content).unwrap();
        }
        fs::write(dir.path().join("leader-epoch-checkpoint"), &index).unwrap();
        let options = log::LogOptions { config: config(), clean, now_ms: NOW_MS, ..log::LogOptions::default() };
        if let Ok((log, _)) = Log::open(dir.path(), options, &files()) {
            for offset in [log.start_offset().0, log.end_offset().0 / 2, log.end_offset().0] {
                let _ = log.read(Offset(offset), 500, log::ReadUntil::LogEnd, true);
            }
            let _ = log.offset_for_timestamp(5);
            let _ = log.max_timestamp();
            let _ = log.aborted_transactions(Offset(0), Offset(100), Patience::Waits);
            let _ = append(&log, &batch(&[b"next"]));
        }
    }
}

fn flip(path: &Path, position: u64, bit: u8) {
    let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, position).unwrap();
    file.write_all_at(&[byte[0] ^ (1 << bit)], position).unwrap();
}

#[test]
fn only_segments_from_the_recovery_point_on_are_checked() {
    let dir = tempfile::tempdir().unwrap();
    let log = open_clean(dir.path(), config());
    fill(&log, 100);
    let recovery_point = log.active_base_offset();
    log.flush(recovery_point, NOW_MS).unwrap();
    assert_eq!(log.recovery_point(), recovery_point);
    drop(log);
    let (_, report) = open_unclean(dir.path(), config(), recovery_point.0);
    assert_eq!(report.segments_checked, 1);
}

#[test]
fn a_clean_stop_is_believed() {
    let dir = tempfile::tempdir().unwrap();
    let log = open_clean(dir.path(), config());
    fill(&log, 100);
    let before = records(&read_all(&log, Offset::ZERO, 1 << 20));
    log.close(NOW_MS).unwrap();
    let options = log::LogOptions { clean: true, config: config(), ..log::LogOptions::default() };
    let (log, report) = Log::open(dir.path(), options, &files()).unwrap();
    assert_eq!(report, log::RecoveryReport::default());
    assert_eq!(records(&read_all(&log, Offset::ZERO, 1 << 20)), before);
    assert_eq!(log.recovery_point(), log.end_offset());
}

#[test]
fn missing_and_damaged_indexes_are_built_anew() {
    for damage in ["missing", "odd", "empty active"] {
        let dir = tempfile::tempdir().unwrap();
        let log = open_clean(dir.path(), config());
        fill(&log, 100);
        let before = records(&read_all(&log, Offset::ZERO, 700));
        log.close(NOW_MS).unwrap();
        let segments = segment_paths(dir.path());
        let (first, last) = (&segments[0], segments.last().unwrap());
        let expected = fs::read(first.with_extension("index")).unwrap();
        match damage {
            "missing" => fs::remove_file(first.with_extension("index")).unwrap(),
            "odd" => fs::write(last.with_extension("index"), b"odd").unwrap(),
            _ => fs::write(last.with_extension("timeindex"), b"").unwrap(),
        }
        let log = open_clean(dir.path(), config());
        assert_eq!(records(&read_all(&log, Offset::ZERO, 700)), before, "{damage}");
        log.close(NOW_MS).unwrap();
        assert_eq!(fs::read(first.with_extension("index")).unwrap(), expected);
    }
}

#[test]
fn a_directory_copied_at_any_moment_holds_a_prefix() {
    let dir = tempfile::tempdir().unwrap();
    let log = open_clean(dir.path(), config());
    for index in 0..60usize {
        let value = vec![index as u8; index * 31 % 500];
        append(&log, &batch(&[&value])).unwrap();
        if index % 7 == 0 {
            let copy = tempfile::tempdir().unwrap();
            for entry in fs::read_dir(dir.path()).unwrap() {
                let entry = entry.unwrap();
                fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
            }
            let (copied, report) = open_unclean(copy.path(), config(), 0);
            assert!(report.cut.is_none());
            let here = records(&read_all(&log, Offset::ZERO, 1 << 20));
            assert_eq!(records(&read_all(&copied, Offset::ZERO, 1 << 20)), here);
        }
    }
}

#[test]
fn leaders_epochs_are_known_after_a_crash_in_the_middle_of_one() {
    let dir = tempfile::tempdir().unwrap();
    let log = open_clean(dir.path(), config());
    for epoch in 0..4 {
        for _ in 0..40 {
            log.append(&batch(&[&[1; 100]]), log::AppendOrigin::Client, protocol::LeaderEpoch(epoch), NOW_MS)
                .unwrap();
        }
    }
    let (epochs, recovery_point) = (log.leader_epochs(), log.active_base_offset());
    assert_eq!(epochs.len(), 4);
    drop(log);
    for recovery_point in [0, recovery_point.0 / 2, recovery_point.0] {
        let (log, _) = open_unclean(dir.path(), config(), recovery_point);
        assert_eq!(log.leader_epochs(), epochs);
    }
    fs::remove_file(dir.path().join("leader-epoch-checkpoint")).unwrap();
    let (log, _) = open_unclean(dir.path(), config(), 0);
    assert_eq!(log.leader_epochs(), epochs);
    drop(log);
    fs::write(dir.path().join("leader-epoch-checkpoint"), b"0\n1\n\xff 0\n").unwrap();
    let (log, _) = open_unclean(dir.path(), config(), 0);
    assert_eq!(log.leader_epochs(), epochs);
}

#[test]
fn a_log_at_the_last_offset_opens_and_takes_no_records() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(format!("{:020}.log", i64::MAX)), []).unwrap();
    let (log, report) = open_unclean(dir.path(), config(), 0);
    assert_eq!((log.end_offset(), report.cut), (Offset(i64::MAX), None));
    for _ in 0..2 {
        assert!(matches!(append(&log, &batch(&[b"v"])), Err(log::LogError::InvalidRecord(_))));
    }
    assert_eq!(log.size_bytes(), 0);
}

#[test]
fn a_cleaned_segment_that_awaits_its_place_replaces_what_it_holds() {
    let dir = tempfile::tempdir().unwrap();
    let log = open_clean(dir.path(), config());
    fill(&log, 60);
    let before = records(&read_all(&log, Offset::ZERO, 1 << 20));
    drop(log);
    let paths = segment_paths(dir.path());
    assert!(paths.len() > 2);
    // What a cleaner makes of two small segments is one that holds the batches of both.
    let merged = [fs::read(&paths[0]).unwrap(), fs::read(&paths[1]).unwrap()].concat();
    fs::write(paths[0].with_extension("log.swap"), merged).unwrap();
    fs::write(paths[2].with_extension("log.cleaned"), b"half").unwrap();

    let (log, report) = open_unclean(dir.path(), config(), 0);
    assert_eq!(report.cut, None);
    assert_eq!(records(&read_all(&log, Offset::ZERO, 1 << 20)), before);
    assert_eq!(log.segment_count(), paths.len() - 1);
    assert!(!paths[1].exists());
}

/// A batch as another broker's log has it: compaction leaves holes before it.
fn leaders_batch(base_offset: i64, epoch: i32) -> Bytes {
    let mut batch =
        RecordBatchBuilder::default().base_offset(Offset(base_offset)).leader_epoch(LeaderEpoch(epoch));
    batch.append(NOW_MS, Some(b"key"), Some(&[7; 200]), &[]);
    batch.build().unwrap()
}

fn replicated(log: &Log, base_offset: i64, epoch: i32) {
    let batch = leaders_batch(base_offset, epoch);
    log.append(&batch, AppendOrigin::Replica, LeaderEpoch(0), NOW_MS).unwrap();
}

#[test]
fn batches_that_no_segment_can_hold_together_are_refused_and_each_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let log = open_clean(dir.path(), LogConfig::default());
    let far = [leaders_batch(0, 0), leaders_batch(1 << 40, 0)];
    let refused = log.append(&far.concat().into(), AppendOrigin::Replica, LeaderEpoch(0), NOW_MS);
    assert!(refused.is_err());
    assert_eq!(log.end_offset(), Offset::ZERO);
    for batch in &far {
        log.append(batch, AppendOrigin::Replica, LeaderEpoch(0), NOW_MS).unwrap();
    }
    drop(log);
    let (log, report) = open_unclean(dir.path(), LogConfig::default(), 0);
    assert_eq!(report.cut, None);
    assert_eq!(log.end_offset(), Offset((1 << 40) + 1));
}

#[test]
fn a_reader_gets_over_the_hole_at_the_end_of_a_segment_after_a_restart() {
    let config = LogConfig { segment_bytes: 300, ..LogConfig::default() };
    let dir = tempfile::tempdir().unwrap();
    let log = open_clean(dir.path(), config.clone());
    for base_offset in [0, 100, 200] {
        replicated(&log, base_offset, 0);
    }
    log.close(NOW_MS).unwrap();
    let log = open_clean(dir.path(), config);
    let (mut bases, mut next) = (Vec::new(), Offset::ZERO);
    while let Some(region) = log.read(next, 1, ReadUntil::LogEnd, true).unwrap().region {
        let batch = Batches::new(region.read().unwrap().into()).next().unwrap().unwrap();
        bases.push(batch.header().base_offset.0);
        next = batch.header().next_offset();
    }
    assert_eq!(bases, [0, 100, 200]);
}

#[test]
fn leaders_epochs_are_the_same_after_a_crash_also_when_they_fall() {
    let dir = tempfile::tempdir().unwrap();
    let log = open_clean(dir.path(), LogConfig::default());
    for (base_offset, epoch) in [(0, 1), (10, 5), (20, 5), (30, 2)] {
        replicated(&log, base_offset, epoch);
    }
    let before = log.leader_epochs();
    drop(log);
    let (log, _) = open_unclean(dir.path(), LogConfig::default(), 0);
    assert_eq!(log.leader_epochs(), before);
}
