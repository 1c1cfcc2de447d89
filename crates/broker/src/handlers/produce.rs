//! Produce: appends batches as they came.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use log::AppendOrigin;
use protocol::ErrorCode;
use protocol::messages::produce::request::{PartitionProduceData, TopicProduceData};
use protocol::messages::produce::response::{
    BatchIndexAndErrorMessage, LeaderIdAndEpoch, NodeEndpoint, PartitionProduceResponse, TopicProduceResponse,
};
use protocol::messages::produce::{ProduceRequest, ProduceResponse};

use crate::Broker;
use crate::dispatch::{Refusal, RequestContext};
use crate::partitions::{Appended, News, Partition, ProduceError};
use crate::topics::is_internal;

/// The first version that names topics by id.
const FIRST_VERSION_BY_ID: i16 = 13;
/// In a request: no answer is wanted.
const NO_ACKS: i16 = 0;
/// In a request: an answer when all in-sync replicas have the records.
const ALL_ACKS: i16 = -1;
/// The client id with which Kafka's own tools write to internal topics.
const ADMIN_CLIENT_ID: &str = "__admin_client";
/// Appends of one request at the same time. Where none has to wait for its disk each is done before the next begins; of those
/// that have to, none waits for the disk of another, and what is under way takes bounded memory.
const SIDE_BY_SIDE: usize = 16;
/// What is said as an offset where nothing was appended.
const NO_OFFSET: i64 = -1;

/// Appends everything the request carries. `None` where the client wants no answer.
///
/// # Errors
/// With `acks=0` the only way to tell a client that something went wrong is to close its connection, as Kafka does.
pub(crate) async fn handle(
    broker: &Arc<Broker>,
    context: &RequestContext,
    request: ProduceRequest,
) -> Result<Option<ProduceResponse>, Refusal> {
    let refused = if !(ALL_ACKS..=1).contains(&request.acks) {
        Some(ErrorCode::InvalidRequiredAcks)
    } else if request.transactional_id.is_some() {
        Some(ErrorCode::UnsupportedVersion)
    } else {
        None
    };
    let news = News::default();
    let appending = append_all(broker, context, refused, &request.topic_data, &news);
    let mut appended = news.told_before_waits(appending).await.into_iter();
    let mut responses = Vec::with_capacity(request.topic_data.len());
    for topic in request.topic_data {
        let mut partition_responses = Vec::with_capacity(topic.partition_data.len());
        for (data, appended) in topic.partition_data.iter().zip(&mut appended) {
            if request.acks == NO_ACKS
                && let Err(error) = &appended
            {
                return Err(Refusal::ProduceWithoutAcks {
                    topic: topic.name,
                    partition: data.index,
                    code: error.code,
                });
            }
            partition_responses.push(respond(broker, data.index, appended));
        }
        responses.push(TopicProduceResponse {
            name: topic.name,
            topic_id: topic.topic_id,
            partition_responses,
        });
    }
    if request.acks == NO_ACKS {
        return Ok(None);
    }
    let node_endpoints = moved_to(broker, context, &responses);
    Ok(Some(ProduceResponse { responses, node_endpoints, ..ProduceResponse::default() }))
}

/// What came of each partition of `topics`, in their order.
async fn append_all(
    broker: &Arc<Broker>,
    context: &RequestContext,
    refused: Option<ErrorCode>,
    topics: &[TopicProduceData],
    news: &News,
) -> Vec<Result<Appended, ProduceError>> {
    let (mut under_way, mut appended) = (FuturesOrdered::new(), Vec::new());
    for topic in topics {
        for data in &topic.partition_data {
            if under_way.len() == SIDE_BY_SIDE {
                appended.extend(under_way.next().await);
            }
            under_way.push_back(append(broker, context, refused, topic, data, news));
        }
    }
    while let Some(done) = under_way.next().await {
        appended.push(done);
    }
    appended
}

async fn append(
    broker: &Arc<Broker>,
    context: &RequestContext,
    refused: Option<ErrorCode>,
    topic: &TopicProduceData,
    data: &PartitionProduceData,
    news: &News,
) -> Result<Appended, ProduceError> {
    if let Some(code) = refused {
        return Err(code.into());
    }
    let partition = find(broker, context, topic, data.index)?;
    if is_internal(&partition.topic) && context.client_id.as_deref() != Some(ADMIN_CLIENT_ID) {
        return Err(ErrorCode::InvalidTopicException.into());
    }
    let records: &Bytes = data.records.as_ref().ok_or(ErrorCode::InvalidRecord)?;
    let appended = partition.append(records, AppendOrigin::Client, news).await?;
    broker.metrics.produced(records.len());
    Ok(appended)
}

fn find(
    broker: &Broker,
    context: &RequestContext,
    topic: &TopicProduceData,
    index: i32,
) -> Result<Arc<Partition>, ErrorCode> {
    if context.version >= FIRST_VERSION_BY_ID {
        broker.partitions.by_id(topic.topic_id, index)
    } else {
        broker.partitions.by_name(&topic.name, index)
    }
}

fn respond(
    broker: &Broker,
    index: i32,
    appended: Result<Appended, ProduceError>,
) -> PartitionProduceResponse {
    match appended {
        Ok(appended) => PartitionProduceResponse {
            index,
            base_offset: appended.base_offset.0,
            log_append_time_ms: appended.log_append_time_ms,
            log_start_offset: appended.log_start_offset.0,
            ..PartitionProduceResponse::default()
        },
        Err(error) => PartitionProduceResponse {
            index,
            error_code: error.code.code(),
            base_offset: NO_OFFSET,
            record_errors: error
                .bad_records
                .into_iter()
                .map(|record| BatchIndexAndErrorMessage {
                    batch_index: record.index,
                    batch_index_error_message: Some(record.message),
                })
                .collect(),
            error_message: error.message,
            current_leader: match error.leader_epoch {
                Some(epoch) => LeaderIdAndEpoch { leader_id: broker.node_id.0, leader_epoch: epoch.0 },
                None => LeaderIdAndEpoch::default(),
            },
            ..PartitionProduceResponse::default()
        },
    }
}

/// Where the leaders named in `responses` are reached, so that the client need not ask (KIP-951).
fn moved_to(
    broker: &Broker,
    context: &RequestContext,
    responses: &[TopicProduceResponse],
) -> Vec<NodeEndpoint> {
    let named = responses
        .iter()
        .flat_map(|topic| &topic.partition_responses)
        .any(|partition| partition.current_leader.leader_id >= 0);
    if !named {
        return Vec::new();
    }
    let endpoint = broker.own_endpoint(&context.listener);
    let to_node = |(endpoint, rack): (cluster::Endpoint, _)| NodeEndpoint {
        node_id: broker.node_id.0,
        host: endpoint.host,
        port: endpoint.port.into(),
        rack,
    };
    endpoint.map(to_node).into_iter().collect()
}
