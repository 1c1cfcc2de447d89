//! Producing: records are collected into batches per partition, and batches into requests per leader.

mod accumulator;
mod delivery;
mod sender;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use protocol::PartitionIndex;
use protocol::records::{Codec, HEADER_BYTES, Header};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;

use self::accumulator::Accumulator;
pub use self::delivery::{Delivered, Delivery};
use crate::{Client, ClientError, StickyPartitioner, TopicPartition, partition_of_key};

/// Who must have a batch before the broker says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Acks {
    /// The leader.
    Leader,
    /// All replicas that are in sync.
    #[default]
    All,
}

/// How a producer collects and sends.
#[derive(Clone, Debug)]
pub struct ProducerConfig {
    /// Who must have a batch.
    pub acks: Acks,
    /// How long a batch waits for more records.
    pub linger: Duration,
    /// A batch of this size waits no longer.
    pub batch_bytes: usize,
    /// The largest record, counted as a batch of its own.
    pub max_record_bytes: usize,
    /// The most that one request carries, but for a single batch.
    pub request_bytes: usize,
    /// Records that are collected or under way; more wait in [`Producer::send`].
    pub buffer_bytes: usize,
    /// How batches are compressed.
    pub codec: Codec,
    /// How long a batch is tried before it fails.
    pub delivery_timeout: Duration,
}

impl Default for ProducerConfig {
    fn default() -> Self {
        Self {
            acks: Acks::All,
            linger: Duration::from_millis(5),
            batch_bytes: 256 << 10,
            max_record_bytes: 1 << 20,
            request_bytes: 4 << 20,
            buffer_bytes: 32 << 20,
            codec: Codec::default(),
            delivery_timeout: Duration::from_secs(120),
        }
    }
}

/// A record to produce.
#[derive(Clone, Copy, Debug)]
pub struct ProducerRecord<'a> {
    /// The topic; it must exist.
    pub topic: &'a str,
    /// The partition; if `None`, by the key, or any.
    pub partition: Option<PartitionIndex>,
    /// In ms since 1970.
    pub timestamp_ms: i64,
    /// The key, or null.
    pub key: Option<&'a [u8]>,
    /// The value, or null.
    pub value: Option<&'a [u8]>,
    /// The headers.
    pub headers: &'a [Header<'a>],
}

impl ProducerRecord<'_> {
    /// At least as many bytes as the record takes as a batch of its own.
    fn bytes_as_batch(&self) -> usize {
        /// The most that the length, attributes, timestamp, offset, and the lengths of key, value and headers take.
        const RECORD_OVERHEAD_BYTES: usize = 5 + 1 + 10 + 5 + 3 * 5;
        let of = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
        let headers: usize = self.headers.iter().map(|header| 10 + header.key.len() + of(header.value)).sum();
        HEADER_BYTES + RECORD_OVERHEAD_BYTES + of(self.key) + of(self.value) + headers
    }
}

/// Sends records in the background, in order within each partition, each of them once.
///
/// Dropping a producer gives up what is not sent yet; [`Producer::close`] waits for it.
#[derive(Debug)]
pub struct Producer {
    shared: Arc<Shared>,
    sender: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    client: Client,
    config: ProducerConfig,
    accumulator: Mutex<Accumulator>,
    sticky: Mutex<StickyPartitioner>,
    /// Bytes that may still be collected.
    room: Arc<Semaphore>,
    /// Wakes the sender: a batch is full, a partition is free again, or everything is to be flushed.
    work: Notify,
    /// Wakes those who wait until nothing is left.
    idle: Notify,
}

impl Producer {
    /// Begins to send in the background.
    #[must_use]
    pub fn start(client: Client, config: ProducerConfig) -> Self {
        let shared = Arc::new(Shared {
            client,
            accumulator: Mutex::new(Accumulator::new(config.linger, config.batch_bytes, config.codec)),
            sticky: Mutex::new(StickyPartitioner::new(config.batch_bytes)),
            room: Arc::new(Semaphore::new(config.buffer_bytes.min(Semaphore::MAX_PERMITS))),
            work: Notify::new(),
            idle: Notify::new(),
            config,
        });
        Self { sender: tokio::spawn(sender::run(Arc::clone(&shared))), shared }
    }

    /// Adds a record to a batch, as soon as there is room for it.
    ///
    /// # Errors
    /// The record is too large, or its topic or partition does not exist. What happens later, the delivery tells.
    pub async fn send(&self, record: &ProducerRecord<'_>) -> Result<Delivery, ClientError> {
        let (shared, bytes) = (&self.shared, record.bytes_as_batch());
        let limit_bytes = shared.config.max_record_bytes.min(shared.config.buffer_bytes);
        if bytes > limit_bytes {
            return Err(ClientError::RecordTooLarge { bytes, limit_bytes });
        }
        let partition = shared.choose_partition(record).await?;
        let permits = u32::try_from(bytes).unwrap_or(u32::MAX);
        let Ok(room) = Arc::clone(&shared.room).acquire_many_owned(permits).await else {
            return Err(ClientError::ProducerClosed);
        };
        let (delivery, wake) = shared.accumulator().append(partition, record, room);
        if wake {
            shared.work.notify_one();
        }
        Ok(delivery)
    }

    /// Waits until everything sent so far has been delivered or has failed.
    pub async fn flush(&self) {
        loop {
            let idle = self.shared.idle.notified();
            tokio::pin!(idle);
            idle.as_mut().enable();
            {
                let mut accumulator = self.shared.accumulator();
                if accumulator.is_idle() {
                    return;
                }
                accumulator.flush();
            }
            self.shared.work.notify_one();
            idle.await;
        }
    }

    /// Flushes and ends.
    pub async fn close(self) {
        self.flush().await;
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        self.sender.abort();
    }
}

impl Shared {
    fn accumulator(&self) -> MutexGuard<'_, Accumulator> {
        self.accumulator.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn choose_partition(&self, record: &ProducerRecord<'_>) -> Result<TopicPartition, ClientError> {
        let mut effort = self.client.effort();
        let topic = loop {
            match self.client.topic(record.topic).await {
                Ok(topic) => break topic,
                Err(error) => effort.again(error).await?,
            }
        };
        let count = topic.partition_count();
        let index = match (record.partition, record.key) {
            (Some(index), _) => index,
            (None, Some(key)) => partition_of_key(key, count),
            (None, None) => {
                let mut sticky = self.sticky.lock().unwrap_or_else(PoisonError::into_inner);
                sticky.next(record.bytes_as_batch(), count)
            }
        };
        let partition = TopicPartition::new(record.topic, index);
        if topic.partition(index).is_none() {
            return Err(ClientError::NoSuchPartition { partition, count: topic.partitions.len() });
        }
        Ok(partition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_send<T: Send>(_: fn(&'static Producer, &'static ProducerRecord<'static>) -> T) {}

    #[test]
    fn records_can_be_sent_from_any_task() {
        is_send(|producer, record| producer.send(record));
        is_send(|producer, _| producer.flush());
    }
}
