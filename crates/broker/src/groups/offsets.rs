//! The offsets that a group has committed, and those that it is committing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use protocol::{LeaderEpoch, Offset, PartitionIndex};
use uuid::Uuid;

/// A committed offset and what was committed with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CommittedOffset {
    pub(super) offset: Offset,
    /// The epoch of the last consumed record, if the consumer knew it.
    pub(super) leader_epoch: LeaderEpoch,
    /// Free text of the client.
    pub(super) metadata: String,
    /// When it was committed, in milliseconds since 1970.
    pub(super) commit_ms: i64,
    /// When it expires, in milliseconds since 1970, if the client said so; only old clients do.
    pub(super) expire_ms: Option<i64>,
    /// Nil when it was committed before topics had ids.
    pub(super) topic_id: Uuid,
}

/// A partition by its topic's name, as committed offsets are keyed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TopicPartition {
    pub(super) topic: Arc<str>,
    pub(super) partition: PartitionIndex,
}

impl TopicPartition {
    pub(super) fn new(topic: &str, partition: i32) -> Self {
        Self { topic: Arc::from(topic), partition: PartitionIndex(partition) }
    }
}

/// A group's offsets.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Offsets {
    committed: BTreeMap<TopicPartition, CommittedOffset>,
    /// How many commits of a partition are on their way to the log.
    pending: BTreeMap<TopicPartition, usize>,
}

impl Offsets {
    pub(super) fn get(&self, key: &TopicPartition) -> Option<&CommittedOffset> {
        self.committed.get(key)
    }

    pub(super) fn committed(&self) -> impl Iterator<Item = (&TopicPartition, &CommittedOffset)> {
        self.committed.iter()
    }

    /// Committed, or about to be.
    pub(super) fn contains(&self, key: &TopicPartition) -> bool {
        self.committed.contains_key(key) || self.is_pending(key)
    }

    pub(super) fn is_pending(&self, key: &TopicPartition) -> bool {
        self.pending.contains_key(key)
    }

    /// Everything for which the log has, or will have, an offset.
    pub(super) fn keys(&self) -> BTreeSet<TopicPartition> {
        self.committed.keys().chain(self.pending.keys()).cloned().collect()
    }

    /// A commit has been sent to the log.
    pub(super) fn begin(&mut self, key: TopicPartition) {
        *self.pending.entry(key).or_default() += 1;
    }

    /// A commit that has been sent to the log has an end.
    pub(super) fn end(&mut self, key: &TopicPartition) {
        if let Some(count) = self.pending.get_mut(key) {
            *count -= 1;
            if *count == 0 {
                self.pending.remove(key);
            }
        }
    }

    pub(super) fn insert(&mut self, key: TopicPartition, offset: CommittedOffset) {
        self.committed.insert(key, offset);
    }

    pub(super) fn remove(&mut self, key: &TopicPartition) {
        self.committed.remove(key);
    }
}
