//! A read in a hurry never waits for the disk: it finds the same as any other, or says that it would have to wait.

use crate::common::*;
use log::{Log, LogConfig, LogError, Patience, ReadInfo, ReadUntil};
use protocol::Offset;

fn read(log: &Log, from: i64, patience: Patience) -> Result<ReadInfo, LogError> {
    log.read_with_patience(Offset(from), 500, ReadUntil::LogEnd, true, patience)
}

fn place(info: &ReadInfo) -> Option<(u64, u64, Offset)> {
    info.region.as_ref().map(|region| (region.position(), region.len(), info.next_offset))
}

#[test]
fn records_that_were_just_appended_are_found_in_a_hurry() {
    let dir = tempfile::tempdir().unwrap();
    let log = open_clean(dir.path(), LogConfig::default());
    for offset in 0..100 {
        append(&log, &batch(&[b"value"])).unwrap();
        let found = read(&log, offset, Patience::Hurries).unwrap();
        assert_eq!(place(&found), place(&read(&log, offset, Patience::Waits).unwrap()));
    }
}

#[test]
fn a_file_that_is_not_open_is_not_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let config = LogConfig { segment_bytes: 4000, index_interval_bytes: 100, ..LogConfig::default() };
    let log = open_clean(dir.path(), config.clone());
    for _ in 0..200 {
        append(&log, &batch(&[b"value"])).unwrap();
    }
    log.close(NOW_MS).unwrap();
    let log = open_clean(dir.path(), config);
    assert!(matches!(read(&log, 5, Patience::Hurries), Err(LogError::WouldWait)));
    let waited = read(&log, 5, Patience::Waits).unwrap();
    // Now the files are open, and what was read a moment ago is in memory.
    match read(&log, 5, Patience::Hurries) {
        Ok(hurried) => assert_eq!(place(&hurried), place(&waited)),
        Err(LogError::WouldWait) => println!("skipped: this file system does not tell what is in memory"),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn index_entries_are_written_by_whoever_is_told_that_they_are_due() {
    let dir = tempfile::tempdir().unwrap();
    let config = LogConfig { index_interval_bytes: 1, ..LogConfig::default() };
    let log = open_clean(dir.path(), config.clone());
    let index_bytes = || {
        let index = dir.path().join("00000000000000000000.index");
        index.metadata().unwrap().len()
    };
    let mut due = 0;
    for _ in 0..2_000 {
        if append(&log, &batch(&[b"value"])).unwrap().indexes_due {
            due += 1;
            let before = index_bytes();
            log.write_indexes_out().unwrap();
            assert!(index_bytes() >= before + 512 * 8);
        }
    }
    assert_eq!(due, 3, "once for every 512 entries");
    let found = read_all(&log, Offset(0), 300).len();
    log.close(NOW_MS).unwrap();
    assert_eq!(read_all(&open_clean(dir.path(), config), Offset(0), 300).len(), found);
}
