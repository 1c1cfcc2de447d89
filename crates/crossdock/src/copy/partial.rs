//! What is a file called while it is not complete, and when may an earlier run's be continued?
//!
//! `name` is copied to `.name.crossdock-partial` beside it, which is locked as long as somebody works on it. What an
//! earlier run left is continued if a note on it, an extended attribute, says that it came from the same source in the same
//! state, and how far it was complete. The note holds until the machine is started again: what a killed process wrote is
//! in the page cache, and what a power failure left of that nobody knows.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use anyhow::{Context, bail};
use rustix::fs::{OFlags, XattrFlags};
use rustix::io::Errno;
use transfer::copy::PIECE_BYTES;

use super::fetch::Address;

/// Ends the names of partial files.
const SUFFIX: &str = ".crossdock-partial";

/// `NAME_MAX` of Linux.
const NAME_BYTES_MAX: usize = 255;

/// The extended attribute with the note.
const NOTE: &str = "user.crossdock.copy";

/// Longer notes are not made: with its name, this much is what ext4 has room for beside what others may have noted.
const NOTE_BYTES_MAX: usize = 2048;

/// Different from one start of the machine to the next. Empty where the kernel does not say: then nothing is continued.
static BOOT_ID: LazyLock<String> = LazyLock::new(|| {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
});

/// Which source in which state a file is a copy of.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Origin {
    /// As it is in a note; the first word says of which kind it is.
    text: String,
}

/// A file on its way to its name.
#[derive(Debug)]
pub(super) struct Partial {
    file: Arc<File>,
    path: PathBuf,
    target: PathBuf,
    origin: Origin,
    begin: u64,
    /// How far the note says that it is complete.
    noted: Mutex<u64>,
}

impl Origin {
    /// The file that `source` is about.
    pub(super) fn of_file(source: &Metadata) -> Self {
        let text = format!(
            "1 {}:{} {} {}.{} {}.{}",
            source.dev(),
            source.ino(),
            source.len(),
            source.mtime(),
            source.mtime_nsec(),
            source.ctime(),
            source.ctime_nsec(),
        );
        Self { text }
    }

    /// What a server has at `address`, of `len` bytes; `validator` tells one state of it from another.
    pub(super) fn of_address(address: &Address, len: u64, validator: &str) -> Self {
        Self { text: format!("2 {address} {len} {validator}") }
    }

    /// A note that a file of this origin is complete to there.
    fn note(&self, boot_id: &str, complete_to: u64) -> String {
        format!("{} {boot_id} {complete_to}", self.text)
    }
}

impl Partial {
    /// Opens the partial file of `target`, for a copy of `origin`. What is there already is kept only with `resume`, and if
    /// it is of the same origin.
    pub(super) fn open(target: &Path, origin: Origin, resume: bool) -> anyhow::Result<Self> {
        let path = path_of(target);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            // Emptied only when it is certain that it is nobody else's.
            .truncate(false)
            .mode(0o600)
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
            .open(&path)
            .with_context(|| format!("cannot create {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!("another process is copying it: {} is locked", path.display())
            }
            // A file system without locks.
            Err(TryLockError::Error(_)) => {}
        }
        let mut partial = Self {
            file: Arc::new(file),
            path,
            target: target.to_owned(),
            origin,
            begin: 0,
            noted: Mutex::new(0),
        };
        // Whoever held the lock before may have given the file its final name.
        partial.check_path()?;
        let left = partial.file.metadata().context("cannot look at the partial file")?;
        if left.len() > 0 || left.blocks() > 0 {
            let complete_to = partial.read_note().filter(|complete_to| resume && *complete_to <= left.len());
            match complete_to {
                Some(complete_to) => partial.begin = complete_to,
                None => partial.empty().context("cannot empty the partial file")?,
            }
            partial.noted = Mutex::new(partial.begin);
        }
        Ok(partial)
    }

    /// What to write to.
    pub(super) fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// How many bytes an earlier run has copied.
    pub(super) fn begin(&self) -> u64 {
        self.begin
    }

    /// Notes that all before `complete_to` is there, if that is worth a note.
    pub(super) fn note(&self, complete_to: u64) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if complete_to < noted.saturating_add(PIECE_BYTES) || BOOT_ID.is_empty() {
            return;
        }
        let note = self.origin.note(&BOOT_ID, complete_to);
        // A file system without extended attributes: a killed run then starts over.
        if note.len() <= NOTE_BYTES_MAX
            && rustix::fs::fsetxattr(&*self.file, NOTE, note.as_bytes(), XattrFlags::empty()).is_ok()
        {
            *noted = complete_to;
        }
    }

    /// Has the file, which is complete, be all that its name promises, but for the name: `give` gives it its attributes.
    pub(super) fn make_ready(
        &self,
        give: impl FnOnce(&File) -> io::Result<()>,
        sync: bool,
    ) -> anyhow::Result<()> {
        // Before the file gets its times.
        self.forget_note().context("cannot remove the note on how far it is complete")?;
        give(&self.file).context("cannot give it its attributes")?;
        if sync {
            self.file.sync_all().context("cannot have it on the disk")?;
        }
        Ok(())
    }

    /// Removes the note: what follows is no longer to be continued.
    fn forget_note(&self) -> io::Result<()> {
        let noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if *noted > 0 {
            rustix::fs::fremovexattr(&*self.file, NOTE)?;
        }
        Ok(())
    }

    /// Gives the file its final name.
    pub(super) fn name(self, sync: bool) -> anyhow::Result<()> {
        self.check_path()?;
        fs::rename(&self.path, &self.target).context("cannot give it its name")?;
        if sync {
            sync_parent(&self.target)?;
        }
        Ok(())
    }

    /// Ends without a name. What is worth to be continued, with `keep`, stays; the path of it is returned.
    pub(super) fn leave(self, keep: bool) -> Option<PathBuf> {
        let noted = *self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if keep && noted > 0 {
            return Some(self.path);
        }
        if self.check_path().is_ok() {
            // It is in nobody's way: the next run takes it over.
            let _ = fs::remove_file(&self.path);
        }
        None
    }

    /// Forgets what an earlier run left; the note first, as it would vouch for bytes that are not there.
    fn empty(&self) -> io::Result<()> {
        match rustix::fs::fremovexattr(&*self.file, NOTE) {
            Ok(()) | Err(Errno::NODATA | Errno::OPNOTSUPP) => self.file.set_len(0),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Fails unless the path still leads to the open file.
    fn check_path(&self) -> anyhow::Result<()> {
        let ours = self.file.metadata().context("cannot look at the partial file")?;
        let found = fs::symlink_metadata(&self.path);
        if !found.is_ok_and(|found| (found.dev(), found.ino()) == (ours.dev(), ours.ino())) {
            bail!("{} was moved by somebody else", self.path.display());
        }
        Ok(())
    }

    /// How far the file is complete, if it is of the same origin.
    fn read_note(&self) -> Option<u64> {
        let mut buffer = [0; NOTE_BYTES_MAX];
        let len = rustix::fs::fgetxattr(&*self.file, NOTE, &mut buffer[..]).ok()?;
        let note = std::str::from_utf8(buffer.get(..len)?).ok()?;
        let (_, complete_to) = note.rsplit_once(' ')?;
        let complete_to = complete_to.parse().ok()?;
        (note == self.origin.note(&BOOT_ID, complete_to) && !BOOT_ID.is_empty()).then_some(complete_to)
    }
}

/// The path that stands in for `target` until it is complete.
pub(super) fn path_of(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default();
    let room = NAME_BYTES_MAX - 1 - SUFFIX.len();
    let mut partial = OsString::from(".");
    if name.len() <= room {
        partial.push(name);
    } else {
        // The beginning of a name that is too long, and a hash of all of it.
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        let hash = format!("-{:016x}", hasher.finish());
        partial.push(OsStr::from_bytes(&name.as_bytes()[..room - hash.len()]));
        partial.push(hash);
    }
    partial.push(SUFFIX);
    target.with_file_name(partial)
}

/// Has the names in the directory of `path` on the disk.
pub(super) fn sync_parent(path: &Path) -> anyhow::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let synced = File::open(parent).and_then(|directory| directory.sync_all());
    synced.with_context(|| format!("cannot sync {}", parent.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder {
        dir: tempfile::TempDir,
        source: PathBuf,
    }

    impl Folder {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let source = dir.path().join("source");
            File::create(&source).unwrap().set_len(3 * PIECE_BYTES).unwrap();
            Self { dir, source }
        }

        fn partial(&self, resume: bool) -> anyhow::Result<Partial> {
            Partial::open(&self.dir.path().join("target"), self.origin(), resume)
        }

        fn origin(&self) -> Origin {
            Origin::of_file(&fs::metadata(&self.source).unwrap())
        }

        /// What a run leaves that was killed when so much was complete. False where no notes can be kept.
        fn leave(&self, complete_to: u64) -> bool {
            let partial = self.partial(false).unwrap();
            partial.file().set_len(3 * PIECE_BYTES).unwrap();
            partial.note(complete_to);
            let noted = *partial.noted.lock().unwrap() > 0;
            if !noted {
                println!("skipped: no extended attributes, or no boot id, here");
            }
            noted
        }
    }

    #[test]
    fn what_a_killed_run_left_is_continued_only_if_asked_for() {
        let folder = Folder::new();
        if folder.leave(PIECE_BYTES) {
            assert_eq!(folder.partial(true).unwrap().begin(), PIECE_BYTES);
            let fresh = folder.partial(false).unwrap();
            assert_eq!((fresh.begin(), fresh.file().metadata().unwrap().len()), (0, 0));
            // Killed once more, before it was worth a note.
            fresh.file().set_len(3 * PIECE_BYTES).unwrap();
            drop(fresh);
            assert_eq!(folder.partial(true).unwrap().begin(), 0);
        }
    }

    #[test]
    fn a_source_that_is_another_one_now_is_copied_from_its_beginning() {
        let changes: [fn(&Folder); 3] = [
            |folder| File::options().write(true).open(&folder.source).unwrap().set_len(PIECE_BYTES).unwrap(),
            |folder| File::open(&folder.source).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap(),
            |folder| {
                let other = folder.dir.path().join("other");
                let before = fs::metadata(&folder.source).unwrap();
                let file = File::create(&other).unwrap();
                file.set_len(before.len()).unwrap();
                file.set_modified(before.modified().unwrap()).unwrap();
                fs::rename(other, &folder.source).unwrap();
            },
        ];
        for change in changes {
            let folder = Folder::new();
            if folder.leave(PIECE_BYTES) {
                change(&folder);
                assert_eq!(folder.partial(true).unwrap().begin(), 0);
            }
        }
    }

    #[test]
    fn what_came_from_a_server_is_continued_if_address_length_and_validator_are_the_same() {
        let origin = |address: &str, len, validator: &str| {
            Origin::of_address(&Address::parse(address).unwrap(), len, validator)
        };
        let first = origin("http://a/b", 7, "\"x\"");
        assert_eq!(first, origin("http://A:80/b", 7, "\"x\""));
        for other in [
            origin("http://a/c", 7, "\"x\""),
            origin("http://a/b", 8, "\"x\""),
            origin("http://a/b", 7, "\"y\""),
        ] {
            assert_ne!(first, other);
        }
    }

    #[test]
    fn what_was_left_before_the_machine_was_started_is_not_believed() {
        let folder = Folder::new();
        if folder.leave(PIECE_BYTES) {
            let note = folder.origin().note("before", PIECE_BYTES);
            let path = path_of(&folder.dir.path().join("target"));
            rustix::fs::setxattr(&path, NOTE, note.as_bytes(), XattrFlags::REPLACE).unwrap();
            assert_eq!(folder.partial(true).unwrap().begin(), 0);
        }
    }

    #[test]
    fn two_do_not_work_on_one_file() {
        let folder = Folder::new();
        let first = folder.partial(false).unwrap();
        let error = folder.partial(true).unwrap_err().to_string();
        assert!(error.starts_with("another process is copying it"), "{error}");
        first.name(true).unwrap();
        assert!(folder.dir.path().join("target").exists());
    }

    #[test]
    fn a_partial_file_that_somebody_took_away_gets_no_name() {
        let folder = Folder::new();
        let partial = folder.partial(false).unwrap();
        fs::write(folder.dir.path().join("other"), "other").unwrap();
        fs::rename(folder.dir.path().join("other"), path_of(&folder.dir.path().join("target"))).unwrap();
        assert!(partial.name(false).unwrap_err().to_string().ends_with("was moved by somebody else"));
        assert!(!folder.dir.path().join("target").exists());
    }

    #[test]
    fn names_are_told_apart_and_never_too_long() {
        let path = |name: &str| path_of(&Path::new("dir").join(name));
        assert_eq!(path("a b"), Path::new("dir/.a b.crossdock-partial"));
        let (one, other) = ("x".repeat(250) + "1", "x".repeat(250) + "2");
        assert_ne!(path(&one), path(&other));
        assert_eq!(path(&one).file_name().unwrap().len(), NAME_BYTES_MAX);
    }
}
