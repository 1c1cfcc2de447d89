//! How does a file become another file?
//!
//! A [`Copier`] knows which [`Method`]s to try and counts what they moved. It copies contents between two open files, and
//! nothing else: what the copy is called, who owns it and when it counts is its caller's business. Where the source is a
//! file that comes in over connections, a [`Receiver`] puts the bytes in their places; what is said on the connections is
//! its caller's business, too.
//!
//! What always holds:
//! * Holes stay holes. Nothing is reserved on the disk that the source does not have there.
//! * The copy has the length that the source had when copying began. A source that got shorter or was written to
//!   meanwhile is an error; one that only grew is said to have grown.
//! * A method that was asked for is used or is an error. Left to itself a copier goes down the ladder, and the
//!   [`Ledger`] says why.

mod compare;
mod error;
mod file_copy;
mod ladder;
mod method;
mod moving;
mod pieces;
mod receive;

pub use compare::first_difference;
pub use error::CopyError;
pub use file_copy::{Copied, FileCopy, Work};
pub use method::{Method, UnknownMethod};
pub use pieces::PIECE_BYTES;
pub use receive::Receiver;

use std::fs::File;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

use crate::{Capabilities, Ledger};

/// More threads than this wait for each other, whatever the disks; each has a buffer of its own.
pub const THREADS_MAX: usize = 64;

/// Copies files: which methods to try, what the kernel offers, and the ledger.
///
/// One copier serves all files and threads of a run. Its calls block: they are not for threads that serve connections.
#[derive(Debug)]
pub struct Copier {
    forced: Option<Method>,
    /// Empty until a method depends on it: a clone takes less time than asking does.
    capabilities: OnceLock<Capabilities>,
    ledger: Ledger,
}

impl Copier {
    /// The best method that kernel and file systems allow, in the order of [`Method::LADDER`].
    pub fn automatic() -> Self {
        Self { forced: None, capabilities: OnceLock::new(), ledger: Ledger::new() }
    }

    /// Only this method: where it is refused, copying fails with [`CopyError::Refused`].
    pub fn force(method: Method) -> Self {
        Self { forced: Some(method), ..Self::automatic() }
    }

    /// Uses no more than `capabilities`, whatever the kernel has.
    #[must_use]
    pub fn with_capabilities(self, capabilities: Capabilities) -> Self {
        Self { capabilities: capabilities.into(), ..self }
    }

    fn capabilities(&self) -> &Capabilities {
        self.capabilities.get_or_init(Capabilities::probe)
    }

    /// What was copied so far: [`Snapshot::copies`](crate::Snapshot::copies).
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Copies all of `source` to `target`, which is empty, with as many `threads` as its pieces can use.
    ///
    /// `source` is open for reading, `target` for reading and writing without `O_APPEND`. After an error `target` holds
    /// an unknown part of the source.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::io::{Read, Seek, Write};
    /// use std::num::NonZeroUsize;
    /// use std::sync::Arc;
    /// use transfer::copy::Copier;
    ///
    /// let (mut source, mut target) = (tempfile::tempfile()?, tempfile::tempfile()?);
    /// source.write_all(b"nobody opens the box")?;
    /// let copier = Copier::automatic();
    /// let copied = copier.copy(source.into(), Arc::new(target.try_clone()?), NonZeroUsize::MIN)?;
    ///
    /// let mut contents = String::new();
    /// target.rewind()?;
    /// target.read_to_string(&mut contents)?;
    /// assert_eq!((copied.len, contents.as_str()), (20, "nobody opens the box"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn copy(
        &self,
        source: Arc<File>,
        target: Arc<File>,
        threads: NonZeroUsize,
    ) -> Result<Copied, CopyError> {
        let file = FileCopy::begin(self, source, target, 0)?;
        let pieces = file.len().div_ceil(PIECE_BYTES);
        let helpers =
            (threads.get() - 1).min(usize::try_from(pieces).unwrap_or(usize::MAX).saturating_sub(1));
        let outcome = Mutex::new(None);
        let work = || {
            if let Some(finished) = file.work_to_end(&|_| {}) {
                *outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(finished);
            }
        };
        thread::scope(|scope| {
            for _ in 0..helpers {
                // Where no thread is to be had, the others do its part.
                let _ = thread::Builder::new().name("copy".to_owned()).spawn_scoped(scope, work);
            }
            work();
        });
        let outcome = outcome.into_inner().unwrap_or_else(PoisonError::into_inner);
        outcome.unwrap_or(Err(CopyError::Unfinished))
    }
}
