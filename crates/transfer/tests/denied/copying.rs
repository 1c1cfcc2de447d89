//! From files to files.

use std::fs::File;
use std::io::Write;
use std::num::NonZeroUsize;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use rustix::io::Errno;
use transfer::copy::{Copier, CopyError, Method};
use transfer::{Capabilities, Reason};

use denying::{Call, where_are_interrupted, where_fail};

const LEN: u64 = 300_000;

/// What says that a call does not work for these files.
const REFUSALS: [Errno; 9] = [
    Errno::XDEV,
    Errno::OPNOTSUPP,
    Errno::INVAL,
    Errno::NOSYS,
    Errno::NOTTY,
    Errno::PERM,
    Errno::TXTBSY,
    Errno::OVERFLOW,
    Errno::BADF,
];

/// Copies a file where `calls` fail after the kernel has offered them, and says how its bytes went.
fn copy(copier: Copier, calls: &[Call], errno: Errno) -> Result<Vec<(Method, Reason, u64)>, CopyError> {
    let (source, target) = files();
    let copier = copier.with_capabilities(Capabilities::probe());
    where_fail(calls, errno, || copier.copy(Arc::clone(&source), Arc::clone(&target), NonZeroUsize::MIN))?;
    assert!(same(&source, &target), "{calls:?} {errno:?}: the copy differs");
    Ok(ways(&copier))
}

/// What is to be copied, and an empty file.
fn files() -> (Arc<File>, Arc<File>) {
    let bytes: Vec<u8> = (0..LEN).map(|n| (n % 251) as u8).collect();
    let mut source = tempfile::tempfile().unwrap();
    source.write_all(&bytes).unwrap();
    (source.into(), tempfile::tempfile().unwrap().into())
}

fn same(source: &File, target: &File) -> bool {
    let [read, copied] = [source, target].map(|file| {
        let mut bytes = vec![0; LEN as usize];
        file.read_exact_at(&mut bytes, 0).unwrap();
        bytes
    });
    read == copied
}

fn ways(copier: &Copier) -> Vec<(Method, Reason, u64)> {
    copier.ledger().snapshot().copies().map(|entry| (entry.method, entry.reason, entry.bytes)).collect()
}

#[test]
fn what_is_refused_is_replaced_by_the_next_best() {
    for errno in REFUSALS {
        let mut refused = vec![Call::Ficlone];
        for (next, method) in [
            (Call::CopyFileRange, Method::CopyFileRange),
            (Call::Sendfile, Method::Sendfile),
            (Call::Splice, Method::ReadWrite),
        ] {
            let ways = copy(Copier::automatic(), &refused, errno).unwrap();
            assert_eq!(ways, [(method, Reason::Refused, LEN)], "{refused:?} {errno:?}");
            refused.push(next);
        }
    }
}

#[test]
fn what_was_asked_for_and_is_refused_is_an_error_with_its_name() {
    let forced = [
        (Method::Reflink, Call::Ficlone),
        (Method::CopyFileRange, Call::CopyFileRange),
        (Method::Sendfile, Call::Sendfile),
        (Method::Splice, Call::Splice),
        (Method::Mmap, Call::MapFile),
    ];
    for (method, call) in forced {
        let error = copy(Copier::force(method), &[call], Errno::PERM).unwrap_err();
        assert!(matches!(error, CopyError::Refused { method: named, .. } if named == method), "{error:?}");
    }
    let error = copy(Copier::force(Method::Splice), &[Call::Pipe], Errno::MFILE).unwrap_err();
    assert!(matches!(error, CopyError::Refused { method: Method::Splice, .. }), "{error:?}");
}

#[test]
fn a_file_system_that_does_not_tell_where_holes_are_is_copied_whole() {
    for errno in [Errno::INVAL, Errno::OPNOTSUPP] {
        copy(Copier::force(Method::ReadWrite), &[Call::SeekData], errno).unwrap();
        copy(Copier::force(Method::ReadWrite), &[Call::SeekHole], errno).unwrap();
    }
}

#[test]
fn a_full_target_and_a_broken_disk_are_errors_and_no_reason_for_another_way() {
    let all = [Call::CopyFileRange, Call::Sendfile, Call::Pwrite];
    for errno in [Errno::NOSPC, Errno::DQUOT, Errno::FBIG, Errno::ROFS] {
        for forced in [Method::CopyFileRange, Method::Sendfile, Method::ReadWrite] {
            let error = copy(Copier::force(forced), &all, errno).unwrap_err();
            assert!(matches!(error, CopyError::Target(_)), "{forced} {errno:?}: {error:?}");
        }
    }
    let error = copy(Copier::force(Method::CopyFileRange), &all, Errno::IO).unwrap_err();
    assert!(matches!(error, CopyError::Between { method: Method::CopyFileRange, .. }), "{error:?}");
    let error = copy(Copier::force(Method::ReadWrite), &[Call::Pread], Errno::IO).unwrap_err();
    assert!(matches!(error, CopyError::Source(_)), "{error:?}");
}

#[test]
fn calls_that_are_interrupted_are_made_again() {
    for (method, calls) in [
        (Method::CopyFileRange, &[Call::CopyFileRange][..]),
        (Method::Sendfile, &[Call::Sendfile]),
        (Method::Splice, &[Call::Splice]),
        (Method::Mmap, &[Call::Pwrite]),
        (Method::ReadWrite, &[Call::Pread, Call::Pwrite, Call::SeekData, Call::SeekHole]),
    ] {
        let ((source, target), copier) = (files(), Copier::force(method));
        let copied = where_are_interrupted(calls, || {
            let copied = copier.copy(Arc::clone(&source), Arc::clone(&target), NonZeroUsize::MIN);
            copied.unwrap_or_else(|error| panic!("{calls:?}: {error}"))
        });
        let Some(_) = copied else { return };
        assert!(same(&source, &target), "{calls:?}: the copy differs");
        assert_eq!(ways(&copier), [(method, Reason::Forced, LEN)]);
    }
}

#[test]
fn a_clone_that_is_interrupted_is_tried_again_whether_it_comes_about_or_not() {
    let ((source, target), copier) = (files(), Copier::automatic());
    let copied = where_are_interrupted(&[Call::Ficlone], || {
        copier.copy(Arc::clone(&source), Arc::clone(&target), NonZeroUsize::MIN).unwrap()
    });
    let Some(_) = copied else { return };
    assert!(same(&source, &target), "the copy differs");
}
