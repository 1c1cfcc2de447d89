//! `.txnindex`: which transactions with records in the segment were aborted?
//!
//! The file exists only where there are any. Consumers that read committed records get these lists with their fetches.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use protocol::{Offset, ProducerId};

use crate::disk::remove_if_there;
use crate::{FileKind, LogError, Patience};

/// Bytes of an entry: version, producer id, first offset, last offset, last stable offset.
const ENTRY_BYTES: usize = 34;

/// The only version of an entry.
const VERSION: i16 = 0;

/// A transaction that was aborted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AbortedTransaction {
    /// Whose it was.
    pub producer_id: ProducerId,
    /// Its first record.
    pub first_offset: Offset,
    /// Its abort marker.
    pub last_offset: Offset,
    /// The last stable offset when the marker was written.
    pub last_stable_offset: Offset,
}

/// The transaction index of one segment.
#[derive(Debug)]
pub(crate) struct TransactionIndex {
    dir: Arc<Path>,
    base_offset: Offset,
    /// The file is known not to be there, as is so for nearly every segment.
    absent: AtomicBool,
}

impl TransactionIndex {
    pub(crate) fn new(dir: &Arc<Path>, base_offset: Offset) -> Self {
        Self { dir: Arc::clone(dir), base_offset, absent: AtomicBool::new(false) }
    }

    pub(crate) fn path(&self) -> PathBuf {
        FileKind::TransactionIndex.path(&self.dir, self.base_offset)
    }

    /// For `map_err`: names what was tried on this file.
    fn error(&self, operation: &'static str) -> impl FnOnce(io::Error) -> LogError {
        move |source| LogError::Io { operation, path: self.path(), source }
    }

    /// Adds an entry at the end of the file.
    pub(crate) fn append(&self, aborted: &AbortedTransaction) -> Result<(), LogError> {
        let file = OpenOptions::new().append(true).create(true).open(self.path());
        let mut file = file.map_err(self.error("open"))?;
        self.absent.store(false, Ordering::Release);
        io::Write::write_all(&mut file, &encode(aborted)).map_err(self.error("write"))
    }

    /// Every entry, in the order in which the transactions ended.
    pub(crate) fn all(&self) -> Result<Vec<AbortedTransaction>, LogError> {
        if self.absent.load(Ordering::Acquire) {
            return Ok(Vec::new());
        }
        let bytes = match fs::read(self.path()) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                self.absent.store(true, Ordering::Release);
                return Ok(Vec::new());
            }
            Err(source) => return Err(LogError::Io { operation: "read", path: self.path(), source }),
        };
        let (entries, rest) = bytes.as_chunks::<ENTRY_BYTES>();
        let decoded: Option<Vec<_>> = entries.iter().map(decode).collect();
        match decoded {
            Some(decoded) if rest.is_empty() => Ok(decoded),
            _ => Err(LogError::Damaged {
                path: self.path(),
                position: None,
                expected: "whole entries of version 0",
                found: format!("{} bytes", bytes.len()),
            }),
        }
    }

    /// The same, where only an index that is known to be absent may be looked at in a hurry.
    pub(crate) fn all_with_patience(&self, patience: Patience) -> Result<Vec<AbortedTransaction>, LogError> {
        if patience == Patience::Hurries && !self.absent.load(Ordering::Acquire) {
            return Err(LogError::WouldWait);
        }
        self.all()
    }

    /// Forgets every transaction that ended at or after `offset`.
    pub(crate) fn truncate_to(&self, offset: Offset) -> Result<(), LogError> {
        let all = self.all()?;
        let kept = all.iter().take_while(|aborted| aborted.last_offset < offset).count();
        if kept == all.len() {
            return Ok(());
        }
        let file = OpenOptions::new().write(true).open(self.path());
        file.and_then(|file| file.set_len((kept * ENTRY_BYTES) as u64)).map_err(self.error("truncate"))
    }

    /// Removes the file, if there is one.
    pub(crate) fn delete(&self) -> Result<(), LogError> {
        remove_if_there(&self.path())?;
        self.absent.store(true, Ordering::Release);
        Ok(())
    }

    /// Writes the file, if there is one, to the disk.
    pub(crate) fn sync(&self) -> Result<(), LogError> {
        if self.absent.load(Ordering::Acquire) {
            return Ok(());
        }
        match File::open(self.path()) {
            Ok(file) => file.sync_data().map_err(self.error("flush")),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(LogError::Io { operation: "open", path: self.path(), source }),
        }
    }
}

fn encode(aborted: &AbortedTransaction) -> [u8; ENTRY_BYTES] {
    let mut bytes = [0; ENTRY_BYTES];
    bytes[0..2].copy_from_slice(&VERSION.to_be_bytes());
    bytes[2..10].copy_from_slice(&aborted.producer_id.0.to_be_bytes());
    bytes[10..18].copy_from_slice(&aborted.first_offset.0.to_be_bytes());
    bytes[18..26].copy_from_slice(&aborted.last_offset.0.to_be_bytes());
    bytes[26..34].copy_from_slice(&aborted.last_stable_offset.0.to_be_bytes());
    bytes
}

fn decode(bytes: &[u8; ENTRY_BYTES]) -> Option<AbortedTransaction> {
    let long = |at: usize| i64::from_be_bytes(std::array::from_fn(|i| bytes[at + i]));
    (i16::from_be_bytes([bytes[0], bytes[1]]) == VERSION).then(|| AbortedTransaction {
        producer_id: ProducerId(long(2)),
        first_offset: Offset(long(10)),
        last_offset: Offset(long(18)),
        last_stable_offset: Offset(long(26)),
    })
}
