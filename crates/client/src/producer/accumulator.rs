//! Records on their way into batches, per partition; no I/O, and the time is told.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use protocol::records::{Codec, RecordBatchBuilder};
use protocol::{ProducerEpoch, ProducerId};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::ProducerRecord;
use super::delivery::{Delivery, Promise};
use crate::TopicPartition;

/// Collects records. A partition has at most one batch under way, which keeps its records in order whatever fails.
#[derive(Debug)]
pub(super) struct Accumulator {
    linger: Duration,
    batch_bytes: usize,
    codec: Codec,
    queues: HashMap<TopicPartition, Queue>,
    /// Batches that are collected or under way.
    unfinished: usize,
    /// Who the producer is for partitions that it has not sent to yet.
    identity: Option<Identity>,
}

/// What a broker recognizes an idempotent producer by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) id: ProducerId,
    pub(super) epoch: ProducerEpoch,
}

#[derive(Debug, Default)]
struct Queue {
    /// In order; only the last one still takes records.
    batches: VecDeque<Batch>,
    under_way: bool,
    /// Who the producer is here, and the sequence number of the next record.
    identity: Option<(Identity, i32)>,
}

/// A batch that is collected.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) partition: TopicPartition,
    pub(super) builder: RecordBatchBuilder,
    pub(super) promise: Promise,
    /// What the records take of the producer's room.
    pub(super) room: OwnedSemaphorePermit,
    ready_at: Instant,
}

impl Accumulator {
    pub(super) fn new(linger: Duration, batch_bytes: usize, codec: Codec) -> Self {
        Self { linger, batch_bytes, codec, queues: HashMap::new(), unfinished: 0, identity: None }
    }

    /// Adds a record; says also whether the sender has something to do or a new deadline to know.
    pub(super) fn append(
        &mut self,
        partition: TopicPartition,
        record: &ProducerRecord<'_>,
        room: OwnedSemaphorePermit,
    ) -> (Delivery, bool) {
        let bytes = record.bytes_as_batch();
        let queue = self.queues.entry(partition.clone()).or_default();
        let mut wake = false;
        let fits = |batch: &&mut Batch| batch.builder.size_bytes() + bytes <= self.batch_bytes;
        let batch = match queue.batches.back_mut().filter(fits) {
            Some(batch) => {
                batch.room.merge(room);
                batch
            }
            None => {
                wake = true;
                self.unfinished += 1;
                queue.batches.push_back(Batch {
                    promise: Promise::new(partition.clone()),
                    partition,
                    builder: RecordBatchBuilder::new(self.codec),
                    room,
                    ready_at: Instant::now() + self.linger,
                });
                let last = queue.batches.len() - 1;
                &mut queue.batches[last]
            }
        };
        let delivery = batch.promise.delivery(batch.builder.record_count());
        batch.builder.append(record.timestamp_ms, record.key, record.value, record.headers);
        (delivery, wake)
    }

    /// Takes the first batch of every partition that is free, where that batch is full or has waited long enough.
    pub(super) fn take_ready(&mut self, now: Instant) -> Vec<Batch> {
        let mut taken = Vec::new();
        for queue in self.queues.values_mut().filter(|queue| queue.ready_at().is_some_and(|at| at <= now)) {
            let Some(mut batch) = queue.batches.pop_front() else { continue };
            queue.under_way = true;
            let known = queue.identity.or(self.identity.map(|identity| (identity, 0)));
            if let Some((identity, sequence)) = known.filter(|(identity, _)| identity.id != ProducerId::NONE)
            {
                batch.builder = batch.builder.producer(identity.id, identity.epoch, sequence);
                queue.identity = Some((identity, after(sequence, batch.builder.record_count())));
            }
            taken.push(batch);
        }
        taken
    }

    /// When the next batch will have waited long enough.
    pub(super) fn next_ready_at(&self) -> Option<Instant> {
        self.queues.values().filter_map(Queue::ready_at).min()
    }

    /// Lets no batch wait any longer.
    pub(super) fn flush(&mut self) {
        let now = Instant::now();
        for batch in self.queues.values_mut().flat_map(|queue| &mut queue.batches) {
            batch.ready_at = now;
        }
    }

    /// A batch of `partition` is no longer under way. After a failure the broker may miss its sequence numbers, so that
    /// the producer needs another identity there, and for partitions to come.
    pub(super) fn finish(&mut self, partition: &TopicPartition, delivered: bool) {
        self.unfinished -= 1;
        let Some(queue) = self.queues.get_mut(partition) else { return };
        queue.under_way = false;
        if !delivered && queue.identity.take().map(|(identity, _)| identity) == self.identity {
            self.identity = None;
        }
    }

    /// Whether a new identity is needed before more is taken.
    pub(super) fn needs_identity(&self) -> bool {
        self.identity.is_none()
    }

    pub(super) fn set_identity(&mut self, identity: Identity) {
        self.identity = Some(identity);
    }

    /// Whether nothing is collected and nothing under way.
    pub(super) fn is_idle(&self) -> bool {
        self.unfinished == 0
    }
}

impl Queue {
    /// When the first batch may be taken: at once if another one is behind it; never while one is under way.
    fn ready_at(&self) -> Option<Instant> {
        let first = self.batches.front().filter(|_| !self.under_way)?;
        Some(if self.batches.len() > 1 { first.ready_at.min(Instant::now()) } else { first.ready_at })
    }
}

/// Sequence numbers wrap from 2³¹ − 1 to 0.
fn after(sequence: i32, count: i32) -> i32 {
    ((i64::from(sequence) + i64::from(count)) % (1 << 31)) as i32
}
