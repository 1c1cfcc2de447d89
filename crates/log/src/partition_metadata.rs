//! `partition.metadata`: the id of the topic that a directory belongs to.
//!
//! Text: a line `version: 0` and a line `topic_id: ` with the id in URL-safe base64.

use std::fs;
use std::io;
use std::path::Path;

use uuid::Uuid;

use crate::LogError;
use crate::base64_id;
use crate::disk::write_atomically;

const FILE_NAME: &str = "partition.metadata";

/// Reads the topic's id from a partition's directory; `None` if there is no such file.
///
/// # Errors
/// The disk's, and a file that is not of version 0.
pub fn read_topic_id(dir: &Path) -> Result<Option<Uuid>, LogError> {
    let path = dir.join(FILE_NAME);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(LogError::Io { operation: "read", path, source }),
    };
    let mut lines = text.lines();
    let version = lines.next().and_then(|line| line.strip_prefix("version:")).map(str::trim);
    let id = lines.next().and_then(|line| line.strip_prefix("topic_id:")).map(str::trim);
    match (version, id.and_then(base64_id::parse)) {
        (Some("0"), Some(id)) => Ok(Some(id)),
        _ => {
            Err(LogError::Damaged { path, position: None, expected: "version 0 and a topic id", found: text })
        }
    }
}

/// Writes the topic's id into a partition's directory.
///
/// # Errors
/// The disk's.
pub fn write_topic_id(dir: &Path, id: Uuid) -> Result<(), LogError> {
    let text = format!("version: 0\ntopic_id: {}", base64_id::format(id));
    write_atomically(&dir.join(FILE_NAME), text.as_bytes())
}
