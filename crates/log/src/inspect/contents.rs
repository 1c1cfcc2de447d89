//! What is in a file?

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use protocol::records::{BatchHeader, HEADER_BYTES, RecordBatch, RecordsError};
use protocol::{Offset, ProducerId};

use crate::index_file::Entry;
use crate::transaction_index::TransactionIndex;
use crate::{
    AbortedTransaction, FileKind, LogError, OffsetEntry, ProducerState, TimestampOffset,
    producer_snapshot as snapshot,
};

/// The largest batch that is read into memory. No broker takes one as large.
const MAX_BATCH_BYTES: usize = 256 << 20;

/// A batch at its place in a segment.
#[derive(Clone, Debug)]
pub struct PlacedRecords {
    /// The byte at which it begins.
    pub position: u64,
    /// The batch; neither its CRC nor its records have been looked at.
    pub batch: RecordBatch,
}

/// The batches of a `.log` file in order. The first that is not whole ends them with an error.
///
/// # Errors
/// The file's name has no offset, or it cannot be opened.
pub fn segment(
    path: &Path,
) -> Result<impl Iterator<Item = Result<PlacedRecords, LogError>> + use<>, LogError> {
    named(path, FileKind::Log)?;
    let (file, size) = open(path)?;
    let mut position = 0;
    let path = path.to_owned();
    Ok(std::iter::from_fn(move || {
        if position >= size {
            return None;
        }
        let batch = read_batch(&file, position, size).map_err(|reason| match reason {
            Unreadable::Io(source) => LogError::Io { operation: "read", path: path.clone(), source },
            Unreadable::Malformed(reason) => {
                damaged(&path, Some(position), "a record batch", reason.to_string())
            }
        });
        let placed = batch.map(|batch| PlacedRecords { position, batch });
        position = placed.as_ref().map_or(size, |placed| position + placed.batch.bytes().len() as u64);
        Some(placed)
    }))
}

/// The entries of an `.index` file in order.
///
/// # Errors
/// The file's name has no offset, or it cannot be opened.
pub fn offset_index(
    path: &Path,
) -> Result<impl Iterator<Item = Result<OffsetEntry, LogError>> + use<>, LogError> {
    entries::<OffsetEntry>(path)
}

/// The entries of a `.timeindex` file in order.
///
/// # Errors
/// The file's name has no offset, or it cannot be opened.
pub fn time_index(
    path: &Path,
) -> Result<impl Iterator<Item = Result<TimestampOffset, LogError>> + use<>, LogError> {
    entries::<TimestampOffset>(path)
}

/// The entries of a `.txnindex` file in order.
///
/// # Errors
/// The file cannot be read, or is damaged.
pub fn transaction_index(path: &Path) -> Result<Vec<AbortedTransaction>, LogError> {
    let (dir, offset) = named(path, FileKind::TransactionIndex)?;
    TransactionIndex::new(&dir, offset).all()
}

/// The producers' states in a `.snapshot` file, by producer id.
///
/// # Errors
/// The file cannot be read, or is damaged.
pub fn producer_snapshot(path: &Path) -> Result<Vec<(ProducerId, ProducerState)>, LogError> {
    let (dir, offset) = named(path, FileKind::ProducerSnapshot)?;
    let states = snapshot::read(&dir, offset)?;
    let mut states: Vec<_> = states.iter().map(|(id, state)| (id, state.clone())).collect();
    states.sort_by_key(|(id, _)| *id);
    Ok(states)
}

/// Kafka reserves an index's largest size while it writes and leaves zeros behind the entries when it is killed: they end
/// the index.
fn entries<E: Entry + PartialEq>(
    path: &Path,
) -> Result<impl Iterator<Item = Result<E, LogError>> + use<E>, LogError> {
    let (_, base_offset) = named(path, E::KIND)?;
    let (file, size) = open(path)?;
    let path = path.to_owned();
    let mut position = 0;
    Ok(std::iter::from_fn(move || {
        let left = size.saturating_sub(position);
        if left == 0 {
            return None;
        }
        let mut bytes = [0; 16];
        let bytes = &mut bytes[..E::BYTES];
        if left < E::BYTES as u64 {
            let at = std::mem::replace(&mut position, size);
            return Some(Err(damaged(&path, Some(at), "a whole entry", format!("{left} bytes"))));
        }
        if let Err(source) = file.read_exact_at(bytes, position) {
            position = size;
            return Some(Err(LogError::Io { operation: "read", path: path.clone(), source }));
        }
        if is_zero(bytes) && (position > 0 || is_reserved::<E>(&file, size)) {
            return None;
        }
        position += E::BYTES as u64;
        E::decode(base_offset, bytes).map(Ok)
    }))
}

/// Whether zeros at the beginning of an index are no entry. No batch at the beginning of a segment is entered into its
/// offset index; a time index may begin with the timestamp 0, and then no more zeros follow.
fn is_reserved<E: Entry>(file: &File, size: u64) -> bool {
    let mut second = [0; 16];
    let second = &mut second[..E::BYTES];
    let has_second = size >= 2 * E::BYTES as u64 && file.read_exact_at(second, E::BYTES as u64).is_ok();
    E::KIND == FileKind::OffsetIndex || (has_second && is_zero(second))
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

enum Unreadable {
    Io(io::Error),
    Malformed(RecordsError),
}

fn read_batch(file: &File, position: u64, size: u64) -> Result<RecordBatch, Unreadable> {
    let available = usize::try_from(size - position).unwrap_or(usize::MAX);
    let mut header = [0; HEADER_BYTES];
    let header = &mut header[..HEADER_BYTES.min(available)];
    file.read_exact_at(header, position).map_err(Unreadable::Io)?;
    let needed = BatchHeader::parse(header).map_err(Unreadable::Malformed)?.size_bytes();
    if needed > available {
        return Err(Unreadable::Malformed(RecordsError::Truncated { needed, available }));
    }
    if needed > MAX_BATCH_BYTES {
        return Err(Unreadable::Malformed(RecordsError::TooLarge(needed)));
    }
    let bytes = transfer::file::read_exact_at(file, position, needed as u64).map_err(Unreadable::Io)?;
    RecordBatch::take_from(&mut bytes.into()).map_err(Unreadable::Malformed)
}

/// The directory and offset that a file's path says, if the file is of that kind.
pub(super) fn named(path: &Path, kind: FileKind) -> Result<(Arc<Path>, Offset), LogError> {
    let name = path.file_name().and_then(|name| name.to_str());
    match name.and_then(FileKind::parse) {
        Some((offset, found)) if found == kind => {
            Ok((path.parent().unwrap_or(Path::new(".")).into(), offset))
        }
        _ => Err(damaged(
            path,
            None,
            "a name of 20 digits and the extension of its kind",
            format!("the name {}", name.unwrap_or("that is not text")),
        )),
    }
}

fn open(path: &Path) -> Result<(File, u64), LogError> {
    let file = File::open(path).map_err(LogError::io("open", path))?;
    let size = file.metadata().map_err(LogError::io("stat", path))?.len();
    Ok((file, size))
}

pub(super) fn damaged(path: &Path, position: Option<u64>, expected: &'static str, found: String) -> LogError {
    LogError::Damaged { path: PathBuf::from(path), position, expected, found }
}
