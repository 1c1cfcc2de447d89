//! `__consumer_offsets`: where the group coordinators of this broker keep their records, and how they get them back.

use std::sync::Arc;

use bytes::Bytes;
use cluster::Image;
use log::{AppendOrigin, ReadUntil};
use protocol::records::{Batches, Codec, ControlType, RecordBatch, RecordBatchBuilder};
use protocol::{ErrorCode, Offset, PartitionIndex};
use tracing::error;
use uuid::Uuid;

use crate::groups::{Loader, OffsetsLog, Record, TopicNames};
use crate::partitions::{News, Partition, Partitions};
use crate::topics::OFFSETS_TOPIC;
use crate::{Broker, clock};

/// How much is read at once when a partition is loaded.
const LOAD_BYTES: u32 = 1 << 20;

/// What a compressed batch of offsets may inflate to (Kafka: `offsets.load.buffer.size` is 5 MiB, and batches are at most
/// `max.message.bytes`).
const INFLATE_LIMIT_BYTES: usize = 64 << 20;

/// Appends the coordinators' records to the partitions of this broker.
#[derive(Debug)]
pub(crate) struct Offsets {
    pub(crate) partitions: Arc<Partitions>,
}

impl OffsetsLog for Offsets {
    async fn append(&self, partition: PartitionIndex, records: Vec<Record>) -> Result<(), ErrorCode> {
        let now_ms = clock::now_ms();
        let mut batch = RecordBatchBuilder::new(Codec::default());
        for record in &records {
            batch.append(now_ms, Some(&record.key), record.value.as_deref(), &[]);
        }
        let bytes = batch.build().map_err(|_| ErrorCode::RecordListTooLarge)?;
        let partition = self.partitions.by_name(OFFSETS_TOPIC, partition.0)?;
        let news = News::default();
        let appending = partition.append(&bytes, AppendOrigin::Coordinator, &news);
        news.told_before_waits(appending).await.map(drop).map_err(|error| error.code)
    }
}

/// The topics of an image, as coordinators ask for them.
#[derive(Clone, Debug)]
pub(crate) struct KnownTopics(pub(crate) Arc<Image>);

impl TopicNames for KnownTopics {
    fn name(&self, id: Uuid) -> Option<String> {
        self.0.topic_by_id(id).map(|topic| topic.name.to_string())
    }

    fn id(&self, name: &str) -> Option<Uuid> {
        self.0.topic(name).map(|topic| topic.id)
    }

    fn has_partition(&self, name: &str, partition: i32) -> bool {
        self.0.topic(name).is_some_and(|topic| topic.partitions.contains_key(&PartitionIndex(partition)))
    }
}

impl Broker {
    /// Reads a partition of `__consumer_offsets` and serves its groups from then on.
    pub(crate) fn load_groups(&self, partition: &Partition) {
        let mut loader = self.groups.begin_loading(partition.index);
        match load(partition, &mut loader) {
            Ok(()) => self.groups.loaded(partition.index, loader),
            // The groups stay "loading": clients keep asking, and nothing is answered from half of the records.
            Err(error) => {
                error!(partition = partition.index.0, "cannot load the groups of {OFFSETS_TOPIC}: {error}")
            }
        }
    }
}

/// Why a partition's groups cannot be loaded.
#[derive(Debug, thiserror::Error)]
enum LoadError {
    #[error(transparent)]
    Log(#[from] log::LogError),
    #[error(transparent)]
    Records(#[from] protocol::records::RecordsError),
    #[error(transparent)]
    Replay(#[from] crate::groups::ReplayError),
    #[error("reading the log: {0}")]
    Read(#[from] std::io::Error),
}

fn load(partition: &Partition, loader: &mut Loader) -> Result<(), LoadError> {
    let mut next = partition.log.start_offset();
    while next < partition.log.end_offset() {
        let read = partition.log.read(next, LOAD_BYTES, ReadUntil::LogEnd, true)?;
        let Some(region) = read.region else { break };
        for batch in Batches::new(Bytes::from(region.read()?)) {
            load_batch(&batch?, next, loader)?;
        }
        next = read.next_offset;
    }
    Ok(())
}

fn load_batch(batch: &RecordBatch, from: Offset, loader: &mut Loader) -> Result<(), LoadError> {
    let header = batch.header();
    let body = batch.body(INFLATE_LIMIT_BYTES)?;
    let transaction = header.attributes.is_transactional().then_some(header.producer_id);
    for record in body.records() {
        let record = record?;
        let offset = header.base_offset.plus(i64::from(record.offset_delta));
        let Some(key) = record.key.filter(|_| offset >= from) else { continue };
        if header.attributes.is_control() {
            match ControlType::from_key(key) {
                Some(ControlType::Commit) => loader.end_transaction(header.producer_id, true),
                Some(ControlType::Abort) => loader.end_transaction(header.producer_id, false),
                _ => {}
            }
            continue;
        }
        let value = record.value.map(|value| body.bytes().slice_ref(value));
        loader.record(offset, transaction, body.bytes().slice_ref(key), value)?;
    }
    Ok(())
}
