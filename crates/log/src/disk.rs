//! Writing whole small files so that after a crash either the old or the new one is there.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use crate::LogError;

/// Replaces the file at `path` by `bytes`: written beside it, flushed, renamed over it, and the directory flushed.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), LogError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".tmp");
    let beside = Path::new(&beside);
    let mut file = File::create(beside).map_err(LogError::io("create", beside))?;
    file.write_all(bytes).map_err(LogError::io("write", beside))?;
    file.sync_all().map_err(LogError::io("flush", beside))?;
    fs::rename(beside, path).map_err(LogError::io("rename", beside))?;
    path.parent().map_or(Ok(()), sync_dir)
}

/// Removes a file. One that is not there counts as removed.
pub(crate) fn remove_if_there(path: &Path) -> Result<(), LogError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(LogError::Io { operation: "delete", path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// Makes the names in a directory last over a power cut.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), LogError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(LogError::io("flush", dir))
}
