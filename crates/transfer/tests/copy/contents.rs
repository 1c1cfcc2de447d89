//! Whatever the method, the length, the holes and the number of threads: the copy has the bytes of the source.

use std::num::NonZeroUsize;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use transfer::Reason;
use transfer::copy::{Copier, FileCopy, PIECE_BYTES, first_difference};

use crate::common::{MOVING, assert_contents, bytes, copy, dense, empty, file_in, ways};

#[test]
fn every_method_copies_every_byte_and_counts_it() {
    for len in [0, 1, 4095, 4096, 65_537, (9 << 20) + 17] {
        let bytes = bytes(len);
        let source = dense(&bytes);
        for method in MOVING {
            let (copier, target) = (Copier::force(method), empty());
            let copied = copy(&copier, &source, &target).unwrap();
            assert_eq!((copied.len, copied.grew), (len as u64, false));
            assert_contents(&target, &bytes, &format!("{method}, {len} bytes"));
            let expected = (len > 0).then_some((method, Reason::Forced, len as u64));
            assert_eq!(ways(&copier), Vec::from_iter(expected));
        }
    }
}

#[test]
fn the_pieces_that_several_threads_copy_make_one_file() {
    let bytes = bytes(2 * PIECE_BYTES as usize + 5_001);
    let source = dense(&bytes);
    for method in MOVING {
        let (copier, target) = (Copier::force(method), empty());
        let threads = NonZeroUsize::new(3).unwrap();
        copier.copy(Arc::clone(&source), Arc::clone(&target), threads).unwrap();
        assert_contents(&target, &bytes, method.as_str());
        assert_eq!(ways(&copier), [(method, Reason::Forced, bytes.len() as u64)]);
    }
}

#[test]
fn holes_stay_holes() {
    const LEN: u64 = 2 * PIECE_BYTES + 123;
    let bytes = bytes(200_000);
    // At the beginning nothing, data over the border of two pieces, and nothing at the end.
    let extents =
        [(1 << 20, &bytes[..]), (PIECE_BYTES - 100_000, &bytes[..]), (PIECE_BYTES + (8 << 20), &bytes)];
    let source = file_in(&std::env::temp_dir(), LEN, &extents);
    let source_blocks = source.metadata().unwrap().blocks();
    if source_blocks * 512 > LEN / 2 {
        println!("skipped: temporary files have no holes here");
        return;
    }
    for method in MOVING {
        for threads in [1, 3] {
            let (copier, target) = (Copier::force(method), empty());
            let threads = NonZeroUsize::new(threads).unwrap();
            let copied = copier.copy(Arc::clone(&source), Arc::clone(&target), threads).unwrap();
            assert_eq!((copied.len, target.metadata().unwrap().len()), (LEN, LEN));
            assert_eq!(first_difference(&source, &target).unwrap(), None, "{method}");
            target.sync_all().unwrap();
            let blocks = target.metadata().unwrap().blocks();
            assert!(blocks <= source_blocks + 1024, "{method}: {blocks} blocks of {source_blocks}");
            let moved: u64 = ways(&copier).iter().map(|(_, _, bytes)| bytes).sum();
            assert!(moved < LEN / 10, "{method}: {moved} bytes moved");
        }
    }
}

#[test]
fn a_file_that_is_one_hole_is_copied_without_moving_a_byte() {
    let source = file_in(&std::env::temp_dir(), 1 << 40, &[]);
    let (copier, target) = (Copier::force(transfer::copy::Method::ReadWrite), empty());
    assert_eq!(copy(&copier, &source, &target).unwrap().len, 1 << 40);
    assert_eq!(target.metadata().unwrap().len(), 1 << 40);
    assert_eq!(ways(&copier), []);
}

#[test]
fn a_copy_goes_on_where_an_earlier_one_stopped() {
    let bytes = bytes(PIECE_BYTES as usize + 70_000);
    let source = dense(&bytes);
    let begin = PIECE_BYTES + 1_000;
    for method in MOVING {
        let target = dense(&bytes[..begin as usize]);
        let copier = Copier::force(method);
        let file = FileCopy::begin(&copier, Arc::clone(&source), Arc::clone(&target), begin).unwrap();
        file.work_to_end(&|_| {}).unwrap().unwrap();
        assert_contents(&target, &bytes, method.as_str());
        assert_eq!(ways(&copier), [(method, Reason::Forced, bytes.len() as u64 - begin)]);
    }
}

#[test]
fn the_observer_hears_of_every_byte_holes_included() {
    let source = file_in(&std::env::temp_dir(), 3 << 20, &[(1 << 20, &bytes(100_000))]);
    let heard = AtomicU64::new(0);
    let copier = Copier::automatic();
    let file = FileCopy::begin(&copier, source, empty(), 0).unwrap();
    let observe = |bytes| {
        heard.fetch_add(bytes, Ordering::Relaxed);
    };
    file.work_to_end(&observe).unwrap().unwrap();
    // A clone is there before anybody listens.
    let cloned: u64 = ways(&copier).iter().filter(|way| way.1 == Reason::FirstChoice).map(|way| way.2).sum();
    assert_eq!(heard.into_inner() + cloned, 3 << 20);
}

#[test]
fn one_thread_more_than_there_are_pieces_is_not_waited_for() {
    let (source, target) = (dense(b"short"), empty());
    let threads = NonZeroUsize::new(64).unwrap();
    Copier::automatic().copy(source, Arc::clone(&target), threads).unwrap();
    assert_contents(&target, b"short", "64 threads");
}
