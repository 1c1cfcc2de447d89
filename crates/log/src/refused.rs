//! Which records of a batch does a log refuse, and why? One is enough to refuse the batch.

use std::fmt;

/// How many records are named: clients show one or two of them, and a hostile batch may hold millions.
const MAX_NAMED: usize = 1_000;

/// A record that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusedRecord {
    /// Which record of its batch, from 0.
    pub index: i32,
    /// What is wrong with it.
    pub reason: RefusalReason,
}

/// What is wrong with a record that is well formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RefusalReason {
    /// Compaction keeps the last record of each key.
    #[error("a record without key on a compacted topic")]
    NoKey,
    /// The timestamp is further from the broker's clock than the topic allows.
    #[error("timestamp {timestamp_ms} is not within {earliest_ms} and {latest_ms}")]
    Timestamp {
        /// The record's.
        timestamp_ms: i64,
        /// The earliest that is allowed now.
        earliest_ms: i64,
        /// The latest that is allowed now.
        latest_ms: i64,
    },
}

/// The refused records of one batch: at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedRecords {
    first: RefusedRecord,
    others: Vec<RefusedRecord>,
    count: usize,
}

impl RefusedRecords {
    pub(crate) fn new(first: RefusedRecord) -> Self {
        Self { first, others: Vec::new(), count: 1 }
    }

    pub(crate) fn push(&mut self, record: RefusedRecord) {
        self.count += 1;
        if self.count <= MAX_NAMED {
            self.others.push(record);
        }
    }

    /// The first of them.
    #[must_use]
    pub fn first(&self) -> RefusedRecord {
        self.first
    }

    /// The records in their order; of very many only the first.
    pub fn named(&self) -> impl Iterator<Item = &RefusedRecord> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

impl fmt::Display for RefusedRecords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, count, .. } = self;
        write!(
            f,
            "{count} of the batch's records are refused, the first is record {}: {}",
            first.index, first.reason
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_refused_records_is_bounded() {
        let record = |index| RefusedRecord { index, reason: RefusalReason::NoKey };
        let mut refused = RefusedRecords::new(record(7));
        (8..1_000_000).for_each(|index| refused.push(record(index)));
        assert_eq!(refused.named().count(), MAX_NAMED);
        assert!(refused.to_string().starts_with("999993 of the batch's records"));
    }
}
