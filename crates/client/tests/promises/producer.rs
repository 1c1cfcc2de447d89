//! What a producer promises when brokers fail or refuse.

use std::time::Duration;

use crate::fake::{FakeBroker, Reply, TOPIC_ID, all_versions, answer, metadata};
use bytes::Bytes;
use client::{ClientError, Producer, ProducerConfig, ProducerRecord};
use protocol::api::RequestFrame;
use protocol::messages::init_producer_id::InitProducerIdResponse;
use protocol::messages::produce::response::{PartitionProduceResponse, TopicProduceResponse};
use protocol::messages::produce::{ProduceRequest, ProduceResponse};
use protocol::records::BatchHeader;
use protocol::{ApiKey, ErrorCode, Offset, PartitionIndex};

/// A broker of the topic `t` whose answers to Produce `produced` gives, by the number of the request from 0.
async fn broker(mut produced: impl FnMut(usize, &RequestFrame) -> Reply + Send + 'static) -> FakeBroker {
    let (mut produce_requests, mut producers) = (0, 0);
    FakeBroker::start(move |address, request| match request.api {
        ApiKey::ApiVersions => answer(request, &all_versions()),
        ApiKey::Metadata => answer(request, &metadata(address, 2)),
        ApiKey::InitProducerId => {
            producers += 1;
            answer(
                request,
                &InitProducerIdResponse { producer_id: producers, ..InitProducerIdResponse::default() },
            )
        }
        ApiKey::Produce => {
            produce_requests += 1;
            produced(produce_requests - 1, request)
        }
        _ => Reply::Close,
    })
    .await
}

/// The same answer for each partition of a request.
fn produced(request: &RequestFrame, code: ErrorCode, base_offset: i64) -> Reply {
    let asked: ProduceRequest = request.read().unwrap();
    let responses = asked.topic_data.iter().map(|topic| TopicProduceResponse {
        topic_id: TOPIC_ID,
        partition_responses: topic
            .partition_data
            .iter()
            .map(|partition| PartitionProduceResponse {
                index: partition.index,
                error_code: code.code(),
                base_offset,
                ..PartitionProduceResponse::default()
            })
            .collect(),
        ..TopicProduceResponse::default()
    });
    answer(request, &ProduceResponse { responses: responses.collect(), ..ProduceResponse::default() })
}

/// The headers of the batches that came, in order.
fn batches(broker: &FakeBroker) -> Vec<BatchHeader> {
    let requests = broker.requests_to(ApiKey::Produce);
    let requests = requests.iter().map(|request| request.read::<ProduceRequest>().unwrap());
    let topics = requests.flat_map(|request| request.topic_data);
    let records =
        topics.flat_map(|topic| topic.partition_data).map(|partition| partition.records.unwrap_or_default());
    records.map(|records: Bytes| BatchHeader::parse(&records).unwrap()).collect()
}

async fn producer(broker: &FakeBroker) -> Producer {
    let config = ProducerConfig { linger: Duration::ZERO, ..ProducerConfig::default() };
    Producer::start(broker.client().await, config)
}

fn record(value: &'static [u8]) -> ProducerRecord<'static> {
    let partition = Some(PartitionIndex(1));
    ProducerRecord { topic: "t", partition, timestamp_ms: 1, key: None, value: Some(value), headers: &[] }
}

#[tokio::test]
async fn a_batch_whose_answer_is_lost_is_sent_again_as_the_same_batch() {
    let broker = broker(|number, request| match number {
        0 => Reply::Close,
        _ => produced(request, ErrorCode::None, 40),
    })
    .await;
    let producer = producer(&broker).await;
    let delivery = producer.send(&record(b"once")).await.unwrap();
    assert_eq!(delivery.outcome().await.unwrap().offset, Some(Offset(40)));
    let sent = batches(&broker);
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0], sent[1], "the broker knows it by its producer and sequence");
    assert!(sent[0].has_producer() && sent[0].base_sequence == 0);
}

#[tokio::test]
async fn a_batch_that_the_broker_has_already_counts_as_delivered() {
    let broker = broker(|_, request| produced(request, ErrorCode::DuplicateSequenceNumber, -1)).await;
    let producer = producer(&broker).await;
    let delivery = producer.send(&record(b"twice")).await.unwrap();
    assert_eq!(delivery.outcome().await.unwrap().offset, None);
}

#[tokio::test]
async fn a_leader_that_moved_is_looked_up_and_asked_again() {
    let broker = broker(|number, request| match number {
        0 => produced(request, ErrorCode::NotLeaderOrFollower, -1),
        _ => produced(request, ErrorCode::None, 0),
    })
    .await;
    let producer = producer(&broker).await;
    producer.send(&record(b"moved")).await.unwrap().outcome().await.unwrap();
    assert_eq!(broker.requests_to(ApiKey::Metadata).len(), 2);
}

#[tokio::test]
async fn a_refused_batch_names_its_partition_and_later_ones_begin_under_a_new_identity() {
    let broker = broker(|number, request| match number {
        1 => produced(request, ErrorCode::MessageTooLarge, -1),
        _ => produced(request, ErrorCode::None, 0),
    })
    .await;
    let producer = producer(&broker).await;
    producer.send(&record(b"fits")).await.unwrap().outcome().await.unwrap();
    let error = producer.send(&record(b"refused")).await.unwrap().outcome().await.unwrap_err();
    assert!(error.to_string().contains("refused Produce for t-1: MESSAGE_TOO_LARGE"), "{error}");
    producer.send(&record(b"fits again")).await.unwrap().outcome().await.unwrap();
    let identities: Vec<_> =
        batches(&broker).iter().map(|batch| (batch.producer_id.0, batch.base_sequence)).collect();
    assert_eq!(identities, [(1, 0), (1, 1), (2, 0)]);
}

#[tokio::test]
async fn records_that_come_while_a_batch_is_under_way_are_sent_together_and_in_order() {
    let broker = broker(|number, request| produced(request, ErrorCode::None, number as i64)).await;
    let producer = producer(&broker).await;
    for _ in 0..100 {
        producer.send(&record(b"one of many")).await.unwrap();
    }
    producer.flush().await;
    let mut next_sequence = 0;
    for batch in batches(&broker) {
        assert_eq!(batch.base_sequence, next_sequence);
        next_sequence += batch.record_count;
    }
    assert_eq!(next_sequence, 100);
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_at_once() {
    let broker = broker(|_, _| Reply::Close).await;
    let producer = producer(&broker).await;
    let large: &'static [u8] = vec![0; 2 << 20].leak();
    assert!(matches!(producer.send(&record(large)).await, Err(ClientError::RecordTooLarge { .. })));
    let nowhere = ProducerRecord { partition: Some(PartitionIndex(9)), ..record(b"lost") };
    assert!(matches!(producer.send(&nowhere).await, Err(ClientError::NoSuchPartition { count: 2, .. })));
    assert!(broker.requests_to(ApiKey::Produce).is_empty());
}
