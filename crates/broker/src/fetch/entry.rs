//! One partition of a fetch: where to read it, and what the consumer was last told of it.

use std::sync::{Arc, Weak};

use protocol::messages::fetch::request::{FetchPartition, FetchTopic};
use protocol::{ErrorCode, LeaderEpoch, Offset, PartitionIndex};
use uuid::Uuid;

use crate::arrivals::Waiter;
use crate::partitions::Partition;

/// How a fetch names a partition: by topic id from version 13 on, by topic name before.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct EntryKey {
    pub(crate) topic: Arc<str>,
    pub(crate) topic_id: Uuid,
    pub(crate) index: PartitionIndex,
}

/// One partition of a fetch.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) key: EntryKey,
    pub(crate) fetch_offset: Offset,
    pub(crate) max_bytes: usize,
    /// The leader's epoch as the client knows it; [`LeaderEpoch::NONE`] where it does not care.
    pub(crate) leader_epoch: LeaderEpoch,
    /// The epoch of the last record the client has; [`LeaderEpoch::NONE`] where it does not say.
    pub(crate) last_fetched_epoch: LeaderEpoch,
    /// The partition itself, once looked up; looked up again when it is no longer this broker's. A session outlives its
    /// connection: it must not keep the files of a deleted topic.
    pub(crate) partition: Weak<Partition>,
    /// Whether the session's waiter is on the list of `partition`.
    pub(crate) awaited: bool,
    /// What the last response of the session said; `None` until there has been one.
    pub(crate) told: Option<Told>,
}

/// The part of a response that is worth sending again only when it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) error: ErrorCode,
    pub(crate) high_watermark: Offset,
    pub(crate) log_start: Offset,
}

impl EntryKey {
    pub(crate) fn new(topic: &Arc<str>, topic_id: Uuid, index: i32) -> Self {
        Self { topic: Arc::clone(topic), topic_id, index: PartitionIndex(index) }
    }
}

impl Entry {
    /// `name` is the topic's, which all its partitions share.
    pub(crate) fn new(topic: &FetchTopic, name: &Arc<str>, partition: &FetchPartition) -> Self {
        Self {
            key: EntryKey::new(name, topic.topic_id, partition.partition),
            fetch_offset: Offset(partition.fetch_offset),
            max_bytes: usize::try_from(partition.partition_max_bytes).unwrap_or(0),
            leader_epoch: LeaderEpoch(partition.current_leader_epoch),
            last_fetched_epoch: LeaderEpoch(partition.last_fetched_epoch),
            partition: Weak::new(),
            awaited: false,
            told: None,
        }
    }

    /// Has `waiter` woken when records arrive in this partition.
    pub(crate) fn await_records(&mut self, waiter: &Arc<Waiter>) {
        if self.awaited {
            return;
        }
        if let Some(partition) = self.partition.upgrade() {
            partition.interested.add(waiter);
            self.awaited = true;
        }
    }

    /// The client moves on: what it was told stays told.
    pub(crate) fn reposition(&mut self, to: Self) {
        self.fetch_offset = to.fetch_offset;
        self.max_bytes = to.max_bytes;
        self.leader_epoch = to.leader_epoch;
        self.last_fetched_epoch = to.last_fetched_epoch;
    }
}
