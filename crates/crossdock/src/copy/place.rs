//! Where is a copy to be, and may it be there?

use std::ffi::OsString;
use std::fs::{self, FileType, Metadata};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// What is at the place where a copy is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occupant {
    /// Nothing, or something that the copy replaces.
    Replaceable,
    /// As it seems a complete copy: its length and the time of its last change are the source's.
    SameFile,
}

/// The name that the copy of `source` gets.
pub(super) fn destination(source: &Path, metadata: &Metadata, given: &Path) -> anyhow::Result<PathBuf> {
    let kind = metadata.file_type();
    if !kind.is_file() && !kind.is_dir() {
        bail!(
            "{} is {}: only files, directories and symbolic links are copied",
            source.display(),
            name(kind)
        );
    }
    let at_given = follow(given)?;
    if kind.is_dir() {
        if at_given.is_some_and(|occupant| !occupant.is_dir()) {
            bail!("{} is a directory, and {} is not", source.display(), given.display());
        }
        refuse_inside(source, metadata, given)?;
        return Ok(given.to_owned());
    }
    // Also where a symbolic link leads there.
    if at_given.is_some_and(|occupant| is_same(&occupant, metadata)) {
        bail!("{} and {} are the same file", source.display(), given.display());
    }
    file_destination(given, || {
        let name = source.file_name().with_context(|| format!("{} has no name", source.display()))?;
        Ok(name.to_owned())
    })
}

/// The name that a file gets: the `given` one, or, in a directory, its own.
pub(super) fn file_destination(
    given: &Path,
    own_name: impl FnOnce() -> anyhow::Result<OsString>,
) -> anyhow::Result<PathBuf> {
    if follow(given)?.is_some_and(|occupant| occupant.is_dir()) {
        return Ok(given.join(own_name()?));
    }
    if given.as_os_str().as_bytes().ends_with(b"/") {
        bail!("{} is not a directory", given.display());
    }
    Ok(given.to_owned())
}

/// What a copy of the file with this metadata finds at `target`; an error if it must not be replaced.
pub(super) fn occupant(target: &Path, source: &Metadata) -> anyhow::Result<Occupant> {
    let Some(found) = replaceable(target)? else { return Ok(Occupant::Replaceable) };
    if is_same(&found, source) {
        bail!("they are the same file");
    }
    Ok(if found.is_file() && looks_alike(&found, source) {
        Occupant::SameFile
    } else {
        Occupant::Replaceable
    })
}

/// What is at `target` and gives way to a file; an error if something does not.
pub(super) fn replaceable(target: &Path) -> anyhow::Result<Option<Metadata>> {
    let found = match fs::symlink_metadata(target) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).context("cannot look at what is there"),
    };
    let kind = found.file_type();
    if !kind.is_file() && !kind.is_symlink() {
        bail!("there is {}, which a file does not replace", name(kind));
    }
    Ok(Some(found))
}

/// Whether one is as long as the other and was changed at the same time, which a copy is and little else.
pub(super) fn looks_alike(one: &Metadata, other: &Metadata) -> bool {
    let times = |metadata: &Metadata| (metadata.mtime(), metadata.mtime_nsec());
    one.len() == other.len() && times(one) == times(other)
}

/// The kind of a file, with its article.
pub(super) fn name(kind: FileType) -> &'static str {
    match kind {
        kind if kind.is_dir() => "a directory",
        kind if kind.is_file() => "a file",
        kind if kind.is_symlink() => "a symbolic link",
        kind if kind.is_fifo() => "a named pipe",
        kind if kind.is_socket() => "a socket",
        kind if kind.is_block_device() || kind.is_char_device() => "a device",
        _ => "of an unknown kind",
    }
}

/// What a path leads to, symbolic links followed.
fn follow(path: &Path) -> anyhow::Result<Option<Metadata>> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot look at {}", path.display())),
    }
}

fn is_same(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// A tree that is copied into itself would never end.
fn refuse_inside(source: &Path, metadata: &Metadata, given: &Path) -> anyhow::Result<()> {
    let absolute = std::path::absolute(given).with_context(|| format!("cannot find {}", given.display()))?;
    let existing = absolute.ancestors().find_map(|ancestor| fs::canonicalize(ancestor).ok());
    for ancestor in existing.iter().flat_map(|path| path.ancestors()) {
        let here =
            fs::metadata(ancestor).with_context(|| format!("cannot look at {}", ancestor.display()))?;
        if is_same(&here, metadata) {
            bail!("{} is {} or inside of it", given.display(), source.display());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn destination_of(source: &Path, given: &Path) -> Result<PathBuf, String> {
        destination(source, &fs::metadata(source).unwrap(), given).map_err(|error| error.to_string())
    }

    #[test]
    fn a_file_goes_into_a_directory_and_a_tree_becomes_one() {
        let dir = tempfile::tempdir().unwrap();
        let (file, tree) = (dir.path().join("file"), dir.path().join("tree"));
        fs::write(&file, "x").unwrap();
        fs::create_dir(&tree).unwrap();
        assert_eq!(destination_of(&file, &tree), Ok(tree.join("file")));
        assert_eq!(destination_of(&file, &dir.path().join("new")), Ok(dir.path().join("new")));
        assert_eq!(destination_of(&tree, &dir.path().join("new")), Ok(dir.path().join("new")));
        assert!(destination_of(&file, &dir.path().join("new/")).unwrap_err().ends_with("is not a directory"));
        assert!(destination_of(&tree, &file).unwrap_err().contains("is a directory, and"));
    }

    #[test]
    fn nothing_is_copied_onto_or_into_itself() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link, tree) = (dir.path().join("file"), dir.path().join("link"), dir.path().join("tree"));
        fs::write(&file, "x").unwrap();
        fs::create_dir_all(tree.join("a")).unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        for same in [&file, &link] {
            assert!(destination_of(&file, same).unwrap_err().ends_with("are the same file"));
        }
        std::os::unix::fs::symlink(&tree, dir.path().join("into")).unwrap();
        for inside in ["tree", "tree/new", "tree/a/new/deep", "into/new", "tree/a/../new"] {
            let error = destination_of(&tree, &dir.path().join(inside)).unwrap_err();
            assert!(error.ends_with("or inside of it"), "{inside}: {error}");
        }
        assert!(destination_of(&tree, &dir.path().join("tree-2")).is_ok());
    }

    #[test]
    fn devices_and_directories_are_not_replaced() {
        let source = fs::metadata("/proc/self/exe").unwrap();
        let error = occupant(Path::new("/dev/null"), &source).unwrap_err().to_string();
        assert_eq!(error, "there is a device, which a file does not replace");
        assert!(occupant(Path::new("/proc"), &source).is_err());
    }
}
