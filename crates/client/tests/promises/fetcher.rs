//! What a fetcher promises about the records it hands out.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use client::{ClientError, FetchConfig, Fetched, Fetcher, OffsetReset, TopicPartition};
use protocol::api::RequestFrame;
use protocol::messages::fetch::response::{FetchableTopicResponse, PartitionData};
use protocol::messages::fetch::{FetchRequest, FetchResponse};
use protocol::messages::list_offsets::response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
use protocol::messages::list_offsets::{ListOffsetsRequest, ListOffsetsResponse};
use protocol::records::RecordBatchBuilder;
use protocol::{ApiKey, ErrorCode, Offset, PartitionIndex};

use crate::fake::{FakeBroker, Reply, TOPIC_ID, all_versions, answer, metadata};

/// Where the log of each partition begins and ends; there is a record at every offset between.
const LOG: std::ops::Range<i64> = 100..110;

/// A broker of the topic `t` that answers a fetch with one batch of two records for each partition. It keeps a fetch
/// session in which only what the client says changes.
async fn broker() -> FakeBroker {
    let mut session: BTreeMap<i32, i64> = BTreeMap::new();
    FakeBroker::start(move |address, request| match request.api {
        ApiKey::ApiVersions => answer(request, &all_versions()),
        ApiKey::Metadata => answer(request, &metadata(address, 2)),
        ApiKey::ListOffsets => first_offsets(request),
        ApiKey::Fetch => fetch(request, &mut session),
        _ => Reply::Close,
    })
    .await
}

fn first_offsets(request: &RequestFrame) -> Reply {
    let asked: ListOffsetsRequest = request.read().unwrap();
    let topics = asked.topics.iter().map(|topic| ListOffsetsTopicResponse {
        name: topic.name.clone(),
        partitions: topic
            .partitions
            .iter()
            .map(|partition| ListOffsetsPartitionResponse {
                partition_index: partition.partition_index,
                offset: LOG.start,
                ..ListOffsetsPartitionResponse::default()
            })
            .collect(),
    });
    answer(request, &ListOffsetsResponse { topics: topics.collect(), ..ListOffsetsResponse::default() })
}

fn fetch(request: &RequestFrame, session: &mut BTreeMap<i32, i64>) -> Reply {
    let asked: FetchRequest = request.read().unwrap();
    if asked.session_epoch == 0 {
        session.clear();
    }
    for partition in asked.topics.iter().flat_map(|topic| &topic.partitions) {
        session.insert(partition.partition, partition.fetch_offset);
    }
    for index in asked.forgotten_topics_data.iter().flat_map(|topic| &topic.partitions) {
        session.remove(index);
    }
    let partitions = session.iter().map(|(index, offset)| {
        let mut data =
            PartitionData { partition_index: *index, high_watermark: LOG.end, ..PartitionData::default() };
        if LOG.contains(offset) {
            data.records = Some(two_records(*offset));
        } else if *offset != LOG.end {
            data.error_code = ErrorCode::OffsetOutOfRange.code();
        }
        data
    });
    let responses = vec![FetchableTopicResponse {
        topic_id: TOPIC_ID,
        partitions: partitions.collect(),
        ..FetchableTopicResponse::default()
    }];
    answer(request, &FetchResponse::<Bytes> { session_id: 5, responses, ..FetchResponse::default() })
}

fn two_records(offset: i64) -> Bytes {
    let mut batch = RecordBatchBuilder::default().base_offset(Offset(offset));
    for delta in 0..2 {
        batch.append(1, None, Some((offset + delta).to_string().as_bytes()), &[]);
    }
    batch.build().unwrap()
}

async fn fetcher(broker: &FakeBroker, reset: OffsetReset, positions: &[(i32, i64)]) -> Fetcher {
    let mut fetcher = Fetcher::new(broker.client().await, FetchConfig { reset, ..FetchConfig::default() });
    let partition = |index| TopicPartition::new("t", PartitionIndex(index));
    fetcher.assign(positions.iter().map(|(index, offset)| (partition(*index), Offset(*offset))).collect());
    fetcher
}

fn offsets(fetched: &[Fetched], index: i32) -> Vec<i64> {
    let of_partition = fetched.iter().filter(|fetched| fetched.partition.partition.0 == index);
    of_partition.flat_map(|fetched| fetched.decode().unwrap()).map(|record| record.offset.0).collect()
}

#[tokio::test]
async fn every_record_of_every_partition_is_handed_out_once_and_in_order() {
    let broker = broker().await;
    let mut fetcher = fetcher(&broker, OffsetReset::Fail, &[(0, 100), (1, 104)]).await;
    let mut all = Vec::new();
    while fetcher.positions().values().any(|position| position.0 < LOG.end) {
        all.extend(fetcher.next().await.unwrap());
    }
    assert_eq!(offsets(&all, 0), (100..110).collect::<Vec<_>>());
    assert_eq!(offsets(&all, 1), (104..110).collect::<Vec<_>>());
}

#[tokio::test]
async fn nothing_is_lost_when_waiting_is_given_up_again_and_again() {
    let broker = broker().await;
    let mut fetcher = fetcher(&broker, OffsetReset::Fail, &[(0, 100)]).await;
    // Who leads the partition has to be learned first, and is not learned by those who give up at once.
    let mut all = fetcher.next().await.unwrap();
    while all.len() < 5 {
        match pin!(fetcher.next()).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(fetched) => all.extend(fetched.unwrap()),
            Poll::Pending => tokio::task::yield_now().await,
        }
    }
    assert_eq!(offsets(&all, 0), (100..110).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_position_that_the_log_does_not_have_is_told_or_left_for_its_beginning() {
    let broker = broker().await;
    let mut telling = fetcher(&broker, OffsetReset::Fail, &[(1, 7)]).await;
    let error = telling.next().await.unwrap_err();
    assert!(matches!(&error, ClientError::Refused(refusal) if refusal.subject == "t-1"), "{error}");

    let mut going_on = fetcher(&broker, OffsetReset::Earliest, &[(1, 7)]).await;
    let mut all = Vec::new();
    while all.is_empty() {
        all = going_on.next().await.unwrap();
    }
    assert_eq!(offsets(&all, 1), [100, 101]);
}

#[tokio::test]
async fn a_partition_that_is_taken_away_is_not_handed_out_any_more() {
    let broker = broker().await;
    let mut fetcher = fetcher(&broker, OffsetReset::Fail, &[(0, 100), (1, 100)]).await;
    fetcher.next().await.unwrap();
    fetcher.remove(&TopicPartition::new("t", PartitionIndex(0)));
    let fetched = fetcher.next().await.unwrap();
    assert_eq!(offsets(&fetched, 0), [0; 0]);
    assert_eq!(offsets(&fetched, 1), [102, 103]);
}
