//! File systems of several kinds, each on a loop device of its own. Needs root and the programs that make them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// What mkfs.xfs asks for at least. The image is sparse.
const DISK_BYTES: u64 = 320 << 20;

/// A mounted file system. It is unmounted when this goes.
pub(crate) struct Disk {
    folder: TempDir,
}

impl Disk {
    /// A new one; `None`, and a line that says so, where it cannot be made or mounted.
    pub(crate) fn mount(kind: &str) -> Option<Self> {
        let folder = TempDir::with_prefix("crossdock-copy-").unwrap();
        let image = folder.path().join("image");
        File::create(&image).and_then(|file| file.set_len(DISK_BYTES)).unwrap();
        let mounted_at = folder.path().join("mounted");
        fs::create_dir(&mounted_at).unwrap();
        let mounted = run(Command::new(format!("mkfs.{kind}")).arg("-q").arg(&image))
            && run(Command::new("mount").args(["-o", "loop"]).arg(&image).arg(&mounted_at));
        if !mounted {
            println!("skipped: {kind} cannot be made and mounted by this user");
        }
        mounted.then_some(Self { folder })
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("mounted")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        unmount(&self.path());
    }
}

fn unmount(path: &Path) {
    run(Command::new("umount").arg("--lazy").arg(path));
}

/// Whether the program is there and succeeds.
fn run(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}
