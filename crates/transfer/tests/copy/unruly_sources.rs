//! Sources that somebody writes to while they are copied: never a copy that is said to be whole and is not.

use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::Arc;

use transfer::copy::{Copier, CopyError, FileCopy};

use crate::common::{MOVING, assert_contents, bytes, copy, dense, empty};

const LEN: usize = 20 << 20;

#[test]
fn a_source_that_gets_shorter_is_an_error_that_says_so() {
    let bytes = bytes(LEN);
    for method in MOVING {
        let (copier, source) = (Copier::force(method), dense(&bytes));
        let file = FileCopy::begin(&copier, Arc::clone(&source), empty(), 0).unwrap();
        source.set_len(10_000_001).unwrap();
        let outcome = file.work_to_end(&|_| {}).unwrap();
        let Err(CopyError::Shrunk { len, now_len }) = outcome else { panic!("{method}: {outcome:?}") };
        assert_eq!((len, now_len), (LEN as u64, 10_000_001), "{method}");
    }
}

#[test]
fn a_source_that_is_written_to_is_not_done() {
    let bytes = bytes(LEN);
    for method in MOVING {
        let (copier, source) = (Copier::force(method), dense(&bytes));
        let file = FileCopy::begin(&copier, Arc::clone(&source), empty(), 0).unwrap();
        write_until_it_shows(&source);
        let outcome = file.work_to_end(&|_| {}).unwrap();
        assert!(matches!(outcome, Err(CopyError::Changed)), "{method}: {outcome:?}");
    }
}

#[test]
fn of_a_source_that_grows_what_it_had_is_copied_and_it_is_said() {
    let bytes = bytes(LEN);
    for method in MOVING {
        let (copier, source, target) = (Copier::force(method), dense(&bytes), empty());
        let file = FileCopy::begin(&copier, Arc::clone(&source), Arc::clone(&target), 0).unwrap();
        source.write_all_at(b"more", LEN as u64).unwrap();
        let copied = file.work_to_end(&|_| {}).unwrap().unwrap();
        assert_eq!((copied.len, copied.grew), (LEN as u64, true));
        assert_contents(&target, &bytes, method.as_str());
    }
}

#[test]
fn a_file_that_hides_its_length_is_not_copied_as_an_empty_one() {
    let source = Arc::new(File::open("/proc/self/status").unwrap());
    let error = copy(&Copier::automatic(), &source, &empty()).unwrap_err();
    assert!(matches!(error, CopyError::LengthUnknown), "{error:?}");
}

/// The kernel's clock for files ticks some hundred times a second.
fn write_until_it_shows(file: &File) {
    let time = |file: &File| {
        let metadata = file.metadata().unwrap();
        (metadata.mtime(), metadata.mtime_nsec())
    };
    let before = time(file);
    while time(file) == before {
        file.write_all_at(b"changed", 1000).unwrap();
    }
}
