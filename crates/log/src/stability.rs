//! Up to where is every transaction decided?

use std::collections::{BTreeMap, BTreeSet};

use protocol::Offset;

use crate::producer_states::CompletedTransaction;

/// The transactions that hold the last stable offset back: those still open, and those whose end marker is not yet below
/// the high watermark.
#[derive(Debug, Default)]
pub(crate) struct Stability {
    open: BTreeSet<Offset>,
    /// First offset → offset of the marker.
    ended: BTreeMap<Offset, Offset>,
}

impl Stability {
    pub(crate) fn with_open(open: impl Iterator<Item = Offset>) -> Self {
        Self { open: open.collect(), ended: BTreeMap::new() }
    }

    pub(crate) fn opened(&mut self, first_offset: Offset) {
        self.open.insert(first_offset);
    }

    pub(crate) fn completed(&mut self, completed: &CompletedTransaction) {
        self.open.remove(&completed.first_offset);
        self.ended.insert(completed.first_offset, completed.last_offset);
    }

    pub(crate) fn high_watermark_advanced(&mut self, high_watermark: Offset) {
        self.ended.retain(|_, marker| *marker >= high_watermark);
    }

    /// The first offset that may still be aborted.
    pub(crate) fn first_unstable(&self) -> Option<Offset> {
        let open = self.open.first().copied();
        let ended = self.ended.first_key_value().map(|(first, _)| *first);
        open.into_iter().chain(ended).min()
    }

    /// The last stable offset as it will be when `completed` is no longer in the way: what the transaction index notes.
    pub(crate) fn stable_after(&self, completed: &CompletedTransaction) -> Offset {
        let next_open = self.open.iter().find(|open| **open != completed.first_offset);
        next_open.copied().unwrap_or_else(|| completed.last_offset.plus(1))
    }
}
