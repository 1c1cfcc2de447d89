//! A data directory: whose it is, how it was left, and the logs in it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use protocol::{BrokerId, PartitionIndex};
use rustix::fs::FlockOperation;
use rustix::io::Errno;

use crate::disk::{sync_dir, write_atomically};
use crate::file_names::deleted_dir_name;
use crate::{LogError, MetaProperties, PartitionDir};

const LOCK_FILE: &str = ".lock";
const CLEAN_SHUTDOWN_FILE: &str = ".kafka_cleanshutdown";

/// How a broker left its data directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// Everything was flushed, by the broker of this epoch (−1 if the mark does not say).
    Clean {
        /// The epoch that the controller had given the broker.
        broker_epoch: i64,
    },
    /// The broker was killed, or the directory is new.
    Unclean,
}

/// Who opens a data directory.
#[derive(Clone, Debug)]
pub struct LogDirOptions {
    /// The broker's `node.id`.
    pub node_id: BrokerId,
    /// The cluster, if known. Without it the directory's own is taken, or one is made up.
    pub cluster_id: Option<String>,
}

/// A data directory in use by this process alone.
#[derive(Debug)]
pub struct LogDir {
    path: PathBuf,
    meta: MetaProperties,
    shutdown: Shutdown,
    /// Holds the lock until it is dropped.
    _lock: File,
}

impl LogDir {
    /// Takes a data directory into use: creates it if need be, locks it, reads or writes whose it is, and takes the mark of
    /// a clean shutdown away, so that from now on only [`Self::mark_clean_shutdown`] makes it clean.
    ///
    /// # Errors
    /// [`LogError::Locked`] if another process uses it, [`LogError::ForeignDirectory`] if it belongs to another broker or
    /// cluster; or the disk's.
    pub fn open(path: &Path, options: &LogDirOptions) -> Result<Self, LogError> {
        fs::create_dir_all(path).map_err(LogError::io("create", path))?;
        let lock = lock(path)?;
        let meta = match MetaProperties::read(path)? {
            Some(meta) => {
                meta.ensure(path, options.cluster_id.as_deref(), options.node_id)?;
                meta
            }
            None => {
                let cluster_id = options.cluster_id.clone().unwrap_or_else(MetaProperties::random_cluster_id);
                let meta = MetaProperties::new(cluster_id, options.node_id);
                meta.write(path)?;
                meta
            }
        };
        let shutdown = take_clean_shutdown_mark(path)?;
        Ok(Self { path: path.to_owned(), meta, shutdown, _lock: lock })
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whose it is.
    #[must_use]
    pub fn meta(&self) -> &MetaProperties {
        &self.meta
    }

    /// How it was left.
    #[must_use]
    pub fn shutdown(&self) -> Shutdown {
        self.shutdown
    }

    /// Whether every log in it can be opened without being checked.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        matches!(self.shutdown, Shutdown::Clean { .. })
    }

    /// The directories of logs in it: topic, partition, path.
    ///
    /// # Errors
    /// The disk's.
    pub fn partitions(&self) -> Result<Vec<(String, PartitionIndex, PathBuf)>, LogError> {
        let mut partitions = Vec::new();
        for (dir, path) in self.dirs()? {
            if let PartitionDir::Log { topic, partition } = dir {
                partitions.push((topic, partition, path));
            }
        }
        Ok(partitions)
    }

    /// The directories of logs that were deleted and whose files are still there.
    ///
    /// # Errors
    /// The disk's.
    pub fn deleted(&self) -> Result<Vec<PathBuf>, LogError> {
        let dirs = self.dirs()?;
        Ok(dirs
            .into_iter()
            .filter_map(|(dir, path)| (dir == PartitionDir::Deleted).then_some(path))
            .collect())
    }

    /// The directory of a log, whether it is there or not.
    #[must_use]
    pub fn partition_path(&self, topic: &str, partition: PartitionIndex) -> PathBuf {
        self.path.join(crate::partition_dir_name(topic, partition))
    }

    /// Renames a log's directory, so that this and Kafka's next start take it for deleted. The log is closed before. Gives
    /// the path of what is left, to be removed after `file.delete.delay.ms` with [`std::fs::remove_dir_all`].
    ///
    /// # Errors
    /// The disk's.
    pub fn mark_deleted(&self, topic: &str, partition: PartitionIndex) -> Result<PathBuf, LogError> {
        let from = self.partition_path(topic, partition);
        let to = self.path.join(deleted_dir_name(&crate::partition_dir_name(topic, partition)));
        fs::rename(&from, &to).map_err(LogError::io("rename", &from))?;
        sync_dir(&self.path)?;
        Ok(to)
    }

    /// Leaves the mark of a clean shutdown. Every log has been closed before, and every checkpoint written.
    ///
    /// # Errors
    /// The disk's.
    pub fn mark_clean_shutdown(&self, broker_epoch: i64) -> Result<(), LogError> {
        let mark = format!("{{\"version\":0,\"brokerEpoch\":{broker_epoch}}}");
        write_atomically(&self.path.join(CLEAN_SHUTDOWN_FILE), mark.as_bytes())
    }

    fn dirs(&self) -> Result<Vec<(PartitionDir, PathBuf)>, LogError> {
        let mut dirs = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(LogError::io("list", &self.path))? {
            let entry = entry.map_err(LogError::io("list", &self.path))?;
            let is_dir = entry.file_type().map_err(LogError::io("stat", entry.path()))?.is_dir();
            if let Some(dir) = entry.file_name().to_str().filter(|_| is_dir).and_then(PartitionDir::parse) {
                dirs.push((dir, entry.path()));
            }
        }
        Ok(dirs)
    }
}

/// Locks the directory and leaves this process' id in the lock file, so that whoever is refused can say by whom.
fn lock(dir: &Path) -> Result<File, LogError> {
    let path = dir.join(LOCK_FILE);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(LogError::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(locked(dir, file)),
        Err(TryLockError::Error(source)) => return Err(LogError::Io { operation: "lock", path, source }),
    }
    // Java takes the other kind of lock, fcntl(2)'s, and the two kinds do not see each other.
    match rustix::fs::fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(Errno::AGAIN | Errno::ACCESS) => return Err(locked(dir, file)),
        Err(e) => return Err(LogError::Io { operation: "lock", path, source: e.into() }),
    }
    file.set_len(0)
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .map_err(LogError::io("write", &path))?;
    Ok(file)
}

fn locked(dir: &Path, lock_file: File) -> LogError {
    const MAX_PID_BYTES: u64 = 20;
    let mut text = String::new();
    let read = lock_file.take(MAX_PID_BYTES).read_to_string(&mut text);
    let pid = read.ok().and_then(|_| text.trim().parse().ok());
    LogError::Locked { path: dir.to_owned(), pid }
}

fn take_clean_shutdown_mark(dir: &Path) -> Result<Shutdown, LogError> {
    let path = dir.join(CLEAN_SHUTDOWN_FILE);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Shutdown::Unclean),
        Err(source) => return Err(LogError::Io { operation: "read", path, source }),
    };
    fs::remove_file(&path).map_err(LogError::io("delete", &path))?;
    sync_dir(dir)?;
    // Older brokers left an empty file: that it is there is what counts.
    let broker_epoch = text
        .split_once("\"brokerEpoch\":")
        .and_then(|(_, rest)| rest.trim_start().split(|c: char| c != '-' && !c.is_ascii_digit()).next())
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(-1);
    Ok(Shutdown::Clean { broker_epoch })
}
