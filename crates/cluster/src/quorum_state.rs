//! `quorum-state`: who leads the metadata quorum, in the one line of JSON that Kafka keeps beside its metadata log.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use protocol::{BrokerId, LeaderEpoch};

use crate::ClusterError;

const FILE_NAME: &str = "quorum-state";

/// The leader's epoch as last written in `dir`; none where there is no such file.
pub(crate) fn read_epoch(dir: &Path) -> Result<LeaderEpoch, ClusterError> {
    let path = dir.join(FILE_NAME);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(LeaderEpoch::NONE),
        Err(source) => return Err(ClusterError::Io { path, source }),
    };
    let state: serde_json::Value = serde_json::from_str(&text)
        .map_err(|error| ClusterError::Inconsistent(format!("{}: not JSON: {error}", path.display())))?;
    let epoch = state
        .get("leaderEpoch")
        .and_then(serde_json::Value::as_i64)
        .and_then(|epoch| i32::try_from(epoch).ok());
    epoch
        .map(LeaderEpoch)
        .ok_or_else(|| ClusterError::Inconsistent(format!("{}: no leaderEpoch in {text:?}", path.display())))
}

/// Says that `leader` leads at `epoch`. The file is replaced whole, so that a crash leaves the old or the new one.
pub(crate) fn write(dir: &Path, leader: BrokerId, epoch: LeaderEpoch) -> Result<(), ClusterError> {
    let path = dir.join(FILE_NAME);
    let text = format!(
        r#"{{"leaderId":{leader},"leaderEpoch":{epoch},"votedId":-1,"votedDirectoryId":"AAAAAAAAAAAAAAAAAAAAAA","data_version":1}}"#
    );
    replace(&path, text.as_bytes()).map_err(|source| ClusterError::Io { path, source })
}

fn replace(path: &PathBuf, content: &[u8]) -> std::io::Result<()> {
    let unfinished = path.with_extension("tmp");
    let mut file = fs::File::create(&unfinished)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read_epoch(dir.path()).unwrap(), LeaderEpoch::NONE);
        write(dir.path(), BrokerId(7), LeaderEpoch(3)).unwrap();
        assert_eq!(read_epoch(dir.path()).unwrap(), LeaderEpoch(3));
    }

    #[test]
    fn a_damaged_file_is_named() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(FILE_NAME), "{}").unwrap();
        assert!(read_epoch(dir.path()).unwrap_err().to_string().contains("quorum-state"));
    }
}
