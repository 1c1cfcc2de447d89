//! How do several threads copy one file, and how do they know that it is done?

use std::fs::{File, Metadata};
use std::num::NonZeroU64;
use std::ops::Range;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::error::Obstacle;
use super::ladder::Ladder;
use super::moving::{Files, Means, move_bytes};
use super::pieces::{Piece, Pieces};
use super::{Copier, CopyError, Method};
use crate::sys;

/// Moved between two looks at the ladder and two words to the observer.
const STEP_BYTES: u64 = 8 * 1024 * 1024;

/// From this length on, what a copy read from the disk is given up when it is copied: shorter files push little out of
/// the page cache, and may be wanted again.
const PASSING_BYTES: u64 = 256 * 1024 * 1024;

/// One file on its way, shared by the threads that call [`FileCopy::work`].
#[derive(Debug)]
pub struct FileCopy<'a> {
    copier: &'a Copier,
    files: Files,
    ladder: Ladder<'a>,
    /// The source when copying began.
    before: Metadata,
    /// The file was cloned: it is as the source was at one moment.
    is_cloned: bool,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    pieces: Pieces,
    failed: Option<CopyError>,
    is_finished: bool,
}

/// What one call of [`FileCopy::work`] came to.
#[derive(Debug)]
pub enum Work {
    /// A piece was copied, or given up because of an error. All before `complete_to` is in the target.
    Piece {
        /// A file position.
        complete_to: u64,
    },
    /// Others are still at the last pieces.
    NothingLeft,
    /// The file is done; exactly one thread learns it.
    Finished(Result<Copied, CopyError>),
}

/// A copy that has all that the source had when copying began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The length in bytes, holes included.
    pub len: u64,
    /// Whether the source got longer meanwhile: what was appended is not in the copy.
    pub grew: bool,
}

impl<'a> FileCopy<'a> {
    /// Prepares to copy all of `source` to `target` from byte `begin` on. A file that can be cloned is cloned here.
    ///
    /// `target` already has the bytes before `begin` as they are in the source, and behind it nothing but what an
    /// earlier copy of the same source left. It is open for reading and writing, without `O_APPEND`.
    pub fn begin(
        copier: &'a Copier,
        source: Arc<File>,
        target: Arc<File>,
        begin: u64,
    ) -> Result<Self, CopyError> {
        let before = source.metadata().map_err(CopyError::Source)?;
        let len = before.len();
        if len == 0 && source.read_at(&mut [0], 0).map_err(CopyError::Source)? > 0 {
            return Err(CopyError::LengthUnknown);
        }
        let ladder = Ladder::new(&Method::LADDER, copier)?;
        let files = Files::new(source, target);
        let is_cloned = len > 0 && clone(copier, &files, &ladder, len)?;
        if !is_cloned {
            files.target.set_len(len).map_err(CopyError::Target)?;
            sys::advise_sequential(files.source.as_fd());
        }
        let pieces = Pieces::new(if is_cloned { len } else { begin }, len);
        let state = Mutex::new(State { pieces, failed: None, is_finished: false });
        Ok(Self { copier, files, ladder, before, is_cloned, state })
    }

    /// The open source.
    pub fn source(&self) -> &File {
        &self.files.source
    }

    /// Whether the copy is a clone, which is complete from the beginning: no thread has anything to move.
    pub fn is_cloned(&self) -> bool {
        self.is_cloned
    }

    /// The source as it was when copying began.
    pub fn source_metadata(&self) -> &Metadata {
        &self.before
    }

    /// The length of the source when copying began, in bytes.
    #[expect(clippy::len_without_is_empty, reason = "nobody asks whether a copy is empty")]
    pub fn len(&self) -> u64 {
        self.before.len()
    }

    /// Copies the next piece on this thread. `observe` is told how many bytes came further, holes included.
    pub fn work(&self, observe: &impl Fn(u64)) -> Work {
        let mut state = self.lock();
        let piece = match state.pieces.take(&self.files.source) {
            Ok(Some(piece)) => piece,
            Ok(None) if state.is_finished || state.pieces.any_under_way() => return Work::NothingLeft,
            Ok(None) => {
                state.is_finished = true;
                let outcome = match state.failed.take() {
                    Some(error) => Err(error),
                    None => self.verify(),
                };
                return Work::Finished(outcome);
            }
            Err(error) => {
                state.pieces.stop();
                state.failed.get_or_insert(CopyError::Source(error));
                return Work::Piece { complete_to: state.pieces.complete_to() };
            }
        };
        drop(state);
        observe(piece.hole_bytes);
        let copied = self.copy_piece(&piece, observe);
        let mut state = self.lock();
        match copied {
            Ok(()) => state.pieces.complete(piece.data.start),
            Err(error) => {
                state.pieces.give_up(piece.data.start);
                // The first error is the one that is told.
                state.failed.get_or_insert(error);
            }
        }
        Work::Piece { complete_to: state.pieces.complete_to() }
    }

    /// Copies pieces until there are none left; the outcome, if this thread is the last one at it.
    pub fn work_to_end(&self, observe: &impl Fn(u64)) -> Option<Result<Copied, CopyError>> {
        loop {
            match self.work(observe) {
                Work::Piece { .. } => {}
                Work::NothingLeft => return None,
                Work::Finished(outcome) => return Some(outcome),
            }
        }
    }

    fn copy_piece(&self, piece: &Piece, observe: &impl Fn(u64)) -> Result<(), CopyError> {
        let Range { start, end } = piece.data;
        let passes = self.len() >= PASSING_BYTES && is_mostly_absent(&self.files.source, &piece.data);
        let mut means = Means::default();
        let mut position = start;
        while position < end {
            let rung = self.ladder.rung();
            let step = (end - position).min(STEP_BYTES);
            match move_bytes(rung.method, &self.files, position, step, &mut means) {
                Ok(0) => self.explain_nothing(rung.method, position)?,
                Ok(moved) => {
                    position += moved;
                    self.copier.ledger.add_copied(rung.method, rung.reason, moved);
                    observe(moved);
                }
                Err(Obstacle::Refused(errno)) => self.ladder.refuse(rung.method, errno)?,
                Err(Obstacle::Failed(error)) => return Err(error),
            }
        }
        if let (true, Some(len)) = (passes, NonZeroU64::new(end - start)) {
            // Where the advice is not taken, the kernel decides as it would have.
            let _ = sys::advise_dont_need(self.files.source.as_fd(), start, len);
        }
        Ok(())
    }

    /// A method that moves nothing says that the file ends there, or that it cannot: some file systems answer
    /// `copy_file_range(2)` so.
    fn explain_nothing(&self, method: Method, position: u64) -> Result<(), CopyError> {
        let now_len = self.files.source.metadata().map_err(CopyError::Source)?.len();
        if now_len <= position || method == Method::ReadWrite {
            return Err(CopyError::Shrunk { len: self.len(), now_len });
        }
        self.ladder.refuse(method, rustix::io::Errno::INVAL)
    }

    fn verify(&self) -> Result<Copied, CopyError> {
        let now = self.files.source.metadata().map_err(CopyError::Source)?;
        let target_len = self.files.target.metadata().map_err(CopyError::Target)?.len();
        let len = self.len();
        if target_len != len {
            return Err(CopyError::Unfinished);
        }
        let written_to = (now.mtime(), now.mtime_nsec()) != (self.before.mtime(), self.before.mtime_nsec());
        match now.len() {
            _ if self.is_cloned => Ok(Copied { len, grew: now.len() > len }),
            now_len if now_len < len => Err(CopyError::Shrunk { len, now_len }),
            now_len if now_len > len => Ok(Copied { len, grew: true }),
            _ if written_to => Err(CopyError::Changed),
            _ => Ok(Copied { len, grew: false }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the target could be made a clone of the source.
fn clone(copier: &Copier, files: &Files, ladder: &Ladder<'_>, len: u64) -> Result<bool, CopyError> {
    let rung = ladder.rung();
    if rung.method != Method::Reflink {
        return Ok(false);
    }
    match sys::reflink(files.source.as_fd(), files.target.as_fd()) {
        Ok(()) => {
            let now_len = files.target.metadata().map_err(CopyError::Target)?.len();
            if now_len < len {
                return Err(CopyError::Shrunk { len, now_len });
            }
            if now_len > len {
                // The source grew, or the target had more from an earlier copy.
                files.target.set_len(len).map_err(CopyError::Target)?;
            }
            copier.ledger.add_copied(rung.method, rung.reason, len);
            Ok(true)
        }
        Err(errno) => match Obstacle::of_both(rung.method, errno) {
            Obstacle::Refused(errno) => ladder.refuse(rung.method, errno).map(|()| false),
            Obstacle::Failed(error) => Err(error),
        },
    }
}

/// Whether reading the range brings in pages that nobody else had asked for.
fn is_mostly_absent(file: &File, range: &Range<u64>) -> bool {
    let Some(len) = NonZeroU64::new(range.end - range.start) else { return false };
    let pages = len.get().div_ceil(rustix::param::page_size() as u64);
    sys::cachestat(file.as_fd(), range.start, len).is_ok_and(|stat| stat.cached < pages / 2)
}
