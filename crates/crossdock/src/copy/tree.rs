//! What is in a tree, and where does each of it go?

use std::fs::{self, DirBuilder, DirEntry, File, Metadata, ReadDir};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};

use super::crew::{Crew, Job};
use super::links::{HardLinks, copy_symbolic_link};
use super::{Run, attributes, partial, place};

/// A directory that was made. It gets its permissions and times when nobody puts anything into it any more, which is when
/// the last one to know it lets go.
#[derive(Debug)]
pub(super) struct Directory<'a> {
    run: &'a Run,
    source: PathBuf,
    target: PathBuf,
    /// What to give it; none to a directory that is not ours to change.
    attributes: Option<Metadata>,
    /// The one that it is in must not get its times before.
    _parent: Option<Arc<Directory<'a>>>,
}

impl Drop for Directory<'_> {
    fn drop(&mut self) {
        let Some(attributes) = &self.attributes else { return };
        if let Err(error) = finish(&self.target, attributes, self.run.options.sync) {
            self.run.fail(&self.source, &self.target, &error);
        }
    }
}

fn finish(target: &Path, attributes: &Metadata, sync: bool) -> anyhow::Result<()> {
    let directory = File::open(target).context("cannot open the directory")?;
    attributes::give(&directory, attributes).context("cannot give it its attributes")?;
    if sync {
        directory.sync_all().context("cannot have it on the disk")?;
        partial::sync_parent(target)?;
    }
    Ok(())
}

/// Makes the directories of the tree at `source` below `target`, copies its symbolic links, hands its files to the crew,
/// and returns the hard links that are to be made when the files are there.
///
/// The directories that are open at a time are those on the way to one file: paths have 4,096 bytes at most.
pub(super) fn walk<'a>(run: &'a Run, crew: &Crew<'a>, source: &Path, target: &Path) -> HardLinks<'a> {
    let mut links = HardLinks::default();
    let mut way: Vec<(ReadDir, Arc<Directory<'a>>)> = Vec::new();
    way.extend(descend(run, source, target, None));
    while let Some((entries, directory)) = way.last_mut() {
        let directory = Arc::clone(directory);
        match entries.next() {
            None => drop(way.pop()),
            Some(Err(error)) => {
                let error = anyhow::Error::new(error).context("cannot read the directory");
                run.fail(&directory.source, &directory.target, &error);
                way.pop();
            }
            Some(Ok(entry)) => {
                let to = directory.target.join(entry.file_name());
                match copy_entry(run, crew, &mut links, &entry, &to, &directory) {
                    Ok(Found::Directory) => way.extend(descend(run, &entry.path(), &to, Some(directory))),
                    Ok(Found::Other) => {}
                    Err(error) => run.fail(&entry.path(), &to, &error),
                }
            }
        }
    }
    links
}

enum Found {
    Directory,
    Other,
}

fn copy_entry<'a>(
    run: &'a Run,
    crew: &Crew<'a>,
    links: &mut HardLinks<'a>,
    entry: &DirEntry,
    to: &Path,
    directory: &Arc<Directory<'a>>,
) -> anyhow::Result<Found> {
    let metadata = entry.metadata().context("cannot look at it")?;
    let kind = metadata.file_type();
    if kind.is_dir() {
        return Ok(Found::Directory);
    }
    if kind.is_symlink() {
        copy_symbolic_link(&entry.path(), to, &metadata)?;
    } else if !kind.is_file() {
        bail!("it is {}: only files, directories and symbolic links are copied", place::name(kind));
    } else if !links.put_off(&metadata, &entry.path(), to, directory) {
        run.bar.inc_length(metadata.len());
        crew.add(Job::within(directory, entry.path(), to.to_owned()));
    }
    Ok(Found::Other)
}

/// Makes the directory at `target`, and begins to read the one at `source`.
fn descend<'a>(
    run: &'a Run,
    source: &Path,
    target: &Path,
    parent: Option<Arc<Directory<'a>>>,
) -> Option<(ReadDir, Arc<Directory<'a>>)> {
    match try_descend(run, source, target, parent) {
        Ok(step) => Some(step),
        Err(error) => {
            run.fail(source, target, &error);
            None
        }
    }
}

fn try_descend<'a>(
    run: &'a Run,
    source: &Path,
    target: &Path,
    parent: Option<Arc<Directory<'a>>>,
) -> anyhow::Result<(ReadDir, Arc<Directory<'a>>)> {
    let is_top = parent.is_none();
    // The user may have given a link to a directory, from and to. In the tree links are not followed.
    let look_at = |path| if is_top { fs::metadata(path) } else { fs::symlink_metadata(path) };
    let metadata = look_at(source).context("cannot look at it")?;
    let entries = fs::read_dir(source).context("cannot read the directory")?;
    // Closed to others until it has its own permissions.
    let was_there = match DirBuilder::new().mode(0o700).create(target) {
        Ok(()) => false,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let kind = look_at(target).context("cannot look at what is there")?.file_type();
            if !kind.is_dir() {
                bail!("there is {}, which a directory does not replace", place::name(kind));
            }
            true
        }
        Err(error) => return Err(error).context("cannot make the directory"),
    };
    // A directory that the user had before is the user's, unless an earlier run made it.
    let is_ours = !(is_top && was_there) || run.options.resume;
    let directory = Directory {
        run,
        source: source.to_owned(),
        target: target.to_owned(),
        attributes: is_ours.then_some(metadata),
        _parent: parent,
    };
    Ok((entries, Arc::new(directory)))
}
