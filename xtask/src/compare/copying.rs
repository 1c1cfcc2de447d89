//! Copying files beside cp and rclone, on the file systems that Linux servers have: how long does it take?

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, bail, ensure};
use rustix::fs::{Advice, fadvise, syncfs};

use super::cores::{Cores, Place};
use super::results::Measured;
use super::server;
use super::session::SECONDS;
use crate::packages;
use crate::workspace;

const CP: &str = "cp";
const RCLONE: &str = "rclone";

/// In how many files, where it is a tree.
const FILES: u64 = 12;

/// File system, and the names of its cases: one file in memory, one file on the disk, a tree in memory.
pub(crate) const CASES: [(Kind, [&str; 3]); 3] = [
    (Kind::Ext4, ["ext4: 1 file, in memory", "ext4: 1 file, on the disk", "ext4: 12 files, in memory"]),
    (Kind::Xfs, ["XFS: 1 file, in memory", "XFS: 1 file, on the disk", "XFS: 12 files, in memory"]),
    (Kind::Btrfs, ["Btrfs: 1 file, in memory", "Btrfs: 1 file, on the disk", "Btrfs: 12 files, in memory"]),
];

/// A kind of file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Ext4,
    Xfs,
    Btrfs,
}

/// The file systems with their sources, made once for all rounds and removed at the end.
#[derive(Debug)]
pub(crate) struct Volumes {
    volumes: Vec<Volume>,
}

/// A file system in a file.
#[derive(Debug)]
struct Volume {
    names: [&'static str; 3],
    image: PathBuf,
    /// Where it is mounted.
    root: PathBuf,
    /// Empty until it has one.
    device: String,
    is_mounted: bool,
}

impl Volumes {
    /// Makes them in `parent`, where 4 GB are needed for each at most. Installs what is missing.
    pub(crate) fn prepare(parent: &Path, bytes: u64) -> anyhow::Result<Self> {
        ensure!(rustix::process::geteuid().is_root(), "`copy` mounts file systems: it needs root");
        packages::ensure(&[
            ("rclone", "rclone"),
            ("mkfs.ext4", "e2fsprogs"),
            ("mkfs.xfs", "xfsprogs"),
            ("mkfs.btrfs", "btrfs-progs"),
        ])?;
        let folder = parent.join(format!("crossdock-compare-copy-{}", std::process::id()));
        let make = |(kind, names): (Kind, [&'static str; 3])| {
            let volume = Volume::make(kind, names, &folder)?;
            volume.fill(bytes)?;
            Ok(volume)
        };
        Ok(Self { volumes: CASES.into_iter().map(make).collect::<anyhow::Result<_>>()? })
    }
}

impl Volume {
    fn make(kind: Kind, names: [&'static str; 3], folder: &Path) -> anyhow::Result<Self> {
        let (root, image) = (folder.join(kind.program()), folder.join(format!("{}.img", kind.program())));
        fs::create_dir_all(&root).with_context(|| format!("creating {}", root.display()))?;
        let mut volume = Self { names, image, root, device: String::new(), is_mounted: false };
        // Room for a source, its copy, and what a file system keeps for itself.
        File::create(&volume.image)?.set_len(4 << 30)?;
        run(Command::new(kind.program()).args(kind.arguments()).arg(&volume.image))?;
        // Past the cache of the file system that the image lies on: what is cold is cold.
        let attach = Command::new("losetup")
            .args(["--find", "--show", "--direct-io=on"])
            .arg(&volume.image)
            .stderr(Stdio::inherit())
            .output()?;
        ensure!(attach.status.success(), "losetup: {}", attach.status);
        volume.device = String::from_utf8(attach.stdout)?.trim().to_owned();
        run(Command::new("mount").arg(&volume.device).arg(&volume.root))?;
        volume.is_mounted = true;
        Ok(volume)
    }

    /// Writes the sources: one file, and as much in several.
    fn fill(&self, bytes: u64) -> anyhow::Result<()> {
        let mut noise = File::open("/dev/urandom")?;
        fs::create_dir(self.root.join("tree"))?;
        let mut files = vec![(self.root.join("one"), bytes)];
        files.extend((0..FILES).map(|number| (self.root.join(format!("tree/{number}")), bytes / FILES)));
        let mut block = vec![0; 1 << 20];
        for (path, bytes) in files {
            let mut file = File::create(&path).with_context(|| format!("creating {}", path.display()))?;
            let mut left = bytes;
            while left > 0 {
                noise.read_exact(&mut block)?;
                let part = left.min(block.len() as u64);
                file.write_all(&block[..part as usize])?;
                left -= part;
            }
            file.sync_all()?;
        }
        Ok(())
    }

    fn source(&self, case: usize) -> PathBuf {
        self.root.join(if case == 2 { "tree" } else { "one" })
    }

    /// Has nothing left of the last copy, and the sources in memory or on the disk alone.
    fn make_ready(&self, case: usize) -> anyhow::Result<()> {
        let copy = self.root.join("copy");
        if copy.is_dir() {
            fs::remove_dir_all(&copy)?;
        } else if copy.exists() {
            fs::remove_file(&copy)?;
        }
        syncfs(File::open(&self.root)?)?;
        for path in files_of(&self.source(case))? {
            let mut file = File::open(&path)?;
            if case == 1 {
                fadvise(&file, 0, None, Advice::DontNeed)?;
            } else {
                std::io::copy(&mut file, &mut std::io::sink())?;
            }
        }
        Ok(())
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        let undo = |command: &mut Command| {
            if let Err(error) = run(command) {
                eprintln!("{} is not taken down: {error:#}", self.root.display());
            }
        };
        if self.is_mounted {
            undo(Command::new("umount").arg(&self.root));
        }
        if !self.device.is_empty() {
            undo(Command::new("losetup").args(["--detach", &self.device]));
        }
        let removed = fs::remove_file(&self.image).and_then(|()| fs::remove_dir(&self.root));
        // The last one has it empty.
        let _ = self.image.parent().map(fs::remove_dir);
        if let Err(error) = removed {
            eprintln!("{} could not be removed: {error}", self.image.display());
        }
    }
}

/// Measures everybody in every case once.
pub(crate) fn run_round(
    volumes: &Volumes,
    (cores, crossdock): (&Cores, &Path),
    measured: &mut Measured,
) -> anyhow::Result<()> {
    measured.with = versions()?;
    for volume in &volumes.volumes {
        for (case, name) in volume.names.iter().enumerate() {
            let (source, copy) = (volume.source(case), volume.root.join("copy"));
            for who in [CP, RCLONE, server::Kind::Crossdock.name()] {
                eprintln!("  {who}: {name}");
                let (program, arguments): (&Path, &[&str]) = match who {
                    CP if source.is_dir() => (CP.as_ref(), &["--recursive"]),
                    CP => (CP.as_ref(), &[]),
                    RCLONE if source.is_dir() => (RCLONE.as_ref(), &["copy"]),
                    RCLONE => (RCLONE.as_ref(), &["copyto"]),
                    _ => (crossdock, &["copy", "--quiet"]),
                };
                let copy_once = || -> anyhow::Result<f64> {
                    volume.make_ready(case)?;
                    let mut command = Command::new(program);
                    command.args(arguments).arg(&source).arg(&copy).stdout(Stdio::null());
                    let began = Instant::now();
                    let status = cores.spawn(&mut command, Place::Anywhere)?.wait()?;
                    let elapsed_s = began.elapsed().as_secs_f64();
                    ensure!(status.success(), "{who} ended with {status}");
                    check_copy(&source, &copy)?;
                    Ok(elapsed_s)
                };
                // A file system goes on for a while with what was deleted. After this, what each meets is its own.
                copy_once()?;
                measured.add(name, who, SECONDS, copy_once()?);
            }
        }
    }
    Ok(())
}

/// A copy of which something is missing is no copy. That contents are equal is what the tests of `copy` are for.
fn check_copy(source: &Path, copy: &Path) -> anyhow::Result<()> {
    let lengths = |path: &Path| -> anyhow::Result<Vec<u64>> {
        let mut lengths = Vec::new();
        for file in files_of(path)? {
            lengths.push(fs::metadata(file)?.len());
        }
        lengths.sort_unstable();
        Ok(lengths)
    };
    if lengths(source)? != lengths(copy)? {
        bail!("{} is not the copy of {}", copy.display(), source.display());
    }
    Ok(())
}

fn files_of(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = fs::read_dir(path).with_context(|| format!("reading {}", path.display()))?;
    entries.map(|entry| Ok(entry?.path())).collect()
}

impl Kind {
    fn program(self) -> &'static str {
        match self {
            Self::Ext4 => "mkfs.ext4",
            Self::Xfs => "mkfs.xfs",
            Self::Btrfs => "mkfs.btrfs",
        }
    }

    fn arguments(self) -> &'static [&'static str] {
        match self {
            // Otherwise it goes on writing its tables while it is measured.
            Self::Ext4 => &["-q", "-E", "lazy_itable_init=0,lazy_journal_init=0"],
            Self::Xfs | Self::Btrfs => &["-q"],
        }
    }
}

fn versions() -> anyhow::Result<String> {
    let first_line = |program: &str| -> anyhow::Result<String> {
        let text = workspace::output_of(program, &["--version"])?;
        Ok(text.lines().next().unwrap_or_default().trim().to_owned())
    };
    Ok(format!("{}, {}", first_line("cp")?, first_line("rclone")?))
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    packages::run(command.stdout(Stdio::null()))
}
