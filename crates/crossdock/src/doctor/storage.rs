//! Where the data lies.

use std::path::{Path, PathBuf};

use rustix::fs::{StatFs, statfs};

use super::{Area, Finding, Verdict};
use crate::units::bytes;

/// Below this, producers are about to be refused.
const FREE_BYTES_TOO_FEW: u64 = 1 << 30;
/// Below this part of the whole, file systems spread new files over what gaps are left.
const FREE_PERCENT_WANTED: u64 = 15;

/// What a file system means for a broker, by the number that statfs(2) names it by.
const FILE_SYSTEMS: &[(i64, &str, Verdict)] = &[
    (0xef53, "ext4", Verdict::Good),
    (0x5846_5342, "xfs", Verdict::Good),
    (0x9123_683e, "btrfs", Verdict::Advice),
    (0x2fc1_2fc1, "zfs", Verdict::Advice),
    (0xf2f5_2010, "f2fs", Verdict::Advice),
    (0x0102_1994, "tmpfs", Verdict::Advice),
    (0x794c_7630, "overlayfs", Verdict::Advice),
    (0x6969, "nfs", Verdict::Matters),
    (0xff53_4d42, "cifs", Verdict::Matters),
    (0xfe53_4d42, "smb", Verdict::Matters),
    (0x0102_1997, "9p", Verdict::Matters),
    (0x6573_5546, "fuse", Verdict::Matters),
];

/// Looks at the file system that `data_dir` is on, or would be on once it is made.
pub(super) fn examine(data_dir: &Path) -> Vec<Finding> {
    let unknown = || Finding {
        area: Area::Storage,
        name: format!("{}", data_dir.display()),
        value: "not reachable".to_owned(),
        wanted: "a directory that can be made and written".to_owned(),
        verdict: Verdict::Unknown,
        command: None,
    };
    match existing_ancestor(data_dir).and_then(|dir| statfs(dir).ok()) {
        None => vec![unknown()],
        Some(stat) => vec![file_system(data_dir, &stat), free_space(data_dir, &stat)],
    }
}

fn file_system(data_dir: &Path, stat: &StatFs) -> Finding {
    #[expect(clippy::unnecessary_cast, reason = "the field's type differs between architectures")]
    let number = stat.f_type as i64;
    let known = FILE_SYSTEMS.iter().find(|(known, ..)| *known == number);
    let (name, verdict) = known.map_or((format!("{number:#x}"), Verdict::Unknown), |(_, name, verdict)| {
        ((*name).to_owned(), *verdict)
    });
    Finding {
        area: Area::Storage,
        name: format!("file system of {}", data_dir.display()),
        value: name,
        wanted: "ext4 or xfs on a local disk: durable, lockable, and sendfile does not copy".to_owned(),
        verdict,
        command: None,
    }
}

fn free_space(data_dir: &Path, stat: &StatFs) -> Finding {
    #[expect(clippy::unnecessary_cast, reason = "the fields' types differ between architectures")]
    let (block_bytes, available, total) = (stat.f_bsize as u64, stat.f_bavail as u64, stat.f_blocks as u64);
    let free_bytes = block_bytes.saturating_mul(available);
    let percent = available.saturating_mul(100) / total.max(1);
    Finding {
        area: Area::Storage,
        name: format!("free space of {}", data_dir.display()),
        value: format!("{} ({percent} %)", bytes(free_bytes)),
        wanted: format!("{FREE_PERCENT_WANTED} % or more; log.retention.bytes bounds what partitions keep"),
        verdict: if free_bytes < FREE_BYTES_TOO_FEW {
            Verdict::Matters
        } else if percent < FREE_PERCENT_WANTED {
            Verdict::Advice
        } else {
            Verdict::Good
        },
        command: None,
    }
}

/// The directory itself, or the nearest one above it that exists.
fn existing_ancestor(dir: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(dir).ok()?;
    absolute.ancestors().find(|ancestor| ancestor.exists()).map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_directory_that_does_not_exist_yet_is_judged_by_the_one_above() {
        let parent = tempfile::tempdir().unwrap();
        let findings = examine(&parent.path().join("not/yet/there"));
        assert_eq!(findings.len(), 2);
        assert!(findings[1].value.contains('%'), "{findings:?}");
    }
}
