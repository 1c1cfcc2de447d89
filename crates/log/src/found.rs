//! Which files are in a partition's directory, and which of them does a crash leave over?

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use protocol::Offset;

use crate::disk::remove_if_there;
use crate::file_names::{CLEANED_SUFFIX, DELETED_SUFFIX, SWAP_SUFFIX};
use crate::scan::HeaderScan;
use crate::{FileKind, LogError, Position};

/// The files of a partition's directory.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Base offset → what there is beside the `.log` file: offset index, time index.
    pub(crate) segments: BTreeMap<Offset, (bool, bool)>,
    /// Offsets of the snapshots, rising.
    pub(crate) snapshots: Vec<Offset>,
}

impl Found {
    /// Lists the directory, and puts in order what a crash left half-done there.
    pub(crate) fn list(dir: &Path) -> Result<Self, LogError> {
        let mut names = names(dir)?;
        if names.iter().any(|name| name.ends_with(SWAP_SUFFIX)) {
            finish_swaps(dir, &names)?;
            names = self::names(dir)?;
        }
        let mut found = Self::default();
        let mut indexes = Vec::new();
        for name in names {
            if [DELETED_SUFFIX, CLEANED_SUFFIX, ".tmp"].iter().any(|suffix| name.ends_with(suffix)) {
                let path = dir.join(&name);
                remove_if_there(&path)?;
                continue;
            }
            match FileKind::parse(&name) {
                Some((offset, FileKind::Log)) => {
                    found.segments.insert(offset, (false, false));
                }
                Some((offset, FileKind::ProducerSnapshot)) => found.snapshots.push(offset),
                Some((offset, kind)) => indexes.push((offset, kind)),
                None => {}
            }
        }
        found.snapshots.sort_unstable();
        for (offset, kind) in indexes {
            match (found.segments.get_mut(&offset), kind) {
                (Some((there, _)), FileKind::OffsetIndex) | (Some((_, there)), FileKind::TimeIndex) => {
                    *there = true;
                }
                (Some(_), _) => {}
                // An index without its segment is left from a crash between two deletions.
                (None, _) => {
                    let path = kind.path(dir, offset);
                    remove_if_there(&path)?;
                }
            }
        }
        Ok(found)
    }
}

/// Completes what a cleaner had finished but not put in place: a `.swap` segment replaces all segments whose records it
/// holds. Kafka renames it over the first of them after a crash, and removes the others.
fn finish_swaps(dir: &Path, names: &[String]) -> Result<(), LogError> {
    let swaps = || {
        names.iter().filter_map(|name| {
            let final_name = name.strip_suffix(SWAP_SUFFIX)?;
            Some((dir.join(name), FileKind::parse(final_name)?, dir.join(final_name)))
        })
    };
    for (path, (base_offset, kind), _) in swaps() {
        if kind != FileKind::Log {
            continue;
        }
        let end_offset = end_of_segment(&path, base_offset)?;
        for name in names {
            if let Some((replaced, FileKind::Log)) = FileKind::parse(name)
                && (base_offset..end_offset).contains(&replaced)
            {
                remove_segment(dir, replaced)?;
            }
        }
    }
    swaps().try_for_each(|(from, _, to)| fs::rename(&from, to).map_err(LogError::io("rename", &from)))
}

/// The offset after the last batch of a segment file.
fn end_of_segment(path: &Path, base_offset: Offset) -> Result<Offset, LogError> {
    let file = fs::File::open(path).map_err(LogError::io("open", path))?;
    let size = file.metadata().map_err(LogError::io("stat", path))?.len();
    let mut scan = HeaderScan::new(&file, Position(0), Position(u32::try_from(size).unwrap_or(u32::MAX)));
    let mut end_offset = base_offset;
    // Where the batches end to make sense, the check of the segment will cut it.
    while let Ok(Some(batch)) = scan.next_batch() {
        end_offset = batch.header.next_offset();
    }
    Ok(end_offset)
}

fn names(dir: &Path) -> Result<Vec<String>, LogError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(LogError::io("list", dir))? {
        let entry = entry.map_err(LogError::io("list", dir))?;
        // Every name of Kafka's is ASCII; whatever else lies here is not ours.
        names.extend(entry.file_name().into_string());
    }
    Ok(names)
}

/// Removes the files of a segment that are there.
pub(crate) fn remove_segment(dir: &Path, base_offset: Offset) -> Result<(), LogError> {
    FileKind::ALL.into_iter().try_for_each(|kind| remove_if_there(&kind.path(dir, base_offset)))
}
