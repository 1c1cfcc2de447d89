//! librdkafka, set up for tests: it reconnects at once and says what it was told.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::future_producer::Delivery;
use rdkafka::producer::{DeliveryFuture, FutureProducer, FutureRecord, Producer};
use rdkafka::topic_partition_list::Offset;
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{ClientConfig, TopicPartitionList};

use crate::broker::{Broker, Settings};
use crate::wait::{DEADLINE, until_some};

/// What one look for a record may take.
const POLL: Duration = Duration::from_millis(100);

/// A record to send: any bytes as key and value.
pub type Outgoing<'a> = FutureRecord<'a, [u8], [u8]>;

/// A record, as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its timestamp in milliseconds since 1970.
    pub timestamp_ms: Option<i64>,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its value.
    pub value: Option<Vec<u8>>,
    /// Its headers, in their order.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Record {
    /// The key as text; empty where there is none.
    pub fn key_text(&self) -> String {
        String::from_utf8_lossy(self.key.as_deref().unwrap_or_default()).into_owned()
    }

    fn read(message: &impl Message) -> Self {
        let headers = message.headers().map_or_else(Vec::new, |headers| {
            headers.iter().map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec))).collect()
        });
        Self {
            partition: message.partition(),
            offset: message.offset(),
            timestamp_ms: message.timestamp().to_millis(),
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().map(<[u8]>::to_vec),
            headers,
        }
    }
}

/// A client of `broker` with `settings` on top of those that suit tests.
pub fn config(broker: &Broker, settings: Settings<'_>) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", broker.bootstrap())
        .set("broker.address.family", "v4")
        .set("reconnect.backoff.ms", "20")
        .set("reconnect.backoff.max.ms", "100")
        .set("topic.metadata.refresh.fast.interval.ms", "50");
    for (name, value) in settings {
        config.set(*name, *value);
    }
    config
}

/// A producer of `broker`.
///
/// # Panics
///
/// When librdkafka refuses `settings`.
pub fn producer(broker: &Broker, settings: Settings<'_>) -> FutureProducer {
    config(broker, settings).create().expect("a producer")
}

/// A consumer of `broker` that stands alone unless `settings` name a group.
///
/// # Panics
///
/// When librdkafka refuses `settings`.
pub fn consumer(broker: &Broker, settings: Settings<'_>) -> BaseConsumer {
    let mut config = config(broker, &[("group.id", "nobody"), ("enable.auto.commit", "false")]);
    config.set("enable.partition.eof", "true").set("auto.offset.reset", "earliest");
    for (name, value) in settings {
        config.set(*name, *value);
    }
    config.create().expect("a consumer")
}

/// Waits for what librdkafka answers to an asynchronous call.
pub fn block_on<F: Future>(future: F) -> F::Output {
    static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("a runtime")
    });
    RUNTIME.block_on(future)
}

/// Gives `record` to `producer`, which sends it in the background.
///
/// # Panics
///
/// When the producer takes no more for [`DEADLINE`], or never will.
pub fn enqueue(producer: &FutureProducer, record: Outgoing<'_>) -> DeliveryFuture {
    let start = Instant::now();
    let mut record = record;
    loop {
        match producer.send_result(record) {
            Ok(delivery) => return delivery,
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back))
                if start.elapsed() < DEADLINE =>
            {
                record = back;
                // Returns earlier when the queue runs empty.
                let _ = producer.flush(POLL);
            }
            Err((error, _)) => panic!("the producer takes no record: {error}"),
        }
    }
}

/// Where the broker put the record of `delivery`, or why it did not.
///
/// # Errors
///
/// What the broker said, or librdkafka in its place.
///
/// # Panics
///
/// When the producer is gone.
pub fn delivered(delivery: DeliveryFuture) -> KafkaResult<Delivery> {
    block_on(delivery).expect("the producer is there").map_err(|(error, _)| error)
}

/// Produces records of `keys` and waits until all of them are acknowledged. Values repeat the key to `value_bytes`.
///
/// # Panics
///
/// When a record is refused.
pub fn produce(
    producer: &FutureProducer,
    topic: &str,
    keys: impl Iterator<Item = String>,
    value_bytes: usize,
) -> Vec<Delivery> {
    let deliveries: Vec<_> = keys
        .map(|key| {
            let value: Vec<u8> = key.bytes().cycle().take(value_bytes).collect();
            enqueue(producer, FutureRecord::to(topic).key(key.as_bytes()).payload(&value))
        })
        .collect();
    deliveries.into_iter().map(|delivery| delivered(delivery).expect("the record is taken")).collect()
}

/// Headers with these names and values.
pub fn headers(pairs: &[(&str, Option<&[u8]>)]) -> OwnedHeaders {
    pairs
        .iter()
        .fold(OwnedHeaders::new(), |headers, (key, value)| headers.insert(Header { key, value: *value }))
}

/// All records of `topic`, by partition, from the start to the end of each, read without a group.
///
/// # Panics
///
/// When the end is not reached within [`DEADLINE`].
pub fn read_all(broker: &Broker, topic: &str, settings: Settings<'_>) -> BTreeMap<i32, Vec<Record>> {
    let consumer = consumer(broker, settings);
    let metadata = consumer.fetch_metadata(Some(topic), DEADLINE).expect("metadata");
    let found = metadata.topics().first().expect("the topic asked for");
    let mut records: BTreeMap<i32, Vec<Record>> =
        found.partitions().iter().map(|partition| (partition.id(), Vec::new())).collect();
    let mut assignment = TopicPartitionList::new();
    for partition in records.keys() {
        assignment.add_partition_offset(topic, *partition, Offset::Beginning).expect("an offset");
    }
    consumer.assign(&assignment).expect("an assignment");
    let mut unread = records.len();
    while unread > 0 {
        match next(&consumer) {
            Read::Record(record) => records.entry(record.partition).or_default().push(record),
            Read::End => unread -= 1,
        }
    }
    records
}

/// What a consumer came upon.
#[derive(Debug)]
pub enum Read {
    /// A record.
    Record(Record),
    /// The end of a partition.
    End,
}

/// The next thing that `consumer` comes upon. Errors that pass by themselves, as those of a broker that is down, do.
///
/// # Panics
///
/// When nothing comes within [`DEADLINE`].
pub fn next(consumer: &BaseConsumer) -> Read {
    let start = Instant::now();
    while start.elapsed() < DEADLINE {
        match consumer.poll(POLL) {
            Some(Ok(message)) => return Read::Record(Record::read(&message)),
            Some(Err(KafkaError::PartitionEOF(_))) => return Read::End,
            Some(Err(KafkaError::MessageConsumption(code))) if passes(code) => {}
            Some(Err(error)) => panic!("the consumer fails: {error}"),
            None => {}
        }
    }
    panic!("nothing to read within {} s", DEADLINE.as_secs())
}

/// What `call` answers once the coordinator of its group is there: a broker that has just started, or has just made the
/// topic of offsets, may still be reading groups, and librdkafka leaves it to the caller to ask again.
///
/// # Panics
///
/// When the call fails for another reason, or the coordinator is not there within [`DEADLINE`].
pub fn once_coordinated<T>(mut call: impl FnMut() -> KafkaResult<T>) -> T {
    until_some("the group has its coordinator", || match call() {
        Ok(answer) => Some(answer),
        Err(error) => {
            let code = error.rdkafka_error_code();
            assert!(code.is_some_and(is_moving), "the call fails: {error}");
            None
        }
    })
}

fn is_moving(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::NotCoordinator
            | RDKafkaErrorCode::CoordinatorNotAvailable
            | RDKafkaErrorCode::CoordinatorLoadInProgress
    )
}

/// Whether librdkafka goes on by itself after this error.
pub fn passes(code: RDKafkaErrorCode) -> bool {
    matches!(code, RDKafkaErrorCode::BrokerTransportFailure | RDKafkaErrorCode::AllBrokersDown)
}
