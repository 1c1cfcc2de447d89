//! The background half of a producer: takes batches that are ready to their leaders.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use protocol::messages::init_producer_id::InitProducerIdRequest;
use protocol::messages::produce::ProduceRequest;
use protocol::messages::produce::request::{PartitionProduceData, TopicProduceData};
use protocol::{ApiKey, BrokerId, ErrorCode, Offset, ProducerEpoch, ProducerId};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::accumulator::{Batch, Identity};
use super::delivery::Promise;
use super::{Acks, Shared};
use crate::retry::Effort;
use crate::{Client, ClientError, TopicPartition};

/// The last version of Produce that names topics; later ones say their ids.
const LAST_VERSION_BY_NAME: i16 = 12;
/// How long the sender sleeps when nothing is collected: it is woken by the first record.
const NOTHING_TO_DO: Duration = Duration::from_secs(3600);

/// A batch that is under way.
struct Sealed {
    partition: TopicPartition,
    records: Bytes,
    promise: Promise,
    _room: OwnedSemaphorePermit,
}

/// What became of one batch in one attempt.
type Attempted = Result<Option<Offset>, ClientError>;

/// Sends until it is aborted.
pub(super) async fn run(shared: Arc<Shared>) {
    let mut under_way = JoinSet::new();
    loop {
        if shared.accumulator().needs_identity() && !shared.accumulator().is_idle() {
            find_identity(&shared).await;
        }
        let batches = shared.accumulator().take_ready(Instant::now());
        for together in by_leader(&shared, batches) {
            under_way.spawn(deliver(Arc::clone(&shared), together));
        }
        let next = shared.accumulator().next_ready_at();
        tokio::select! {
            () = shared.work.notified() => {}
            () = sleep_until(next.unwrap_or_else(|| Instant::now() + NOTHING_TO_DO)) => {}
            Some(_) = under_way.join_next() => {}
        }
    }
}

/// Gets the producer an id. Without one, batches are sent that a broker cannot tell from each other when they come
/// twice; that is better than not sending them.
async fn find_identity(shared: &Shared) {
    let mut effort = shared.client.effort();
    let identity = loop {
        match ask_identity(&shared.client).await {
            Ok(identity) => break identity,
            Err(error) => {
                if let Err(error) = effort.again(error).await {
                    tracing::warn!(%error, "no producer id: a batch that is sent again may be appended twice");
                    break Identity { id: ProducerId::NONE, epoch: ProducerEpoch::NONE };
                }
            }
        }
    };
    shared.accumulator().set_identity(identity);
}

async fn ask_identity(client: &Client) -> Result<Identity, ClientError> {
    let broker = client.any_broker().await?;
    let request = InitProducerIdRequest {
        transactional_id: None,
        transaction_timeout_ms: i32::MAX,
        ..InitProducerIdRequest::default()
    };
    let answer = broker.call(&request).await?;
    broker.check(ApiKey::InitProducerId, answer.error_code, None, || "a producer".to_owned())?;
    Ok(Identity { id: ProducerId(answer.producer_id), epoch: ProducerEpoch(answer.producer_epoch) })
}

/// Puts together what goes to one leader in one request. What has no known leader goes alone.
fn by_leader(shared: &Shared, batches: Vec<Batch>) -> Vec<Vec<Batch>> {
    let mut requests = Vec::new();
    let mut open: HashMap<BrokerId, (usize, Vec<Batch>)> = HashMap::new();
    for batch in batches {
        let Some(leader) = shared.client.known_leader(&batch.partition) else {
            requests.push(vec![batch]);
            continue;
        };
        let (bytes, request) = open.entry(leader).or_default();
        if *bytes + batch.builder.size_bytes() > shared.config.request_bytes && !request.is_empty() {
            requests.push(std::mem::take(request));
            *bytes = 0;
        }
        *bytes += batch.builder.size_bytes();
        request.push(batch);
    }
    requests.extend(open.into_values().map(|(_, request)| request).filter(|request| !request.is_empty()));
    requests
}

/// Tries until each of the batches is delivered, refused for good, or out of time.
async fn deliver(shared: Arc<Shared>, batches: Vec<Batch>) {
    let mut left: Vec<Sealed> = batches.into_iter().filter_map(|batch| seal(&shared, batch)).collect();
    let mut effort = Effort::new(shared.config.delivery_timeout);
    loop {
        let outcomes = attempt(&shared, &left).await;
        let mut again = Vec::new();
        for (batch, outcome) in left.into_iter().zip(outcomes) {
            match outcome {
                Err(error) if effort.may_help(&error) => {
                    shared.client.forget(&batch.partition.topic);
                    again.push(batch);
                }
                outcome => finish(&shared, &batch.partition, batch.promise, outcome),
            }
        }
        if again.is_empty() {
            return;
        }
        left = again;
        effort.pause().await;
    }
}

/// Closes the batch, which compresses it; where that fails the batch has failed.
fn seal(shared: &Shared, batch: Batch) -> Option<Sealed> {
    let bytes = batch.builder.size_bytes();
    match batch.builder.build() {
        Ok(records) => {
            Some(Sealed { partition: batch.partition, records, promise: batch.promise, _room: batch.room })
        }
        Err(_) => {
            let error = ClientError::RecordTooLarge { bytes, limit_bytes: shared.config.max_record_bytes };
            finish(shared, &batch.partition, batch.promise, Err(error));
            None
        }
    }
}

fn finish(shared: &Shared, partition: &TopicPartition, promise: Promise, outcome: Attempted) {
    let mut accumulator = shared.accumulator();
    accumulator.finish(partition, outcome.is_ok());
    promise.keep(outcome);
    if accumulator.is_idle() {
        shared.idle.notify_waiters();
    }
    // The partition is free for its next batch.
    shared.work.notify_one();
}

/// Sends each batch once to its leader of now; the outcomes are in the order of the batches.
async fn attempt(shared: &Shared, batches: &[Sealed]) -> Vec<Attempted> {
    let mut outcomes: Vec<Attempted> = Vec::with_capacity(batches.len());
    let mut of_leader: BTreeMap<BrokerId, Vec<usize>> = BTreeMap::new();
    for (index, batch) in batches.iter().enumerate() {
        let leader = shared.client.leader(&batch.partition).await;
        outcomes.push(Err(ClientError::NoLeader(batch.partition.clone())));
        match leader {
            Ok(leader) => of_leader.entry(leader).or_default().push(index),
            Err(error) => outcomes[index] = Err(error),
        }
    }
    for (leader, indexes) in of_leader {
        let together: Vec<&Sealed> = indexes.iter().map(|index| &batches[*index]).collect();
        let produced = produce(shared, leader, &together).await;
        for (place, index) in indexes.into_iter().enumerate() {
            outcomes[index] = match &produced {
                Ok(produced) => produced[place].clone(),
                Err(error) => Err(error.clone()),
            };
        }
    }
    outcomes
}

/// One request with some batches to one broker; the outcomes are in their order.
async fn produce(
    shared: &Shared,
    leader: BrokerId,
    batches: &[&Sealed],
) -> Result<Vec<Attempted>, ClientError> {
    let topics = topics_of(&shared.client, batches).await?;
    let broker = shared.client.broker(leader).await?;
    let mut version = broker.version(ApiKey::Produce)?;
    if topics.iter().any(|topic| topic.topic_id.is_nil()) {
        version = version.min(LAST_VERSION_BY_NAME);
    }
    let ids: HashMap<_, _> = topics.iter().map(|topic| (topic.topic_id, topic.name.clone())).collect();
    let request = ProduceRequest {
        transactional_id: None,
        acks: match shared.config.acks {
            Acks::Leader => 1,
            Acks::All => -1,
        },
        timeout_ms: i32::try_from(broker.request_timeout().as_millis()).unwrap_or(i32::MAX),
        topic_data: topics,
    };
    let response = broker.send_in(&request, version).await?.answer().await?;
    let mut outcomes: HashMap<TopicPartition, Attempted> = HashMap::new();
    for topic in response.responses {
        let name =
            if version > LAST_VERSION_BY_NAME { ids.get(&topic.topic_id).cloned() } else { Some(topic.name) };
        let Some(name) = name else { continue };
        for answer in topic.partition_responses {
            let partition = TopicPartition::new(name.as_str(), answer.index.into());
            let outcome = if answer.error_code == ErrorCode::DuplicateSequenceNumber.code() {
                Ok(None)
            } else {
                broker
                    .check(ApiKey::Produce, answer.error_code, answer.error_message.as_deref(), || {
                        partition.to_string()
                    })
                    .map(|()| Some(Offset(answer.base_offset)).filter(|offset| *offset >= Offset::ZERO))
            };
            outcomes.insert(partition, outcome);
        }
    }
    let unanswered = |partition: &TopicPartition| {
        Err(broker.refusal(ApiKey::Produce, ErrorCode::UnknownServerError, None, partition.to_string()))
    };
    Ok(batches
        .iter()
        .map(|batch| outcomes.remove(&batch.partition).unwrap_or_else(|| unanswered(&batch.partition)))
        .collect())
}

async fn topics_of(client: &Client, batches: &[&Sealed]) -> Result<Vec<TopicProduceData>, ClientError> {
    let mut topics: BTreeMap<&str, Vec<PartitionProduceData>> = BTreeMap::new();
    for batch in batches {
        let data =
            PartitionProduceData { index: batch.partition.partition.0, records: Some(batch.records.clone()) };
        topics.entry(&batch.partition.topic).or_default().push(data);
    }
    let mut data = Vec::with_capacity(topics.len());
    for (name, partition_data) in topics {
        let topic_id = client.topic(name).await?.id;
        data.push(TopicProduceData { name: name.to_owned(), topic_id, partition_data });
    }
    Ok(data)
}
