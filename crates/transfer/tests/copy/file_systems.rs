//! What each kind of file system can do is used, and what it cannot is replaced.

use std::os::unix::fs::{FileExt, MetadataExt};

use transfer::Reason;
use transfer::copy::{Copier, CopyError, Method, first_difference};

use crate::common::{MOVING, assert_contents, bytes, copy, file_in, ways};
use crate::disks::Disk;

const LEN: u64 = 5 << 20;

#[test]
fn file_systems_that_can_share_blocks_do() {
    let bytes = bytes(3_000_001);
    for disk in ["xfs", "btrfs"].into_iter().filter_map(Disk::mount) {
        for copier in [Copier::automatic(), Copier::force(Method::Reflink)] {
            let source = file_in(&disk.path(), 0, &[(0, &bytes)]);
            let target = file_in(&disk.path(), 0, &[]);
            assert_eq!(copy(&copier, &source, &target).unwrap().len, 3_000_001);
            let [(Method::Reflink, Reason::FirstChoice | Reason::Forced, 3_000_001)] = ways(&copier)[..]
            else {
                panic!("{:?}", ways(&copier))
            };
            assert_contents(&target, &bytes, "a clone");
            source.write_all_at(b"changed", 10).unwrap();
            assert_contents(&target, &bytes, "a clone whose source changed");
        }
    }
}

#[test]
fn every_method_keeps_bytes_and_holes_on_every_file_system() {
    let bytes = bytes(70_000);
    for kind in ["ext4", "xfs", "btrfs"] {
        let Some(disk) = Disk::mount(kind) else { continue };
        let source = file_in(&disk.path(), LEN, &[(1 << 20, &bytes), (4 << 20, &bytes)]);
        for method in MOVING {
            let target = file_in(&disk.path(), 0, &[]);
            copy(&Copier::force(method), &source, &target).unwrap();
            assert_eq!(first_difference(&source, &target).unwrap(), None, "{kind}, {method}");
            target.sync_all().unwrap();
            let blocks = target.metadata().unwrap().blocks();
            assert!(blocks * 512 < LEN / 2, "{kind}, {method}: {blocks} blocks");
        }
    }
}

#[test]
fn a_full_disk_is_the_targets_fault() {
    let Some(disk) = Disk::mount("ext4") else { return };
    let bytes = bytes(1 << 20);
    let extents: Vec<(u64, &[u8])> = (0..400).map(|mib| (mib << 20, &bytes[..])).collect();
    let source = file_in(&std::env::temp_dir(), 400 << 20, &extents);
    for copier in [Copier::automatic(), Copier::force(Method::ReadWrite), Copier::force(Method::Sendfile)] {
        let error = copy(&copier, &source, &file_in(&disk.path(), 0, &[])).unwrap_err();
        assert!(matches!(error, CopyError::Target(_)), "{error:?}");
        assert!(error.to_string().contains("No space left"), "{error}");
    }
}
