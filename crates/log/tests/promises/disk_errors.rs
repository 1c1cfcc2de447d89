//! When the disk refuses, nothing of the refused append is visible, and what was there stays.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use rustix::io::Errno;

use crate::common::*;
use denying::{Call, where_are_interrupted, where_fail};
use log::{Log, LogConfig, LogError, LogOptions, OpenFiles};
use protocol::Offset;

/// Puts a file in the place of a segment that can grow by `room` bytes and no more.
fn limit(path: &std::path::Path, room: u64) -> File {
    let bytes = std::fs::read(path).unwrap();
    let file = File::from(memfd_create("segment", MemfdFlags::ALLOW_SEALING).unwrap());
    file.write_all_at(&bytes, 0).unwrap();
    file.set_len(bytes.len() as u64 + room).unwrap();
    fcntl_add_seals(&file, SealFlags::GROW).unwrap();
    std::fs::remove_file(path).unwrap();
    let target = format!("/proc/self/fd/{}", file.as_raw_fd());
    std::os::unix::fs::symlink(target, path).unwrap();
    file
}

#[test]
fn an_append_that_the_disk_refuses_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let other_dir = tempfile::tempdir().unwrap();
    // With one open file for both logs, using one closes the other's.
    let files = OpenFiles::new(1);
    let open = |dir: &tempfile::TempDir| {
        let options = LogOptions { clean: true, config: LogConfig::default(), ..LogOptions::default() };
        Log::open(dir.path(), options, &files).unwrap().0
    };
    let log = open(&dir);
    append(&log, &batch(&[b"first"])).unwrap();
    let other = open(&other_dir);
    append(&other, &batch(&[b"other"])).unwrap();
    append(&other, &batch(&[b"other"])).unwrap();

    let limited = limit(&log.active_path(), 500);
    append(&log, &batch(&[&[2; 200]])).unwrap();
    let size = log.size_bytes();
    let error = append(&log, &batch(&[&[3; 400]])).unwrap_err();
    assert!(error.is_disk() && matches!(error, LogError::Io { operation: "append to", .. }), "{error}");
    assert_eq!(log.end_offset(), Offset(2));
    assert_eq!(records(&read_all(&log, Offset(0), 1000)), [(0, b"first".to_vec()), (1, vec![2; 200])]);
    assert_eq!(limited.metadata().unwrap().len(), size, "what was written of it is cut off");
}

#[test]
fn a_log_that_cannot_even_cut_back_takes_no_more() {
    let dir = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/dev/full", dir.path().join("00000000000000000000.log")).unwrap();
    let options = LogOptions { clean: true, ..LogOptions::default() };
    match Log::open(dir.path(), options, &files()) {
        Err(error) => assert!(error.is_disk(), "{error}"),
        Ok((log, _)) => {
            assert!(append(&log, &batch(&[b"a"])).unwrap_err().is_disk());
            assert!(matches!(append(&log, &batch(&[b"a"])), Err(LogError::Closed(_))));
            assert!(matches!(log.close(NOW_MS), Err(LogError::Closed(_))));
        }
    }
}

#[test]
fn a_file_system_that_cannot_reserve_room_is_written_to_all_the_same() {
    let roll = || {
        let dir = tempfile::tempdir().unwrap();
        let log = open_clean(dir.path(), LogConfig { preallocate: true, ..LogConfig::default() });
        append(&log, &batch(&[b"first"])).unwrap();
        log.roll(0).map(|_| ())
    };
    for errno in [Errno::OPNOTSUPP, Errno::NOSYS] {
        where_fail(&[Call::Fallocate], errno, roll).unwrap();
    }
    let full = where_fail(&[Call::Fallocate], Errno::NOSPC, roll).unwrap_err();
    assert!(matches!(full, LogError::Io { operation: "preallocate", .. }), "{full}");
}

#[test]
fn a_log_is_written_and_read_though_every_call_is_interrupted() {
    let dir = tempfile::tempdir().unwrap();
    where_are_interrupted(&[Call::Fallocate, Call::Pwritev, Call::Pread], || {
        let log = open_clean(dir.path(), LogConfig { preallocate: true, ..LogConfig::default() });
        append(&log, &batch(&[b"first"])).unwrap();
        log.roll(0).unwrap();
        append(&log, &batch(&[b"second"])).unwrap();
        let read = records(&read_all(&log, Offset(0), 1000));
        assert_eq!(read, [(0, b"first".to_vec()), (1, b"second".to_vec())]);
    });
}
