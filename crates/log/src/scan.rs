//! The batch headers of a segment, one after another, without their records.

use std::fs::File;
use std::io;

use protocol::records::{BatchHeader, HEADER_BYTES, RecordsError};

use crate::{Patience, Position};

/// Batches below this size are read many at once: then a page of small batches costs one system call, and more bytes
/// than headers pass through user space, at most this window per lookup.
const WINDOW_BYTES: usize = 4096;

/// A batch at its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlacedBatch {
    /// Where the batch begins.
    pub(crate) position: Position,
    /// What its header says.
    pub(crate) header: BatchHeader,
}

impl PlacedBatch {
    /// Where the next batch begins.
    pub(crate) fn end(&self) -> Position {
        self.position.plus(self.header.size_bytes())
    }
}

/// Why a scan ended before its end.
#[derive(Debug)]
pub(crate) enum ScanError {
    /// The file could not be read.
    Io(io::Error),
    /// What lies at the position is not a whole batch.
    Malformed(Position, RecordsError),
}

/// Walks batch headers from a batch boundary to the end of the readable bytes.
pub(crate) struct HeaderScan<'a> {
    file: &'a File,
    position: Position,
    end: Position,
    patience: Patience,
    window: [u8; WINDOW_BYTES],
    /// Where the window's bytes lie in the file.
    window_from: u32,
    window_bytes: usize,
    /// The last batch was small, so a whole window is worth reading.
    small: bool,
}

impl<'a> HeaderScan<'a> {
    /// Walks from `from`, a batch boundary, to `end`.
    pub(crate) fn new(file: &'a File, from: Position, end: Position) -> Self {
        Self::with_patience(file, from, end, Patience::Waits)
    }

    /// The same; a hurried one ends with [`io::ErrorKind::WouldBlock`] where it would have to wait.
    pub(crate) fn with_patience(file: &'a File, from: Position, end: Position, patience: Patience) -> Self {
        let window = [0; WINDOW_BYTES];
        Self { file, position: from, end, patience, window, window_from: 0, window_bytes: 0, small: false }
    }

    /// The next batch; `None` at the end. After an error the scan stands still.
    pub(crate) fn next_batch(&mut self) -> Result<Option<PlacedBatch>, ScanError> {
        let available = self.end.0.saturating_sub(self.position.0) as usize;
        if available == 0 {
            return Ok(None);
        }
        let position = self.position;
        let header = self.header_bytes(available).map_err(ScanError::Io)?;
        let header = BatchHeader::parse(header).map_err(|e| ScanError::Malformed(position, e))?;
        let needed = header.size_bytes();
        if needed > available {
            return Err(ScanError::Malformed(position, RecordsError::Truncated { needed, available }));
        }
        self.small = needed < WINDOW_BYTES / 4;
        let batch = PlacedBatch { position, header };
        self.position = batch.end();
        Ok(Some(batch))
    }

    /// The bytes at the scan's position: a header's, or all that there are.
    fn header_bytes(&mut self, available: usize) -> io::Result<&[u8]> {
        let wanted = HEADER_BYTES.min(available);
        let offset = self.position.0.wrapping_sub(self.window_from) as usize;
        if offset.saturating_add(wanted) <= self.window_bytes {
            return Ok(&self.window[offset..offset + wanted]);
        }
        let bytes = if self.small { WINDOW_BYTES.min(available) } else { wanted };
        self.window_bytes = 0;
        self.patience.read_exact_at(self.file, &mut self.window[..bytes], self.position.0.into())?;
        self.window_from = self.position.0;
        self.window_bytes = bytes;
        Ok(&self.window[..wanted])
    }
}
