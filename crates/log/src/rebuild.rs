//! Checking a segment batch by batch and building its indexes anew.

use std::fs::File;
use std::os::unix::fs::FileExt;

use protocol::Offset;
use protocol::records::{BatchHeader, HEADER_BYTES, RecordBatch};

use crate::scan::{HeaderScan, PlacedBatch, ScanError};
use crate::segment::{ActiveSegment, Segment};
use crate::validation::{Marker, marker};
use crate::{LogConfig, LogError, Patience, Position};

/// Bytes of a batch that are read at once to compute its CRC.
const CHUNK_BYTES: usize = 256 * 1024;

/// Control batches hold a few bytes. A larger one is no marker, and is not read into memory.
const MAX_CONTROL_BYTES: usize = 64 * 1024;

/// Why the intact part of a segment ends.
#[derive(Debug)]
pub(crate) struct Torn {
    pub(crate) position: Position,
    pub(crate) reason: String,
}

/// Reads every batch of a segment file up to `size`, checks it, and enters it into the indexes of `active`, which is
/// empty at first. Its offsets have to rise and stay before `until`, where the next segment begins. `each` gets every
/// intact batch with the marker it may hold.
///
/// Gives where and why the intact part ends before `size`, if it does.
pub(crate) fn rebuild(
    active: &mut ActiveSegment,
    size: Position,
    until: Option<Offset>,
    config: &LogConfig,
    mut each: impl FnMut(&BatchHeader, Option<Marker>) -> Result<(), LogError>,
) -> Result<Option<Torn>, LogError> {
    let file = active.segment.file()?;
    let base_offset = active.segment.base_offset;
    let mut scan = HeaderScan::new(&file, Position(0), size);
    let mut buffer = vec![0; CHUNK_BYTES];
    let mut next_offset = base_offset;
    loop {
        let batch = match scan.next_batch() {
            Ok(Some(batch)) => batch,
            Ok(None) => return Ok(None),
            Err(ScanError::Malformed(position, reason)) => {
                return Ok(Some(Torn { position, reason: reason.to_string() }));
            }
            Err(error) => return Err(active.segment.damaged(error)),
        };
        let torn = |reason: String| Ok(Some(Torn { position: batch.position, reason }));
        let header = batch.header;
        if header.base_offset < next_offset {
            return torn(format!("offset {} where {next_offset} or later belongs", header.base_offset));
        }
        let last_offset = header.last_offset();
        if last_offset.0 - base_offset.0 > i64::from(i32::MAX)
            || until.is_some_and(|until| last_offset >= until)
        {
            return torn(format!("offset {last_offset} is beyond the segment's"));
        }
        let computed =
            compute_crc(&file, &batch, &mut buffer).map_err(|e| active.segment.damaged(ScanError::Io(e)))?;
        if computed != header.crc {
            return torn(format!("CRC is {computed:#010x} and the header says {:#010x}", header.crc));
        }
        let marker = read_marker(&active.segment, &file, &batch, config)?;
        active.index(&batch, config.index_interval_bytes);
        if active.has_many_entries() {
            active.segment.write_indexes_out()?;
        }
        each(&header, marker)?;
        next_offset = header.next_offset();
    }
}

/// Passes the batches of a segment from `from` on, without checking them.
pub(crate) fn replay(
    segment: &Segment,
    from: Offset,
    config: &LogConfig,
    mut each: impl FnMut(&BatchHeader, Option<Marker>),
) -> Result<(), LogError> {
    let file = segment.file()?;
    let (size, end_offset) = (segment.size(), segment.end_offset());
    let near = segment.offset_index.floor_offset(segment.base_offset, from, end_offset, Patience::Waits)?;
    let mut scan = HeaderScan::new(&file, near, size);
    while let Some(batch) = scan.next_batch().map_err(|e| segment.damaged(e))? {
        if batch.header.base_offset >= from {
            each(&batch.header, read_marker(segment, &file, &batch, config)?);
        }
    }
    Ok(())
}

fn compute_crc(file: &File, batch: &PlacedBatch, buffer: &mut [u8]) -> std::io::Result<u32> {
    const CRC_COVERS_FROM: usize = 21;
    let mut position = batch.position.plus(CRC_COVERS_FROM);
    let end = batch.end();
    let mut crc = 0;
    while position < end {
        let count = buffer.len().min((end.0 - position.0) as usize);
        file.read_exact_at(&mut buffer[..count], position.0.into())?;
        crc = crc32c::crc32c_append(crc, &buffer[..count]);
        position = position.plus(count);
    }
    Ok(crc)
}

/// The marker of a control batch. One that cannot be read ends nothing.
fn read_marker(
    segment: &Segment,
    file: &File,
    batch: &PlacedBatch,
    config: &LogConfig,
) -> Result<Option<Marker>, LogError> {
    let size = batch.header.size_bytes();
    if !batch.header.attributes.is_control() || !(HEADER_BYTES..=MAX_CONTROL_BYTES).contains(&size) {
        return Ok(None);
    }
    let mut bytes = vec![0; size];
    file.read_exact_at(&mut bytes, batch.position.0.into()).map_err(|e| segment.damaged(ScanError::Io(e)))?;
    let read = RecordBatch::take_from(&mut bytes.into()).map_err(LogError::from);
    Ok(read.and_then(|batch| marker(&batch, config)).ok().flatten())
}
