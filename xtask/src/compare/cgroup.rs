//! A control group (version 1) that holds a broker while something is scarce.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

const ROOT: &str = "/sys/fs/cgroup";

/// A group of one controller with one process. Both leave it when this is dropped.
#[derive(Debug)]
pub(crate) struct Cgroup {
    path: PathBuf,
    pid: u32,
}

impl Cgroup {
    /// Puts a process, with all its threads, into a new group of `controller`, in which `setting` is `value`. Needs root.
    pub(crate) fn with(controller: &str, pid: u32, setting: &str, value: &str) -> anyhow::Result<Self> {
        let parent = Path::new(ROOT).join(controller);
        ensure!(
            parent.join("cgroup.procs").exists(),
            "{} is not there: this figure needs control groups version 1",
            parent.display()
        );
        let group = Self { path: parent.join(format!("crossdock-compare-{pid}")), pid };
        fs::create_dir(&group.path)
            .with_context(|| format!("creating {}: are you root?", group.path.display()))?;
        write(&group.path.join(setting), value)?;
        write(&group.path.join("cgroup.procs"), &pid.to_string())?;
        Ok(group)
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // A process that has ended has left already.
        let _ = self.path.parent().map(|parent| write(&parent.join("cgroup.procs"), &self.pid.to_string()));
        if let Err(error) = fs::remove_dir(&self.path) {
            eprintln!("{} could not be removed: {error}", self.path.display());
        }
    }
}

fn write(path: &Path, value: &str) -> anyhow::Result<()> {
    fs::write(path, value).with_context(|| format!("writing {value:?} to {}", path.display()))
}

/// `MAJOR:MINOR` of the whole disk that `path` lies on.
pub(crate) fn disk_of(path: &Path) -> anyhow::Result<String> {
    let device = fs::metadata(path)?.dev();
    let id = format!("{}:{}", rustix::fs::major(device), rustix::fs::minor(device));
    let block = Path::new("/sys/dev/block").join(&id);
    ensure!(block.exists(), "{} is not on a disk of its own", path.display());
    if !block.join("partition").exists() {
        return Ok(id);
    }
    Ok(fs::read_to_string(fs::canonicalize(&block)?.join("../dev"))?.trim().to_owned())
}
