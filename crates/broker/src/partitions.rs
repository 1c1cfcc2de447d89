//! The partitions that this broker holds.

use std::collections::{BTreeMap, HashMap};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use bytes::Bytes;
use log::{AppendInfo, AppendOrigin, Log, LogError, ReadUntil, RefusedRecord};
use parking_lot::Mutex;
use protocol::records::RecordsError;
use protocol::{ErrorCode, LeaderEpoch, Offset, PartitionIndex};
use tokio::task::JoinHandle;
use tracing::warn;
use uuid::Uuid;

use crate::arrivals::Interested;
use crate::disk::Disk;
use crate::{clock, errors};

/// One partition: its log and those who wait for it.
#[derive(Debug)]
pub(crate) struct Partition {
    pub(crate) topic: Arc<str>,
    pub(crate) topic_id: Uuid,
    pub(crate) index: PartitionIndex,
    pub(crate) log: Arc<Log>,
    /// What the log lies on.
    pub(crate) disk: Arc<Disk>,
    pub(crate) interested: Interested,
    leader_epoch: LeaderEpoch,
    gone: AtomicBool,
}

/// Where records were appended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Appended {
    pub(crate) base_offset: Offset,
    /// −1 where the records keep the producer's timestamps.
    pub(crate) log_append_time_ms: i64,
    pub(crate) log_start_offset: Offset,
}

/// Why records were not appended.
#[derive(Debug)]
pub(crate) struct ProduceError {
    pub(crate) code: ErrorCode,
    pub(crate) message: Option<String>,
    /// The records that are at fault, if it is single ones.
    pub(crate) bad_records: Vec<BadRecord>,
    /// The current epoch, where the producer believes in another.
    pub(crate) leader_epoch: Option<LeaderEpoch>,
}

/// A record for which its batch was not appended.
#[derive(Debug)]
pub(crate) struct BadRecord {
    /// Counted from the first of its batch.
    pub(crate) index: i32,
    pub(crate) message: String,
}

/// All partitions of one broker, by topic. Readers load the table without a lock.
#[derive(Debug, Default)]
pub(crate) struct Partitions {
    table: ArcSwap<Table>,
}

type OfTopic = Arc<BTreeMap<PartitionIndex, Arc<Partition>>>;

#[derive(Clone, Debug, Default)]
struct Table {
    by_id: HashMap<Uuid, OfTopic>,
    ids: HashMap<Arc<str>, Uuid>,
}

impl Partition {
    pub(crate) fn new(
        topic: Arc<str>,
        topic_id: Uuid,
        index: PartitionIndex,
        (log, disk): (Log, Arc<Disk>),
        epoch: LeaderEpoch,
    ) -> Self {
        Self {
            topic,
            topic_id,
            index,
            log: Arc::new(log),
            disk,
            interested: Interested::default(),
            leader_epoch: epoch,
            gone: AtomicBool::new(false),
        }
    }

    /// The epoch in which this broker leads.
    pub(crate) fn leader_epoch(&self) -> LeaderEpoch {
        self.leader_epoch
    }

    /// Whether the partition has been taken from this broker; who still holds it looks it up again.
    pub(crate) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }

    /// Marks the partition as taken away and has those who wait for it look again.
    pub(crate) fn leave(&self) {
        self.gone.store(true, Ordering::Release);
        self.interested.wake();
    }

    /// Compares the leader's epoch that a client believes in with the true one (KIP-320).
    pub(crate) fn check_leader_epoch(&self, claimed: LeaderEpoch) -> Result<(), ErrorCode> {
        match claimed {
            LeaderEpoch::NONE => Ok(()),
            older if older < self.leader_epoch => Err(ErrorCode::FencedLeaderEpoch),
            newer if newer > self.leader_epoch => Err(ErrorCode::UnknownLeaderEpoch),
            _ => Ok(()),
        }
    }

    /// Where the log of a reader that stands at `offset`, with a last record of `epoch`, parts from this one (KIP-595).
    pub(crate) fn divergence(&self, offset: Offset, epoch: LeaderEpoch) -> Option<(LeaderEpoch, Offset)> {
        if epoch == LeaderEpoch::NONE {
            return None;
        }
        let (known, end) = self.log.end_offset_for_epoch(epoch)?;
        (known < epoch || end < offset).then_some((known, end))
    }

    /// The epoch of the leader that appended the record at `offset`.
    pub(crate) fn epoch_at(&self, offset: Offset) -> LeaderEpoch {
        let epochs = self.log.leader_epochs();
        let before = epochs.iter().rev().find(|start| start.start_offset <= offset);
        before.map_or(self.leader_epoch, |start| start.epoch)
    }

    /// The end of what a reader may see.
    pub(crate) fn end(&self, until: ReadUntil) -> Offset {
        match until {
            ReadUntil::LogEnd => self.log.end_offset(),
            ReadUntil::HighWatermark => self.log.high_watermark(),
            ReadUntil::LastStable => self.log.last_stable_offset(),
        }
    }

    /// Appends batches: one from a producer, any number from a coordinator of this broker. Returns when they are
    /// committed, and flushed where the topic's settings demand it. Those who wait for them hear of it from `news`, within
    /// [`News::told_before_waits`].
    pub(crate) async fn append(
        self: &Arc<Self>,
        batches: &Bytes,
        origin: AppendOrigin,
        news: &News,
    ) -> Result<Appended, ProduceError> {
        let appended = self.append_to_log(batches, origin).await?;
        // The only replica is in sync by itself: what is written is committed.
        self.log.advance_high_watermark(self.log.end_offset());
        news.add(self);
        if appended.rolled {
            // The sealed segment goes to the disk while appends go on in the new one.
            drop(self.flush(self.log.active_base_offset()));
        }
        if appended.indexes_due {
            drop(self.on_disk("write index entries", Log::write_indexes_out));
        }
        if appended.flush_due {
            self.flush(self.log.end_offset()).await.map_err(|_| ErrorCode::KafkaStorageError)??;
        }
        Ok(Appended {
            base_offset: appended.base_offset,
            log_append_time_ms: appended.log_append_time_ms,
            log_start_offset: appended.log_start_offset,
        })
    }

    async fn append_to_log(
        self: &Arc<Self>,
        batches: &Bytes,
        origin: AppendOrigin,
    ) -> Result<AppendInfo, ProduceError> {
        if let Some(_appending) = self.disk.append_here() {
            return Ok(self.log.append(batches, origin, self.leader_epoch, clock::now_ms())?);
        }
        let (partition, batches) = (Arc::clone(self), batches.clone());
        let append = move || partition.log.append(&batches, origin, partition.leader_epoch, clock::now_ms());
        let appended = self.disk.append_apart(append).await;
        Ok(appended.ok_or(ErrorCode::KafkaStorageError)??)
    }

    fn flush(self: &Arc<Self>, until: Offset) -> JoinHandle<Result<(), LogError>> {
        self.on_disk("flush", move |log| log.flush(until, clock::now_ms()))
    }

    /// Has another thread work on the log.
    fn on_disk(
        self: &Arc<Self>,
        what: &'static str,
        work: impl FnOnce(&Log) -> Result<(), LogError> + Send + 'static,
    ) -> JoinHandle<Result<(), LogError>> {
        let partition = Arc::clone(self);
        tokio::task::spawn_blocking(move || {
            work(&partition.log).inspect_err(
                |error| warn!(topic = %partition.topic, partition = partition.index.0, "{what}: {error}"),
            )
        })
    }
}

/// Partitions that have new records of which nobody was told yet. Whoever is told runs on this thread when it has
/// nothing else to do, so nobody is told before the last append that may hold it, and everybody before a wait.
#[derive(Debug, Default)]
pub(crate) struct News {
    of: Mutex<Vec<Arc<Partition>>>,
}

impl News {
    /// Does `work`, which appends. Before it waits for anything, those are told who wait for what it has appended by then.
    pub(crate) async fn told_before_waits<F: Future>(&self, work: F) -> F::Output {
        let mut work = pin!(work);
        poll_fn(|context| {
            let polled = work.as_mut().poll(context);
            if polled.is_pending() {
                self.tell();
            }
            polled
        })
        .await
    }

    fn add(&self, partition: &Arc<Partition>) {
        self.of.lock().push(Arc::clone(partition));
    }

    /// Wakes those who wait for records of these partitions.
    fn tell(&self) {
        for partition in self.of.lock().drain(..) {
            partition.interested.wake();
        }
    }
}

impl Drop for News {
    fn drop(&mut self) {
        self.tell();
    }
}

impl From<ErrorCode> for ProduceError {
    fn from(code: ErrorCode) -> Self {
        Self { code, message: None, bad_records: Vec::new(), leader_epoch: None }
    }
}

impl From<LogError> for ProduceError {
    fn from(error: LogError) -> Self {
        let bad_records = match &error {
            LogError::Records(
                RecordsError::Record { index, .. } | RecordsError::OffsetDelta { index, .. },
            ) => vec![BadRecord { index: *index, message: error.to_string() }],
            LogError::RefusedRecords(refused) => {
                let bad = |record: &RefusedRecord| BadRecord {
                    index: record.index,
                    message: record.reason.to_string(),
                };
                refused.named().map(bad).collect()
            }
            _ => Vec::new(),
        };
        Self {
            code: errors::of_log(&error),
            message: Some(error.to_string()),
            bad_records,
            leader_epoch: None,
        }
    }
}

impl Partitions {
    /// A partition by its topic's id.
    pub(crate) fn by_id(&self, topic: Uuid, index: i32) -> Result<Arc<Partition>, ErrorCode> {
        let table = self.table.load();
        let partitions = table.by_id.get(&topic).ok_or(ErrorCode::UnknownTopicId)?;
        partitions.get(&PartitionIndex(index)).cloned().ok_or(ErrorCode::UnknownTopicOrPartition)
    }

    /// A partition by its topic's name.
    pub(crate) fn by_name(&self, topic: &str, index: i32) -> Result<Arc<Partition>, ErrorCode> {
        let table = self.table.load();
        let partitions = table.ids.get(topic).and_then(|id| table.by_id.get(id));
        partitions
            .and_then(|partitions| partitions.get(&PartitionIndex(index)).cloned())
            .ok_or(ErrorCode::UnknownTopicOrPartition)
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<Arc<Partition>> {
        let table = self.table.load();
        table.by_id.values().flat_map(|partitions| partitions.values().cloned()).collect()
    }

    /// Adds partitions; requests see all of them at once.
    pub(crate) fn add(&self, new: Vec<Partition>) -> Vec<Arc<Partition>> {
        let new: Vec<_> = new.into_iter().map(Arc::new).collect();
        let mut table = Table::clone(&self.table.load());
        for partition in &new {
            table.ids.insert(Arc::clone(&partition.topic), partition.topic_id);
            let of_topic = table.by_id.entry(partition.topic_id).or_default();
            Arc::make_mut(of_topic).insert(partition.index, Arc::clone(partition));
        }
        self.table.store(Arc::new(table));
        new
    }

    /// Takes a topic's partitions away, by its id.
    pub(crate) fn remove_topic(&self, id: Uuid) -> Vec<Arc<Partition>> {
        let mut table = Table::clone(&self.table.load());
        let Some(removed) = table.by_id.remove(&id) else { return Vec::new() };
        table.ids.retain(|_, known| *known != id);
        self.table.store(Arc::new(table));
        let removed: Vec<_> = removed.values().cloned().collect();
        removed.iter().for_each(|partition| partition.leave());
        removed
    }
}
