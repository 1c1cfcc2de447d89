//! How are links of both kinds copied?

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};

use super::tree::Directory;
use super::{Run, attributes, partial, place};

/// Names of files with several that are remembered: some hundred bytes each. Beyond that, each name gets a file of its own.
const REMEMBERED_MAX: usize = 500_000;

/// Files of a tree that have several names, and the names that are given when the files are there.
#[derive(Debug, Default)]
pub(super) struct HardLinks<'a> {
    /// By device and inode of the source: where the copy is to be that has the first name.
    first: HashMap<(u64, u64), PathBuf>,
    put_off: Vec<PutOff<'a>>,
}

#[derive(Debug)]
struct PutOff<'a> {
    source: PathBuf,
    metadata: Metadata,
    target: PathBuf,
    first: PathBuf,
    /// Kept from getting its times before.
    _directory: Arc<Directory<'a>>,
}

impl<'a> HardLinks<'a> {
    /// Whether this is another name of a file that was found before: it is to be given later.
    pub(super) fn put_off(
        &mut self,
        metadata: &Metadata,
        source: &Path,
        target: &Path,
        directory: &Arc<Directory<'a>>,
    ) -> bool {
        if metadata.nlink() < 2 || self.first.len() + self.put_off.len() >= REMEMBERED_MAX {
            return false;
        }
        let file = (metadata.dev(), metadata.ino());
        let Some(first) = self.first.get(&file).cloned() else {
            self.first.insert(file, target.to_owned());
            return false;
        };
        self.put_off.push(PutOff {
            source: source.to_owned(),
            metadata: metadata.clone(),
            target: target.to_owned(),
            first,
            _directory: Arc::clone(directory),
        });
        true
    }

    /// Gives the names that were put off.
    pub(super) fn make(self, run: &Run) {
        for link in self.put_off {
            if let Err(error) = link.make() {
                run.fail(&link.source, &link.target, &error);
            }
        }
    }
}

impl PutOff<'_> {
    fn make(&self) -> anyhow::Result<()> {
        let first = fs::symlink_metadata(&self.first).ok();
        // What is there may also be what was there before.
        if !first.is_some_and(|first| first.is_file() && place::looks_alike(&first, &self.metadata)) {
            bail!("{}, another name of it, is not complete", self.first.display());
        }
        place::occupant(&self.target, &self.metadata)?;
        replace(&self.target, |temporary| fs::hard_link(&self.first, temporary)).context("cannot link it")
    }
}

/// Makes a symbolic link like the one at `source`.
pub(super) fn copy_symbolic_link(source: &Path, target: &Path, metadata: &Metadata) -> anyhow::Result<()> {
    place::occupant(target, metadata)?;
    let leads_to = fs::read_link(source).context("cannot read the link")?;
    replace(target, |temporary| {
        std::os::unix::fs::symlink(&leads_to, temporary)?;
        attributes::give_link(temporary, metadata)
    })
    .context("cannot make the link")
}

/// Makes a link under another name and gives it its own, so that there is always the old one or the new one.
fn replace(target: &Path, make: impl Fn(&Path) -> io::Result<()>) -> io::Result<()> {
    let temporary = partial::path_of(target);
    match make(&temporary) {
        // An earlier run was killed here.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            fs::remove_file(&temporary)?;
            make(&temporary)?;
        }
        made => made?,
    }
    fs::rename(&temporary, target)?;
    // Renaming one name of a file to another name of it does nothing.
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
