//! How many files are open at once?
//!
//! A broker has thousands of logs with tens of segments of three or four files each. Each file is opened when it is first
//! needed and stays open until the limit is reached and nobody has used it for longest, roughly. Whoever holds the
//! `Arc<File>` keeps the descriptor, so closing here never takes a file away from a reader.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use protocol::Offset;

use crate::{FileKind, LogError, Patience};

/// The files that all logs of a process keep open, with a limit.
#[derive(Debug)]
pub struct OpenFiles {
    limit: usize,
    opened: Mutex<VecDeque<Weak<Slot>>>,
}

impl OpenFiles {
    /// Keeps at most `limit` files open, apart from those in use.
    #[must_use]
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit: limit.max(1), opened: Mutex::default() })
    }

    /// Notes that a file was opened, and closes others while there are too many.
    fn admit(&self, slot: &Arc<Slot>) {
        let mut opened = self.opened.lock();
        opened.push_back(Arc::downgrade(slot));
        // A slot in use gets a second chance; after one round everyone has had theirs, so this ends.
        for _ in 0..2 * opened.len() {
            if opened.len() <= self.limit {
                return;
            }
            let Some(oldest) = opened.pop_front() else { return };
            let Some(oldest) = oldest.upgrade() else { continue };
            if oldest.used.swap(false, Ordering::Relaxed) || Arc::ptr_eq(&oldest, slot) {
                opened.push_back(Arc::downgrade(&oldest));
            } else {
                // Whoever holds this lock waits for `opened` at worst; it must not be waited for from here.
                let Some(mut file) = oldest.file.try_lock() else {
                    opened.push_back(Arc::downgrade(&oldest));
                    continue;
                };
                *file = None;
            }
        }
    }
}

#[derive(Debug, Default)]
struct Slot {
    used: AtomicBool,
    file: Mutex<Option<Arc<File>>>,
}

/// A file of a segment that is opened when needed.
#[derive(Debug)]
pub(crate) struct LazyFile {
    dir: Arc<Path>,
    base_offset: Offset,
    kind: FileKind,
    slot: Arc<Slot>,
    files: Arc<OpenFiles>,
}

impl LazyFile {
    pub(crate) fn new(dir: &Arc<Path>, base_offset: Offset, kind: FileKind, files: &Arc<OpenFiles>) -> Self {
        Self { dir: Arc::clone(dir), base_offset, kind, slot: Arc::default(), files: Arc::clone(files) }
    }

    /// Where the file lies.
    pub(crate) fn path(&self) -> PathBuf {
        self.kind.path(&self.dir, self.base_offset)
    }

    /// For `map_err`: names what was tried on this file. The path is put together only then.
    pub(crate) fn error(&self, operation: &'static str) -> impl FnOnce(io::Error) -> LogError {
        move |source| LogError::of_io(operation, || self.path(), source)
    }

    /// The open file, for reading and writing. It must exist.
    pub(crate) fn open(&self) -> Result<Arc<File>, LogError> {
        self.open_with(OpenOptions::new().read(true).write(true))
    }

    /// The same, where opening a file may be too long to wait for: its directory may not be in memory.
    pub(crate) fn open_with_patience(&self, patience: Patience) -> Result<Arc<File>, LogError> {
        match patience {
            Patience::Waits => self.open(),
            Patience::Hurries => self.opened().ok_or(LogError::WouldWait),
        }
    }

    /// The file if it is open.
    fn opened(&self) -> Option<Arc<File>> {
        // Somebody who holds the lock may be opening the file.
        let slot = self.slot.file.try_lock()?;
        self.slot.used.store(true, Ordering::Relaxed);
        slot.clone()
    }

    /// The open file, created if it is not there.
    pub(crate) fn open_or_create(&self) -> Result<Arc<File>, LogError> {
        self.open_with(OpenOptions::new().read(true).write(true).create(true).truncate(false))
    }

    fn open_with(&self, options: &OpenOptions) -> Result<Arc<File>, LogError> {
        let mut slot = self.slot.file.lock();
        self.slot.used.store(true, Ordering::Relaxed);
        if let Some(file) = &*slot {
            return Ok(Arc::clone(file));
        }
        let file = Arc::new(options.open(self.path()).map_err(self.error("open"))?);
        *slot = Some(Arc::clone(&file));
        drop(slot);
        self.files.admit(&self.slot);
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_files_stay_open_than_the_limit() {
        let dir = tempfile::tempdir().unwrap();
        let path: Arc<Path> = dir.path().into();
        let files = OpenFiles::new(3);
        let lazy: Vec<_> =
            (0..10).map(|base| LazyFile::new(&path, Offset(base), FileKind::Log, &files)).collect();
        for _ in 0..2 {
            for file in &lazy {
                file.open_or_create().unwrap();
                let open = lazy.iter().filter(|file| file.slot.file.lock().is_some()).count();
                assert!(open <= 3, "{open} files are open");
            }
        }
    }

    #[test]
    fn a_file_that_is_held_outlives_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let path: Arc<Path> = dir.path().into();
        let files = OpenFiles::new(1);
        let first = LazyFile::new(&path, Offset(0), FileKind::Log, &files);
        let held = first.open_or_create().unwrap();
        LazyFile::new(&path, Offset(1), FileKind::Log, &files).open_or_create().unwrap();
        assert!(held.metadata().is_ok());
    }
}
