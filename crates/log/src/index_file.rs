//! A sorted file of fixed-size entries: what the offset index and the time index have in common.
//!
//! Entries are appended to memory and written out in blocks, so that an append costs no system call; those on disk are
//! searched with `pread(2)` in blocks. Whatever is in the file at the time of a crash is rebuilt from the log.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use protocol::Offset;

use crate::open_files::{LazyFile, OpenFiles};
use crate::{FileKind, LogError, Patience};

/// Entries that wait in memory before they are written out together: 4 KiB of an offset index, which stands for 2 MiB of
/// log at the default interval.
pub(crate) const TAIL_ENTRIES: u32 = 512;

/// Bytes of the file that one step of a search reads.
const BLOCK_BYTES: u64 = 4096;

/// One entry of an index.
pub(crate) trait Entry: Copy {
    /// Bytes of an entry in the file.
    const BYTES: usize;
    /// Which file.
    const KIND: FileKind;
    /// Reads an entry of the segment at `base_offset` from exactly [`Self::BYTES`] bytes.
    fn decode(base_offset: Offset, bytes: &[u8]) -> Option<Self>;
    /// Appends the entry.
    fn encode(&self, base_offset: Offset, out: &mut Vec<u8>);
}

/// The entries of one index, on disk and in memory. Appended by one thread, searched by any.
#[derive(Debug)]
pub(crate) struct IndexFile<E> {
    base_offset: Offset,
    file: LazyFile,
    state: Mutex<State<E>>,
}

#[derive(Debug)]
struct State<E> {
    /// Entries in the file; `None` until someone needs to know.
    on_disk: Option<u32>,
    /// Entries after those.
    tail: Vec<E>,
}

impl<E: Entry> IndexFile<E> {
    /// The index of the segment at `base_offset`, as it lies on disk. Nothing is opened yet.
    pub(crate) fn existing(dir: &Arc<Path>, base_offset: Offset, files: &Arc<OpenFiles>) -> Self {
        Self::new(dir, base_offset, files, None)
    }

    /// An index without entries. A file of its name is emptied when the first entries are written out.
    pub(crate) fn empty(dir: &Arc<Path>, base_offset: Offset, files: &Arc<OpenFiles>) -> Self {
        Self::new(dir, base_offset, files, Some(0))
    }

    fn new(dir: &Arc<Path>, base_offset: Offset, files: &Arc<OpenFiles>, on_disk: Option<u32>) -> Self {
        let file = LazyFile::new(dir, base_offset, E::KIND, files);
        Self { base_offset, file, state: Mutex::new(State { on_disk, tail: Vec::new() }) }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.file.path()
    }

    /// How many entries there are. A file whose size is not a multiple of an entry is damaged.
    pub(crate) fn len(&self) -> Result<u32, LogError> {
        let (state, on_disk) = self.state(Patience::Waits)?;
        Ok(on_disk + state.tail.len() as u32)
    }

    /// The last entry.
    pub(crate) fn last(&self) -> Result<Option<E>, LogError> {
        let on_disk = {
            let (state, on_disk) = self.state(Patience::Waits)?;
            if let Some(last) = state.tail.last() {
                return Ok(Some(*last));
            }
            on_disk
        };
        on_disk.checked_sub(1).map(|last| self.entry(last)).transpose()
    }

    /// The last entry for which `holds` is true, given that it is true for all before one and false from there on.
    /// `guess` is where in the file it may be, as a fraction of `of`: a good guess saves reads.
    pub(crate) fn last_where(
        &self,
        holds: impl Fn(&E) -> bool,
        (guess, of): (u64, u64),
        patience: Patience,
    ) -> Result<Option<E>, LogError> {
        let on_disk = {
            let (state, on_disk) = self.state(patience)?;
            let in_tail = state.tail.partition_point(&holds);
            if let Some(last) = in_tail.checked_sub(1) {
                return Ok(state.tail.get(last).copied());
            }
            on_disk
        };
        let file = self.file.open_with_patience(patience)?;
        self.search(&file, on_disk, holds, (guess, of), patience).map_err(self.file.error("read"))
    }

    /// Forgets all entries, in the file as well.
    pub(crate) fn clear(&self) -> Result<(), LogError> {
        *self.state.lock() = State { on_disk: Some(0), tail: Vec::new() };
        self.create()
    }

    /// Makes the file, without entries. One of its name is emptied.
    pub(crate) fn create(&self) -> Result<(), LogError> {
        let file = self.file.open_or_create()?;
        file.set_len(0).map_err(self.file.error("truncate"))
    }

    /// Adds an entry after the others.
    pub(crate) fn push(&self, entry: E) {
        self.state.lock().tail.push(entry);
    }

    /// Writes all waiting entries to the file. Appends and searches go on meanwhile; one thread at a time may call this.
    pub(crate) fn write_out(&self) -> Result<(), LogError> {
        let mut bytes = Vec::new();
        let (on_disk, waiting) = {
            let (state, on_disk) = self.state(Patience::Waits)?;
            for entry in &state.tail {
                entry.encode(self.base_offset, &mut bytes);
            }
            (on_disk, state.tail.len())
        };
        if waiting == 0 {
            return Ok(());
        }
        let file = self.file.open_or_create()?;
        let position = u64::from(on_disk) * E::BYTES as u64;
        file.write_all_at(&bytes, position).map_err(self.file.error("write"))?;
        let mut state = self.state.lock();
        state.tail.drain(..waiting);
        state.on_disk = Some(on_disk + waiting as u32);
        Ok(())
    }

    /// Writes the file to the disk.
    pub(crate) fn sync(&self) -> Result<(), LogError> {
        let file = self.file.open()?;
        file.sync_data().map_err(self.file.error("flush"))
    }

    /// The state, and the number of entries on disk, which it has from then on.
    fn state(&self, patience: Patience) -> Result<(MutexGuard<'_, State<E>>, u32), LogError> {
        let state = self.state.lock();
        if let Some(on_disk) = state.on_disk {
            return Ok((state, on_disk));
        }
        // The disk is not waited for under the lock.
        drop(state);
        let found = self.count_on_disk(patience)?;
        let mut state = self.state.lock();
        let on_disk = *state.on_disk.get_or_insert(found);
        Ok((state, on_disk))
    }

    fn count_on_disk(&self, patience: Patience) -> Result<u32, LogError> {
        let file = self.file.open_with_patience(patience)?;
        let bytes = file.metadata().map_err(self.file.error("stat"))?.len();
        let entries = bytes / E::BYTES as u64;
        if !bytes.is_multiple_of(E::BYTES as u64) || entries > u64::from(u32::MAX) {
            return Err(LogError::Damaged {
                path: self.path(),
                position: None,
                expected: "a whole number of entries",
                found: format!("{bytes} bytes"),
            });
        }
        Ok(entries as u32)
    }

    /// The entry at `index` of those on disk.
    pub(crate) fn entry(&self, index: u32) -> Result<E, LogError> {
        let file = self.file.open()?;
        self.read_entry(&file, index).map_err(self.file.error("read"))
    }

    fn read_entry(&self, file: &File, index: u32) -> io::Result<E> {
        let mut bytes = [0; 16];
        let bytes = &mut bytes[..E::BYTES];
        file.read_exact_at(bytes, u64::from(index) * E::BYTES as u64)?;
        E::decode(self.base_offset, bytes).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// Looks in the block around the guess first, then halves what is left, until one block holds the answer.
    fn search(
        &self,
        file: &File,
        on_disk: u32,
        holds: impl Fn(&E) -> bool,
        (guess, of): (u64, u64),
        patience: Patience,
    ) -> io::Result<Option<E>> {
        let per_block = (BLOCK_BYTES / E::BYTES as u64) as u32;
        let mut buffer = [0; BLOCK_BYTES as usize];
        // The answer is the entry before the first in `low..=high` for which `holds` is false.
        let (mut low, mut high) = (0, on_disk);
        let mut probe =
            (u128::from(on_disk) * u128::from(guess) / u128::from(of.max(1))).min(on_disk.into()) as u32;
        let mut best = None;
        while low < high {
            let from = probe.saturating_sub(per_block / 2).clamp(low, high - 1);
            let count = per_block.min(high - from);
            let bytes = &mut buffer[..count as usize * E::BYTES];
            patience.read_exact_at(file, bytes, u64::from(from) * E::BYTES as u64)?;
            let decode = |index: u32| {
                let at = index as usize * E::BYTES;
                bytes.get(at..at + E::BYTES).and_then(|bytes| E::decode(self.base_offset, bytes))
            };
            let (mut first, mut last) = (0, count);
            while first < last {
                let middle = first + (last - first) / 2;
                let entry = decode(middle).ok_or(io::ErrorKind::InvalidData)?;
                if holds(&entry) {
                    best = Some(entry);
                    first = middle + 1;
                } else {
                    last = middle;
                }
            }
            match first {
                0 => high = from,
                all if all == count => low = from + count,
                _ => return Ok(best),
            }
            probe = low + (high - low) / 2;
        }
        Ok(best)
    }
}
