//! What does a copy take over beside the contents?
//!
//! Permissions and both times, as far as the file system has them; owner and group if the user may give files away. Not
//! extended attributes, access control lists, flags and the time of birth.

use std::fs::{File, Metadata};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::SystemTime;

use rustix::fs::{AtFlags, CWD, Gid, Mode, Timespec, Timestamps, Uid};
use rustix::io::Errno;

/// Set user id, set group id.
const PRIVILEGE_BITS: u32 = 0o6000;

/// Gives a file or a directory what `source` has. Writing to it afterwards undoes part of it.
pub(super) fn give(file: &File, source: &Metadata) -> io::Result<()> {
    let mut now = file.metadata()?;
    if owner(&now) != owner(source) {
        give_owner(file.as_fd(), Path::new(""), AtFlags::EMPTY_PATH, source)?;
        now = file.metadata()?;
    }
    let mut mode = source.mode() & 0o7777;
    if owner(&now) != owner(source) {
        // They would lend the rights of somebody else than in the source.
        mode &= !PRIVILEGE_BITS;
    }
    if_it_can(rustix::fs::fchmod(file, Mode::from_raw_mode(mode)))?;
    if_it_can(rustix::fs::futimens(file, &times(source)))
}

/// As [`give`], for a symbolic link itself, which has no permissions.
pub(super) fn give_link(path: &Path, source: &Metadata) -> io::Result<()> {
    give_owner(CWD, path, AtFlags::SYMLINK_NOFOLLOW, source)?;
    if_it_can(rustix::fs::utimensat(CWD, path, &times(source), AtFlags::SYMLINK_NOFOLLOW))
}

/// Gives a file of which nobody knows more than when it was changed, if that, the permissions of a new one.
///
/// Only where no other thread makes files: the umask can be read by changing it alone.
pub(super) fn give_new(file: &File, modified: Option<SystemTime>) -> io::Result<()> {
    let withheld = rustix::process::umask(Mode::empty());
    rustix::process::umask(withheld);
    rustix::fs::fchmod(file, Mode::from_raw_mode(0o666) - withheld)?;
    modified.map_or(Ok(()), |modified| file.set_modified(modified))
}

fn give_owner(at: BorrowedFd<'_>, path: &Path, flags: AtFlags, source: &Metadata) -> io::Result<()> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let (user, group) = owner(source);
    if_it_can(rustix::fs::chownat(at, path, Some(Uid::from_raw(user)), Some(Gid::from_raw(group)), flags))
}

/// A file system without owners or permissions, as on a memory stick, and a root that may not do everything, as in some
/// containers, are no reason not to copy.
fn if_it_can(given: Result<(), Errno>) -> io::Result<()> {
    match given {
        Ok(()) | Err(Errno::PERM | Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

fn owner(file: &Metadata) -> (u32, u32) {
    (file.uid(), file.gid())
}

fn times(source: &Metadata) -> Timestamps {
    let time = |tv_sec, tv_nsec| Timespec { tv_sec, tv_nsec };
    Timestamps {
        last_access: time(source.atime(), source.atime_nsec()),
        last_modification: time(source.mtime(), source.mtime_nsec()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use denying::{Call, where_fail};

    use super::*;

    #[test]
    fn a_file_system_without_owners_permissions_or_times_keeps_nothing_from_being_copied() {
        let folder = tempfile::tempdir().unwrap();
        let (of, to) = (folder.path().join("of"), folder.path().join("to"));
        fs::write(&of, "").unwrap();
        let source = fs::metadata(&of).unwrap();
        let file = File::create(&to).unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("of", &link).unwrap();
        let calls = [Call::Chown, Call::Fchmod, Call::Utimens];
        for errno in [Errno::PERM, Errno::OPNOTSUPP, Errno::NOSYS, Errno::INVAL] {
            where_fail(&calls, errno, || {
                give(&file, &source)?;
                give_link(&link, &source)
            })
            .unwrap_or_else(|error| panic!("{errno:?}: {error}"));
        }
        for call in calls.iter().filter(|call| **call != Call::Chown) {
            let refused = where_fail(&[*call], Errno::IO, || give(&file, &source));
            assert!(refused.is_err(), "{call:?}: a broken disk is told");
        }
    }
}
