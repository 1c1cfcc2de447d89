//! Offline inspection finds nothing wrong where nothing is, and names the place where something is.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::*;
use log::inspect::{Verified, offset_index, producer_snapshot, segment, time_index, verify};
use log::{LogConfig, LogError};
use protocol::records::{Codec, Compression};

fn closed_log(dir: &Path) {
    let log =
        open_clean(dir, LogConfig { segment_bytes: 5000, index_interval_bytes: 300, ..LogConfig::default() });
    for index in 0..100usize {
        let (compression, _) = Compression::ALL[index % 5];
        let value = vec![index as u8; index * 7 % 300];
        append(&log, &batch_at(NOW_MS + (index as i64 % 9), &[&value, b"x"], Codec::new(compression)))
            .unwrap();
    }
    log.close(NOW_MS).unwrap();
}

fn check(path: &Path) -> (Verified, Vec<String>) {
    let mut problems = Vec::new();
    let verified = verify(path, &mut |problem| problems.push(problem.to_string())).unwrap();
    assert_eq!(verified.problems as usize, problems.len());
    (verified, problems)
}

fn first_segment(dir: &Path) -> PathBuf {
    dir.join("00000000000000000000.log")
}

#[test]
fn an_intact_log_has_no_problems() {
    let dir = tempfile::tempdir().unwrap();
    closed_log(dir.path());
    let (verified, problems) = check(dir.path());
    assert_eq!(problems, [] as [String; 0]);
    assert_eq!((verified.batches, verified.records), (100, 200));
    assert!(verified.segments > 2 && verified.index_entries > 10);
    let (one, _) = check(&first_segment(dir.path()));
    assert_eq!(one.segments, 1);
}

#[test]
fn each_damage_is_told_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    closed_log(dir.path());
    let path = first_segment(dir.path());
    let intact = fs::read(&path).unwrap();
    let second = segment(&path).unwrap().nth(1).unwrap().unwrap().position;

    let mut damaged = intact.clone();
    damaged[second as usize + 70] ^= 1;
    fs::write(&path, &damaged).unwrap();
    let (_, problems) = check(&path);
    assert!(problems[0].contains(&format!("at {second}: expected the CRC")), "{problems:?}");

    fs::write(&path, &intact[..second as usize + 30]).unwrap();
    let (verified, problems) = check(&path);
    assert!(problems[0].contains(&format!("at {second}: expected a record batch")), "{problems:?}");
    assert_eq!(verified.batches, 1);
    fs::write(&path, &intact).unwrap();

    for (extension, entry_bytes) in [("index", 8), ("timeindex", 12)] {
        let index = path.with_extension(extension);
        let bytes = fs::read(&index).unwrap();
        let mut damaged = bytes.clone();
        damaged[entry_bytes + 6] ^= 0x40;
        fs::write(&index, &damaged).unwrap();
        assert!(!check(&path).1.is_empty(), "{extension}");
        fs::write(&index, &bytes[..entry_bytes + 1]).unwrap();
        assert!(check(&path).1[0].contains("a whole entry"), "{extension}");
        fs::write(&index, &bytes).unwrap();
    }
    assert!(check(dir.path()).1.is_empty());
}

#[test]
fn every_file_reads_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    closed_log(dir.path());
    let path = first_segment(dir.path());
    assert!(offset_index(&path.with_extension("index")).unwrap().all(|entry| entry.is_ok()));
    assert!(time_index(&path.with_extension("timeindex")).unwrap().all(|entry| entry.is_ok()));
    let snapshot = dir.path().join("00000000000000000200.snapshot");
    assert!(producer_snapshot(&snapshot).unwrap().is_empty());
    assert!(matches!(segment(&snapshot).err(), Some(LogError::Damaged { .. })));
}

#[test]
fn the_zeros_that_kafka_reserves_behind_its_entries_end_the_index() {
    let dir = tempfile::tempdir().unwrap();
    closed_log(dir.path());
    for extension in ["index", "timeindex"] {
        let path = first_segment(dir.path()).with_extension(extension);
        let mut bytes = fs::read(&path).unwrap();
        bytes.resize(bytes.len() + 24_000, 0);
        fs::write(&path, &bytes).unwrap();
    }
    assert!(check(dir.path()).1.is_empty());
}

#[test]
fn an_index_of_nothing_but_reserved_zeros_is_empty() {
    let dir = tempfile::tempdir().unwrap();
    closed_log(dir.path());
    let (before, _) = check(&first_segment(dir.path()));
    assert!(before.index_entries > 0);
    for extension in ["index", "timeindex"] {
        fs::write(first_segment(dir.path()).with_extension(extension), [0; 24_000]).unwrap();
    }
    let (verified, problems) = check(&first_segment(dir.path()));
    assert_eq!(problems, [] as [String; 0]);
    assert_eq!(verified.index_entries, 0);
}

#[test]
fn the_timestamp_0_at_the_beginning_of_a_segment_is_an_entry() {
    let dir = tempfile::tempdir().unwrap();
    let log = open_clean(dir.path(), LogConfig::default());
    append(&log, &batch_at(0, &[b"x"], Codec::default())).unwrap();
    log.close(NOW_MS).unwrap();
    let index = first_segment(dir.path()).with_extension("timeindex");
    assert_eq!(fs::read(&index).unwrap(), [0; 12]);
    assert_eq!(time_index(&index).unwrap().count(), 1);
    assert_eq!(check(dir.path()).1, [] as [String; 0]);
}
