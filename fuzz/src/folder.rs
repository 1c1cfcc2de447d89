//! Folders for targets that work on files.

use std::path::Path;

use tempfile::TempDir;

/// Memory that looks like a disk: a target flushes thousands of times a second.
const IN_MEMORY: &str = "/dev/shm";

/// An empty folder, deleted when it is dropped.
///
/// # Panics
/// There is no place for it.
#[must_use]
pub fn new() -> TempDir {
    let folder = if Path::new(IN_MEMORY).is_dir() { TempDir::new_in(IN_MEMORY) } else { TempDir::new() };
    folder.expect("a folder for temporary files")
}
