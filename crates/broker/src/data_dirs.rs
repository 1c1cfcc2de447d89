//! The data directories of this broker: whose they are, which logs lie in them, and what is written about those.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use log::{
    Checkpoint, Log, LogConfig, LogDir, LogDirOptions, LogError, LogOptions, OpenFiles, PartitionOffsets,
};
use parking_lot::Mutex;
use protocol::{BrokerId, LeaderEpoch, Offset, PartitionIndex};
use rustix::process::{Resource, getrlimit};
use tracing::{info, warn};
use uuid::Uuid;

use crate::clock;
use crate::disk::{Disk, Watch};
use crate::partitions::Partition;

/// The directories that this broker has locked.
#[derive(Debug)]
pub(crate) struct DataDirs {
    dirs: Vec<DataDir>,
    files: Arc<OpenFiles>,
    /// Directories of deleted logs and when they are to go.
    deleted: Mutex<Vec<(PathBuf, i64)>>,
}

#[derive(Debug)]
struct DataDir {
    dir: LogDir,
    disk: Arc<Disk>,
    recovery_points: PartitionOffsets,
    start_offsets: PartitionOffsets,
    /// Where each log that was found at start lies.
    found: HashMap<(String, PartitionIndex), PathBuf>,
    /// How many logs lie here.
    logs: AtomicUsize,
}

/// Which log to open, and how.
#[derive(Clone, Debug)]
pub(crate) struct LogToOpen {
    pub(crate) topic: Arc<str>,
    pub(crate) topic_id: Uuid,
    pub(crate) index: PartitionIndex,
    pub(crate) leader_epoch: LeaderEpoch,
    pub(crate) config: LogConfig,
}

impl DataDirs {
    /// Locks the directories and reads what they say of themselves. The first one holds the metadata log.
    pub(crate) fn open(
        paths: &[PathBuf],
        node_id: BrokerId,
        open_files: usize,
        watch: &Arc<Watch>,
    ) -> Result<Self, LogError> {
        let mut dirs: Vec<DataDir> = Vec::with_capacity(paths.len());
        for path in paths {
            let cluster_id = dirs.first().map(|first| first.dir.meta().cluster_id.clone());
            let dir = LogDir::open(path, &LogDirOptions { node_id, cluster_id })?;
            dirs.push(DataDir {
                recovery_points: Checkpoint::RecoveryPoint.read(path)?,
                start_offsets: Checkpoint::LogStart.read(path)?,
                logs: AtomicUsize::new(0),
                disk: Disk::new(path, watch),
                found: dir.partitions()?.into_iter().map(|(topic, index, at)| ((topic, index), at)).collect(),
                dir,
            });
        }
        let now_ms = clock::now_ms();
        let mut deleted = Vec::new();
        for dir in &dirs {
            deleted.extend(dir.dir.deleted()?.into_iter().map(|path| (path, now_ms)));
        }
        let open_files = leave_descriptors(open_files, getrlimit(Resource::Nofile).current);
        Ok(Self { dirs, files: OpenFiles::new(open_files), deleted: Mutex::new(deleted) })
    }

    /// The directory of the metadata log, and whether it was left cleanly.
    pub(crate) fn metadata_dir(&self) -> Option<(&std::path::Path, bool)> {
        self.dirs.first().map(|first| (first.dir.path(), first.dir.is_clean()))
    }

    /// The cluster that the directories belong to.
    pub(crate) fn cluster_id(&self) -> &str {
        self.dirs.first().map_or("", |first| &first.dir.meta().cluster_id)
    }

    /// The ids of the directories.
    pub(crate) fn ids(&self) -> Vec<Uuid> {
        self.dirs.iter().map(|dir| dir.dir.meta().directory_id).collect()
    }

    /// Opens a partition's log where it lies, or creates it in the directory with the fewest.
    pub(crate) fn open_log(&self, log: &LogToOpen) -> Result<Partition, LogError> {
        let key = (log.topic.to_string(), log.index);
        let found = self.dirs.iter().find_map(|dir| Some((dir, dir.found.get(&key)?.clone())));
        let found = match found {
            Some((dir, path)) => self.usable(dir, path, log)?,
            None => None,
        };
        let (dir, path, exists) = match found {
            Some((dir, path)) => (dir, path, true),
            None => {
                let dir = self.emptiest();
                (dir, dir.dir.partition_path(&log.topic, log.index), false)
            }
        };
        let options = LogOptions {
            config: log.config.clone(),
            clean: dir.dir.is_clean() || !exists,
            recovery_point: dir.recovery_points.get(&key).copied().unwrap_or(Offset::ZERO),
            start_offset: dir.start_offsets.get(&key).copied().unwrap_or(Offset::ZERO),
            now_ms: clock::now_ms(),
        };
        let (opened, report) = Log::open(&path, options, &self.files)?;
        if !exists {
            log::write_topic_id(&path, log.topic_id)?;
        }
        if let Some(cut) = &report.cut {
            warn!(
                topic = %log.topic,
                partition = log.index.0,
                file = %cut.path.display(),
                position = cut.position.0,
                bytes = cut.bytes,
                "cut a torn tail: {}", cut.reason
            );
        }
        // The only replica has everything that survived: all of it is committed.
        opened.advance_high_watermark(opened.end_offset());
        if opened.latest_epoch() != Some(log.leader_epoch) {
            opened.assign_leader_epoch(log.leader_epoch)?;
        }
        dir.logs.fetch_add(1, Ordering::Relaxed);
        let on_disk = (opened, Arc::clone(&dir.disk));
        Ok(Partition::new(Arc::clone(&log.topic), log.topic_id, log.index, on_disk, log.leader_epoch))
    }

    /// Takes a deleted partition's files out of the way; they go when `file.delete.delay.ms` has passed.
    pub(crate) fn delete_log(&self, partition: &Partition) -> Result<(), LogError> {
        let now_ms = clock::now_ms();
        partition.log.close(now_ms)?;
        let Some(dir) = self.dirs.iter().find(|dir| partition.log.dir().parent() == Some(dir.dir.path()))
        else {
            return Ok(());
        };
        dir.logs.fetch_sub(1, Ordering::Relaxed);
        let left = dir.dir.mark_deleted(&partition.topic, partition.index)?;
        let delay_ms = partition.log.config().file_delete_delay_ms;
        self.deleted.lock().push((left, now_ms.saturating_add(delay_ms)));
        Ok(())
    }

    /// Removes the files of deleted partitions whose time has come.
    pub(crate) fn remove_deleted(&self) {
        let now_ms = clock::now_ms();
        let due: Vec<_> = self.deleted.lock().extract_if(.., |(_, at)| *at <= now_ms).collect();
        for (path, _) in due {
            if let Err(error) = std::fs::remove_dir_all(&path) {
                warn!(path = %path.display(), "cannot remove a deleted partition: {error}");
            }
        }
    }

    /// Writes down from where on each log has to be checked after a crash.
    pub(crate) fn write_recovery_points(&self, partitions: &[Arc<Partition>]) -> Result<(), LogError> {
        self.write(Checkpoint::RecoveryPoint, partitions, |log| Some(log.recovery_point()))
    }

    /// Writes down where each log begins that has lost its beginning.
    pub(crate) fn write_start_offsets(&self, partitions: &[Arc<Partition>]) -> Result<(), LogError> {
        let start = |log: &Log| Some(log.start_offset()).filter(|start| *start > Offset::ZERO);
        self.write(Checkpoint::LogStart, partitions, start)
    }

    /// Writes down what is committed.
    pub(crate) fn write_high_watermarks(&self, partitions: &[Arc<Partition>]) -> Result<(), LogError> {
        self.write(Checkpoint::Replication, partitions, |log| Some(log.high_watermark()))
    }

    /// Leaves the mark of a clean shutdown in every directory; all logs have been closed.
    pub(crate) fn mark_clean_shutdown(&self, broker_epoch: i64) -> Result<(), LogError> {
        self.dirs.iter().try_for_each(|dir| dir.dir.mark_clean_shutdown(broker_epoch))
    }

    fn write(
        &self,
        checkpoint: Checkpoint,
        partitions: &[Arc<Partition>],
        offset: impl Fn(&Log) -> Option<Offset>,
    ) -> Result<(), LogError> {
        for dir in &self.dirs {
            let here = |partition: &&Arc<Partition>| partition.log.dir().parent() == Some(dir.dir.path());
            let offsets: PartitionOffsets = partitions
                .iter()
                .filter(here)
                .filter_map(|partition| {
                    Some(((partition.topic.to_string(), partition.index), offset(&partition.log)?))
                })
                .collect();
            checkpoint.write(dir.dir.path(), &offsets)?;
        }
        Ok(())
    }

    /// A directory that was found, unless it belongs to an earlier topic of the same name: that one is deleted.
    fn usable<'a>(
        &'a self,
        dir: &'a DataDir,
        path: PathBuf,
        log: &LogToOpen,
    ) -> Result<Option<(&'a DataDir, PathBuf)>, LogError> {
        match log::read_topic_id(&path) {
            _ if !path.exists() => Ok(None),
            Ok(Some(id)) if id != log.topic_id => {
                info!(topic = %log.topic, partition = log.index.0, old = %id, "removing the log of a deleted topic");
                let left = dir.dir.mark_deleted(&log.topic, log.index)?;
                self.deleted.lock().push((left, clock::now_ms()));
                Ok(None)
            }
            Ok(Some(_)) => Ok(Some((dir, path))),
            Ok(None) => {
                log::write_topic_id(&path, log.topic_id)?;
                Ok(Some((dir, path)))
            }
            Err(error) => Err(error),
        }
    }

    fn emptiest(&self) -> &DataDir {
        let logs = |dir: &&DataDir| dir.logs.load(Ordering::Relaxed);
        self.dirs.iter().min_by_key(logs).expect("a broker has at least one data directory")
    }
}

/// How many files of logs may stay open where `asked` are and the process may open `limit`: half of them is left to
/// connections.
fn leave_descriptors(asked: usize, limit: Option<u64>) -> usize {
    let half = limit.and_then(|limit| usize::try_from(limit / 2).ok());
    half.map_or(asked, |half| asked.min(half))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_leave_half_of_the_descriptors_to_connections() {
        assert_eq!(leave_descriptors(8_192, Some(1_024)), 512);
        assert_eq!(leave_descriptors(8_192, Some(1 << 20)), 8_192);
        assert_eq!(leave_descriptors(8_192, None), 8_192);
    }
}
