//! Metadata: the brokers, and the topics with their partitions and leaders. Creates topics that are asked for by name
//! where `auto.create.topics.enable` allows it.

use std::sync::Arc;

use cluster::{Image, Topic};
use protocol::ErrorCode;
use protocol::messages::metadata::request::MetadataRequestTopic;
use protocol::messages::metadata::response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use protocol::messages::metadata::{MetadataRequest, MetadataResponse};
use uuid::Uuid;

use crate::Broker;
use crate::dispatch::RequestContext;
use crate::topics::is_internal;

/// Authorized operations where the client has not asked for them.
pub(crate) const OPERATIONS_NOT_ASKED: i32 = i32::MIN;
/// What anybody may do to a topic where nothing is forbidden: READ, WRITE, CREATE, DELETE, ALTER, DESCRIBE,
/// DESCRIBE_CONFIGS and ALTER_CONFIGS as bits of Kafka's operation numbers.
pub(crate) const TOPIC_OPERATIONS: i32 =
    1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8 | 1 << 10 | 1 << 11;
/// The same for the cluster: CREATE, ALTER, DESCRIBE, CLUSTER_ACTION, DESCRIBE_CONFIGS, ALTER_CONFIGS and
/// IDEMPOTENT_WRITE.
pub(crate) const CLUSTER_OPERATIONS: i32 = 1 << 5 | 1 << 7 | 1 << 8 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 12;

/// In version 0 an empty list asks for all topics; since then it asks for none, and null for all.
const LAST_VERSION_WHERE_EMPTY_IS_ALL: i16 = 0;

pub(crate) async fn handle(
    broker: &Arc<Broker>,
    context: &RequestContext,
    request: MetadataRequest,
) -> MetadataResponse {
    let asked = match request.topics {
        Some(topics) if topics.is_empty() && context.version <= LAST_VERSION_WHERE_EMPTY_IS_ALL => None,
        topics => topics,
    };
    let image = broker.controller.image();
    if let Some(asked) = &asked
        && request.allow_auto_topic_creation
    {
        // The answer still calls them unknown, as Kafka's does, and the client's next request finds them.
        create_missing(broker, &image, asked).await;
    }
    let operations =
        if request.include_topic_authorized_operations { TOPIC_OPERATIONS } else { OPERATIONS_NOT_ASKED };
    let topics = match asked {
        None => image.topics().map(|topic| describe(&image, topic, operations)).collect(),
        Some(asked) => asked.iter().map(|asked| describe_asked(&image, asked, operations)).collect(),
    };
    MetadataResponse {
        brokers: brokers(&image, &context.listener),
        cluster_id: Some(broker.cluster_id.clone()),
        controller_id: broker.node_id.0,
        topics,
        cluster_authorized_operations: if request.include_cluster_authorized_operations {
            CLUSTER_OPERATIONS
        } else {
            OPERATIONS_NOT_ASKED
        },
        ..MetadataResponse::default()
    }
}

async fn create_missing(broker: &Arc<Broker>, image: &Image, asked: &[MetadataRequestTopic]) {
    for name in asked.iter().filter_map(|topic| topic.name.as_deref()) {
        if image.topic(name).is_none() && cluster::check_topic_name(name).is_ok() {
            broker.create_topic_on_demand(name).await;
        }
    }
}

fn brokers(image: &Image, listener: &str) -> Vec<MetadataResponseBroker> {
    image
        .brokers()
        .filter(|broker| !broker.fenced)
        .filter_map(|broker| {
            let endpoint = broker.endpoint(listener)?;
            Some(MetadataResponseBroker {
                node_id: broker.id.0,
                host: endpoint.host.clone(),
                port: i32::from(endpoint.port),
                rack: broker.rack.clone(),
            })
        })
        .collect()
}

fn describe_asked(image: &Image, asked: &MetadataRequestTopic, operations: i32) -> MetadataResponseTopic {
    let error = |code: ErrorCode| MetadataResponseTopic {
        error_code: code.code(),
        name: asked.name.clone(),
        topic_id: asked.topic_id,
        is_internal: asked.name.as_deref().is_some_and(is_internal),
        ..MetadataResponseTopic::default()
    };
    match asked.name.as_deref() {
        Some(name) => match image.topic(name) {
            Some(topic) => describe(image, topic, operations),
            None if cluster::check_topic_name(name).is_err() => error(ErrorCode::InvalidTopicException),
            None => error(ErrorCode::UnknownTopicOrPartition),
        },
        None if asked.topic_id == Uuid::nil() => error(ErrorCode::InvalidRequest),
        None => match image.topic_by_id(asked.topic_id) {
            Some(topic) => describe(image, topic, operations),
            None => error(ErrorCode::UnknownTopicId),
        },
    }
}

fn describe(image: &Image, topic: &Topic, operations: i32) -> MetadataResponseTopic {
    let partitions = topic.partitions.iter().map(|(index, partition)| {
        let alive = |id: &&protocol::BrokerId| image.broker(**id).is_some_and(|broker| !broker.fenced);
        let leader = partition.leader.filter(|id| alive(&id));
        MetadataResponsePartition {
            error_code: leader.map_or(ErrorCode::LeaderNotAvailable, |_| ErrorCode::None).code(),
            partition_index: index.0,
            leader_id: leader.map_or(-1, |id| id.0),
            leader_epoch: partition.leader_epoch.0,
            replica_nodes: partition.replicas.iter().map(|id| id.0).collect(),
            isr_nodes: partition.isr.iter().map(|id| id.0).collect(),
            offline_replicas: partition.replicas.iter().filter(|id| !alive(id)).map(|id| id.0).collect(),
        }
    });
    MetadataResponseTopic {
        name: Some(topic.name.to_string()),
        topic_id: topic.id,
        is_internal: is_internal(&topic.name),
        partitions: partitions.collect(),
        topic_authorized_operations: operations,
        ..MetadataResponseTopic::default()
    }
}
