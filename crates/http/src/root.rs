//! Opening what is beneath the root, and nothing else.
//!
//! The kernel resolves each path beneath the root's own descriptor with `openat2(2)` and `RESOLVE_BENEATH`: neither a
//! symbolic link nor a file that is moved meanwhile leads out. What is in the kernel's cache of names is opened right away
//! (`RESOLVE_CACHED`, Linux 5.12); what is not may have to be read from the disk, which other threads do.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags, fstat, openat, openat2};
use rustix::io::Errno;
use tracing::{info, warn};

use crate::status::Status;

/// How often a look-up is made again that met a folder being moved (`EAGAIN` of openat2(2)).
const TRIES: usize = 16;

/// The folder whose files are served.
#[derive(Debug)]
pub(crate) struct Root {
    folder: OwnedFd,
    path: PathBuf,
    means: Means,
}

/// What this kernel has for looking names up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Means {
    /// `openat2`, and a cache of names that can be asked.
    Cached,
    /// `openat2`.
    Beneath,
    /// Neither: a filter on system calls denies it. Names are looked up one by one, and symbolic links are not followed.
    OneByOne,
}

/// What a path came to.
#[derive(Debug)]
pub(crate) enum Opened {
    File(FoundFile),
    Folder(OwnedFd),
}

/// A file as it was when it was opened.
#[derive(Clone, Debug)]
pub(crate) struct FoundFile {
    pub(crate) file: Arc<File>,
    pub(crate) len: u64,
    /// When its content was last changed, in nanoseconds since 1970.
    pub(crate) modified_ns: i128,
}

impl Root {
    /// Opens the root itself, which may be a symbolic link.
    ///
    /// # Errors
    /// When it is not there, or is no folder; or the system has no file to spare.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = openat(CWD, path, flags, Mode::empty())?;
        let means = Means::probe(&folder)?;
        if means == Means::OneByOne {
            warn!("this process may not use openat2(2): symbolic links are not followed");
        }
        Ok(Self { folder, path: path.to_owned(), means })
    }

    /// The same root, with no more than `means`.
    #[cfg(test)]
    fn with_means(self, means: Means) -> Self {
        Self { means, ..self }
    }

    /// Opens `path`, which is relative; empty for the root itself.
    ///
    /// # Errors
    /// The status that a client is told.
    pub(crate) async fn get(self: &Arc<Self>, path: &[u8]) -> Result<Opened, Status> {
        if self.means == Means::Cached {
            match self.look_up(path, ResolveFlags::CACHED).and_then(examine) {
                Err(Errno::AGAIN) => {}
                found => return found.map_err(|errno| self.refusal(path, errno)),
            }
        }
        let root = Arc::clone(self);
        let waiting = path.to_vec();
        let found =
            tokio::task::spawn_blocking(move || root.look_up_with_patience(&waiting).and_then(examine));
        let found = found.await.map_err(|_| Status::INTERNAL_SERVER_ERROR)?;
        found.map_err(|errno| self.refusal(path, errno))
    }

    fn look_up_with_patience(&self, path: &[u8]) -> Result<OwnedFd, Errno> {
        if self.means == Means::OneByOne {
            return self.look_up_one_by_one(path);
        }
        let mut found = Err(Errno::AGAIN);
        for _ in 0..TRIES {
            found = self.look_up(path, ResolveFlags::empty());
            if !matches!(found, Err(Errno::AGAIN)) {
                break;
            }
        }
        found
    }

    fn look_up(&self, path: &[u8], also: ResolveFlags) -> Result<OwnedFd, Errno> {
        let beneath = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS | also;
        openat2(&self.folder, relative(path), file_flags(), Mode::empty(), beneath)
    }

    fn look_up_one_by_one(&self, path: &[u8]) -> Result<OwnedFd, Errno> {
        let mut segments = path.split(|byte| *byte == b'/').peekable();
        let mut folder: Option<OwnedFd> = None;
        while let Some(segment) = segments.next() {
            let is_last = segments.peek().is_none();
            let kind =
                if is_last { file_flags() } else { OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC };
            let within = folder.as_ref().map_or(self.folder.as_fd(), AsFd::as_fd);
            let found = openat(within, relative(segment), kind | OFlags::NOFOLLOW, Mode::empty())?;
            folder = Some(found);
        }
        folder.ok_or(Errno::NOENT)
    }

    /// What a client is told; what is the server's own trouble is logged.
    fn refusal(&self, path: &[u8], errno: Errno) -> Status {
        let path = self.path.join(relative(path));
        match errno {
            Errno::NOENT | Errno::NOTDIR | Errno::NAMETOOLONG | Errno::LOOP | Errno::INVAL | Errno::NXIO => {
                Status::NOT_FOUND
            }
            Errno::XDEV => {
                info!(path = %path.display(), "not served: it leads out of the root");
                Status::NOT_FOUND
            }
            Errno::ACCESS | Errno::PERM => Status::FORBIDDEN,
            Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::AGAIN => {
                warn!(path = %path.display(), "cannot open: {errno}");
                Status::SERVICE_UNAVAILABLE
            }
            errno => {
                warn!(path = %path.display(), "cannot open: {errno}");
                Status::INTERNAL_SERVER_ERROR
            }
        }
    }
}

impl Means {
    fn probe(folder: &OwnedFd) -> Result<Self, Errno> {
        for (means, also) in [(Self::Cached, ResolveFlags::CACHED), (Self::Beneath, ResolveFlags::empty())] {
            match openat2(folder, ".", file_flags(), Mode::empty(), ResolveFlags::BENEATH | also) {
                // It might, another time.
                Ok(_) | Err(Errno::AGAIN) => return Ok(means),
                // A kernel that does not know the call or the flag, or a filter.
                Err(Errno::NOSYS | Errno::PERM | Errno::INVAL | Errno::OPNOTSUPP) => {}
                Err(errno) => return Err(errno),
            }
        }
        Ok(Self::OneByOne)
    }
}

/// Not waiting for a writer, should it be a pipe.
fn file_flags() -> OFlags {
    OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY
}

fn relative(path: &[u8]) -> &Path {
    match path {
        b"" => Path::new("."),
        path => Path::new(OsStr::from_bytes(path)),
    }
}

/// Files and folders are served; what else there is, is as good as not there.
fn examine(found: OwnedFd) -> Result<Opened, Errno> {
    let stat = fstat(&found)?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok(Opened::File(FoundFile {
            file: Arc::new(found.into()),
            len: u64::try_from(stat.st_size).unwrap_or(0),
            modified_ns: i128::from(stat.st_mtime) * 1_000_000_000 + i128::from(stat.st_mtime_nsec),
        })),
        FileType::Directory => Ok(Opened::Folder(found)),
        _ => Err(Errno::NOENT),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use denying::{Call, where_fail};

    use super::*;

    const ALL: [Means; 3] = [Means::Cached, Means::Beneath, Means::OneByOne];

    struct Site {
        folder: tempfile::TempDir,
        root: Arc<Root>,
    }

    fn site(means: Means) -> Site {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root");
        fs::create_dir_all(path.join("sub")).unwrap();
        fs::write(folder.path().join("secret"), "secret").unwrap();
        fs::write(path.join("sub/file"), "12345").unwrap();
        symlink("sub/file", path.join("link-within")).unwrap();
        symlink("../secret", path.join("link-out")).unwrap();
        symlink("../..", path.join("sub/folder-out")).unwrap();
        symlink("/etc", path.join("absolute")).unwrap();
        symlink("loop", path.join("loop")).unwrap();
        let root = Arc::new(Root::open(&path).unwrap().with_means(means));
        Site { folder, root }
    }

    async fn len_of(root: &Arc<Root>, path: &str) -> Result<u64, u16> {
        match root.get(path.as_bytes()).await.map_err(Status::code)? {
            Opened::File(found) => Ok(found.len),
            Opened::Folder(_) => Ok(u64::MAX),
        }
    }

    #[tokio::test]
    async fn files_and_folders_are_found_with_whatever_means_the_kernel_has() {
        for means in ALL {
            let site = site(means);
            assert_eq!(len_of(&site.root, "sub/file").await, Ok(5), "{means:?}");
            assert_eq!(len_of(&site.root, "").await, Ok(u64::MAX));
            assert_eq!(len_of(&site.root, "sub").await, Ok(u64::MAX));
            assert_eq!(len_of(&site.root, "nothing").await, Err(404));
            assert_eq!(len_of(&site.root, "sub/file/below").await, Err(404));
            assert_eq!(len_of(&site.root, &"x".repeat(300)).await, Err(404));
            let followed = len_of(&site.root, "link-within").await;
            assert_eq!(followed, if means == Means::OneByOne { Err(404) } else { Ok(5) });
        }
    }

    #[tokio::test]
    async fn no_link_leads_out() {
        for means in ALL {
            let site = site(means);
            for path in ["link-out", "sub/folder-out/secret", "absolute/passwd", "loop", "sub/folder-out"] {
                assert_eq!(len_of(&site.root, path).await, Err(404), "{means:?} {path}");
            }
            // Also not one that takes the place of a file that was served.
            len_of(&site.root, "sub/file").await.unwrap();
            let replaced = site.folder.path().join("root/sub/file");
            fs::remove_file(&replaced).unwrap();
            symlink("../../secret", &replaced).unwrap();
            assert_eq!(len_of(&site.root, "sub/file").await, Err(404), "{means:?}");
        }
    }

    #[tokio::test]
    async fn what_is_neither_file_nor_folder_is_not_there_and_holds_nobody_up() {
        let site = site(Means::Cached);
        let pipe = site.folder.path().join("root/pipe");
        rustix::fs::mknodat(CWD, &pipe, FileType::Fifo, Mode::RWXU, 0).unwrap();
        assert_eq!(len_of(&site.root, "pipe").await, Err(404));
    }

    #[test]
    fn a_kernel_without_openat2_is_found_out_at_the_start_and_trouble_is_not_taken_for_one() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Root::open(folder.path()).map(|root| root.means);
        for errno in [Errno::NOSYS, Errno::PERM, Errno::INVAL, Errno::OPNOTSUPP] {
            assert_eq!(where_fail(&[Call::Openat2], errno, open).unwrap(), Means::OneByOne, "{errno:?}");
        }
        assert_eq!(where_fail(&[Call::Openat2], Errno::AGAIN, open).unwrap(), Means::Cached);
        for errno in [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::IO] {
            let refused = where_fail(&[Call::Openat2], errno, open).unwrap_err();
            assert_eq!(Errno::from_io_error(&refused), Some(errno));
        }
    }

    #[tokio::test]
    async fn what_keeps_a_file_from_being_opened_decides_what_the_client_is_told() {
        let site = site(Means::Beneath);
        let refused = |errno| site.root.refusal(b"sub/file", errno).code();
        for (errnos, status) in [
            (
                &[Errno::NOENT, Errno::NOTDIR, Errno::NAMETOOLONG, Errno::LOOP, Errno::XDEV, Errno::NXIO][..],
                404,
            ),
            (&[Errno::ACCESS, Errno::PERM], 403),
            (&[Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::AGAIN], 503),
            (&[Errno::IO, Errno::STALE, Errno::NOSYS], 500),
        ] {
            for &errno in errnos {
                assert_eq!(refused(errno), status, "{errno:?}");
            }
        }
    }

    #[test]
    fn a_root_that_is_no_folder_is_an_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(Root::open(file.path()).is_err());
        assert!(Root::open(Path::new("/nowhere/at/all")).is_err());
    }
}
