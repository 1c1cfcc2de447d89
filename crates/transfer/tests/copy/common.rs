//! What the tests of copying share: files with known bytes, and a look at what the ledger says.

use std::fs::File;
use std::num::NonZeroUsize;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use transfer::Reason;
use transfer::copy::{Copied, Copier, CopyError, Method};

use crate::noise::Noise;

/// All methods that work between any two files of one file system.
pub(crate) const MOVING: [Method; 5] =
    [Method::CopyFileRange, Method::Sendfile, Method::Splice, Method::Mmap, Method::ReadWrite];

pub(crate) const ONE: NonZeroUsize = NonZeroUsize::MIN;

/// Bytes in which no two pages are alike.
pub(crate) fn bytes(len: usize) -> Vec<u8> {
    Noise::seeded(0x9e37_79b9_7f4a_7c15).bytes(len)
}

/// A file of `len` bytes with `extents` of data in it, each at its position.
pub(crate) fn file_in(dir: &Path, len: u64, extents: &[(u64, &[u8])]) -> Arc<File> {
    let file = tempfile::tempfile_in(dir).unwrap();
    file.set_len(len).unwrap();
    for (position, bytes) in extents {
        file.write_all_at(bytes, *position).unwrap();
    }
    Arc::new(file)
}

/// A dense file in the usual place for temporary files.
pub(crate) fn dense(bytes: &[u8]) -> Arc<File> {
    file_in(&std::env::temp_dir(), bytes.len() as u64, &[(0, bytes)])
}

pub(crate) fn empty() -> Arc<File> {
    dense(&[])
}

pub(crate) fn copy(copier: &Copier, source: &Arc<File>, target: &Arc<File>) -> Result<Copied, CopyError> {
    copier.copy(Arc::clone(source), Arc::clone(target), ONE)
}

pub(crate) fn ways(copier: &Copier) -> Vec<(Method, Reason, u64)> {
    copier.ledger().snapshot().copies().map(|entry| (entry.method, entry.reason, entry.bytes)).collect()
}

/// Fails with the first byte that is wrong, not with all of them.
pub(crate) fn assert_contents(file: &File, expected: &[u8], what: &str) {
    let found = transfer::file::read_up_to_at(file, 0, expected.len() as u64 + 1).unwrap();
    assert_eq!(found.len(), expected.len(), "{what}: length");
    if found != expected {
        let wrong = found.iter().zip(expected).position(|(found, expected)| found != expected);
        panic!("{what}: the first wrong byte is at {wrong:?}");
    }
}
