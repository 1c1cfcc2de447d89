//! A disk that can be frozen: a file system of its own, on a loop device. Needs root.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// Room for a file system and a few records.
const DISK_BYTES: u64 = 64 << 20;

/// A mounted file system. It is unmounted when this goes.
#[derive(Debug)]
pub struct Disk {
    folder: TempDir,
}

impl Disk {
    /// A new one; `None` where this user cannot mount and freeze, or the programs for it are not there.
    ///
    /// # Panics
    ///
    /// When there is no room for it.
    pub fn mount() -> Option<Self> {
        let folder = TempDir::with_prefix("crossdock-disk-").expect("a temporary folder");
        let image = folder.path().join("image");
        File::create(&image).and_then(|file| file.set_len(DISK_BYTES)).expect("a file for the disk");
        let mounted_at = folder.path().join("mounted");
        fs::create_dir(&mounted_at).expect("a folder to mount at");
        let made = run(Command::new("mkfs.ext4").arg("-q").arg(&image));
        let mounted = made && run(Command::new("mount").args(["-o", "loop"]).arg(&image).arg(&mounted_at));
        let disk = mounted.then_some(Self { folder })?;
        (fsfreeze("--freeze", &mounted_at) && fsfreeze("--unfreeze", &mounted_at)).then_some(disk)
    }

    /// Where it is mounted.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("mounted")
    }

    /// Has everybody who writes to it wait, not to be interrupted, as long as what is returned lives: it must go before
    /// anybody waits for the end of a process that writes.
    ///
    /// # Panics
    ///
    /// When the kernel refuses.
    pub fn freeze(&self) -> Frozen {
        assert!(fsfreeze("--freeze", &self.path()), "the disk cannot be frozen");
        Frozen { path: self.path() }
    }
}

/// A disk that takes no writes.
#[derive(Debug)]
pub struct Frozen {
    path: PathBuf,
}

impl Drop for Frozen {
    fn drop(&mut self) {
        fsfreeze("--unfreeze", &self.path);
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Whoever still holds a file keeps it until then.
        run(Command::new("umount").arg("--lazy").arg(self.path()));
    }
}

fn fsfreeze(how: &str, path: &Path) -> bool {
    run(Command::new("fsfreeze").arg(how).arg(path))
}

/// Whether the program is there and succeeds.
fn run(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}
