//! A directory in memory whose memory is there when a log is written to it.
//!
//! Two things make memory a worse disk than a disk on a virtual machine. `/dev/shm` allocates a page of 4 KiB at a time,
//! where XFS, Btrfs and ext4 take as many as a write has. And a host that takes free memory back within seconds has to provide
//! it again when it is written to, at a fraction of the speed of memory.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, anyhow, ensure};
use rustix::fs::statvfs;

use super::memory;
use crate::packages;

/// How much of the memory that is available the files in it may take.
const SIZE: f64 = 0.9;

/// How much of it is held: more than any run writes.
const HELD: f64 = 0.75;

const HELD_FILE_MEBIBYTES: u64 = 256;

/// How much of what is held is free before it is written to: a second or two.
const AHEAD_BYTES: u64 = 2 << 30;

/// How often it is looked at how much is free.
const POLL: Duration = Duration::from_millis(20);

/// A file system in memory with large pages, unmounted when it is dropped.
#[derive(Debug)]
pub(crate) struct MemoryDir {
    root: PathBuf,
}

impl MemoryDir {
    /// Mounts it beneath `parent`.
    pub(crate) fn mount(parent: &Path) -> anyhow::Result<Self> {
        ensure!(
            rustix::process::geteuid().is_root(),
            "`headline` mounts a file system in memory: it needs root, or --headline-dir"
        );
        let root = parent.join(format!("crossdock-compare-memory-{}", std::process::id()));
        fs::create_dir_all(&root).with_context(|| format!("creating {}", root.display()))?;
        let options = format!("huge=always,size={}", of_available(SIZE)?);
        packages::run(Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&root))?;
        Ok(Self { root })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.root
    }

    /// Fills it, so that the host provides the memory now, and keeps it from being taken back until
    /// [`release_while`](Self::release_while).
    pub(crate) fn hold(&self) -> anyhow::Result<()> {
        let held = self.held();
        fs::create_dir_all(&held)?;
        let files = (of_available(HELD)? >> 20) / HELD_FILE_MEBIBYTES;
        for number in 0..files {
            fill(&held.join(number.to_string()))?;
        }
        Ok(())
    }

    /// Gives what is held to `work` a little before it is written to, as the host would take it back otherwise.
    pub(crate) fn release_while<T>(&self, work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
        let is_done = AtomicBool::new(false);
        let outcome = thread::scope(|scope| {
            let releasing = scope.spawn(|| self.release_until(&is_done));
            let outcome = work();
            is_done.store(true, Ordering::Relaxed);
            releasing.join().map_err(|_| anyhow!("the thread that gives held memory back died"))??;
            outcome
        });
        fs::remove_dir_all(self.held()).context("giving held memory back")?;
        outcome
    }

    /// Takes one held file away after the other, whenever less is free than is to be.
    fn release_until(&self, is_done: &AtomicBool) -> anyhow::Result<()> {
        let free_bytes = room_in(&self.root)? + AHEAD_BYTES;
        for entry in fs::read_dir(self.held())? {
            while room_in(&self.root)? >= free_bytes {
                if is_done.load(Ordering::Relaxed) {
                    return Ok(());
                }
                thread::sleep(POLL);
            }
            fs::remove_file(entry?.path())?;
        }
        Ok(())
    }

    fn held(&self) -> PathBuf {
        self.root.join("held")
    }
}

fn fill(path: &Path) -> anyhow::Result<()> {
    let mut file = fs::File::create(path).with_context(|| format!("creating {}", path.display()))?;
    let block = [7_u8; 1 << 20];
    for _ in 0..HELD_FILE_MEBIBYTES {
        file.write_all(&block).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}

/// What can still be written to the file system of `dir`.
pub(crate) fn room_in(dir: &Path) -> anyhow::Result<u64> {
    let stat = statvfs(dir).with_context(|| format!("looking at {}", dir.display()))?;
    Ok(stat.f_bavail * stat.f_frsize)
}

fn of_available(share: f64) -> anyhow::Result<u64> {
    Ok((memory::available_bytes()? as f64 * share) as u64)
}

impl Drop for MemoryDir {
    fn drop(&mut self) {
        if let Err(error) = packages::run(Command::new("umount").arg(&self.root)) {
            eprintln!("{} is not taken down: {error:#}", self.root.display());
        }
        // A mount point is empty when it is a mount point no longer.
        let _ = fs::remove_dir(&self.root);
    }
}
