//! CreateTopics.

use std::sync::Arc;

use cluster::NewTopic;
use protocol::messages::create_topics::request::CreatableTopic;
use protocol::messages::create_topics::response::{CreatableTopicConfigs, CreatableTopicResult};
use protocol::messages::create_topics::{CreateTopicsRequest, CreateTopicsResponse};
use protocol::{BrokerId, ErrorCode, PartitionIndex};

use crate::Broker;
use crate::dispatch::RequestContext;
use crate::topics::{Named, TopicError};

/// In a request: the broker's default number of partitions or replicas.
const DEFAULT: i32 = -1;

pub(crate) async fn handle(
    broker: &Arc<Broker>,
    _context: &RequestContext,
    request: CreateTopicsRequest,
) -> CreateTopicsResponse {
    let mut named = Named::new(request.topics.iter().map(|topic| topic.name.as_str()));
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in request.topics {
        let Some(unique) = named.check(&topic.name) else { continue };
        let result = match unique {
            Ok(()) => create(broker, &topic, request.validate_only).await,
            Err(twice) => Err(twice),
        };
        topics.push(result.unwrap_or_else(|error| CreatableTopicResult {
            name: topic.name,
            error_code: error.code.code(),
            error_message: Some(error.message),
            ..CreatableTopicResult::default()
        }));
    }
    CreateTopicsResponse { topics, ..CreateTopicsResponse::default() }
}

async fn create(
    broker: &Arc<Broker>,
    topic: &CreatableTopic,
    validate_only: bool,
) -> Result<CreatableTopicResult, TopicError> {
    if !topic.assignments.is_empty()
        && (topic.num_partitions != DEFAULT || i32::from(topic.replication_factor) != DEFAULT)
    {
        return Err(TopicError::refused(
            ErrorCode::InvalidRequest,
            "partitions and replication factor must be -1 where the replicas are assigned",
        ));
    }
    let configs = topic
        .configs
        .iter()
        .map(|config| match &config.value {
            Some(value) => Ok((config.name.clone(), value.clone())),
            None => Err(TopicError::refused(
                ErrorCode::InvalidConfig,
                format!("Null value not supported for topic configs: {}", config.name),
            )),
        })
        .collect::<Result<Vec<_>, _>>()?;
    let or_default = |asked: i32, default: i32| if asked == DEFAULT { default } else { asked };
    let replicas = or_default(
        i32::from(topic.replication_factor),
        i32::from(broker.config().default_replication_factor),
    );
    let new = NewTopic {
        name: topic.name.clone(),
        partitions: or_default(topic.num_partitions, broker.config().num_partitions),
        replication_factor: i16::try_from(replicas).unwrap_or(i16::MAX),
        assignment: topic
            .assignments
            .iter()
            .map(|assigned| {
                let replicas = assigned.broker_ids.iter().copied().map(BrokerId).collect();
                (PartitionIndex(assigned.partition_index), replicas)
            })
            .collect(),
        configs,
    };
    let created = broker.create_topic(new, validate_only).await?;
    let overrides =
        topic.configs.iter().filter_map(|config| Some((config.name.clone(), config.value.clone()?)));
    let configs = broker.config().describe_created_topic(&overrides.collect());
    Ok(CreatableTopicResult {
        name: topic.name.clone(),
        topic_id: created.id,
        num_partitions: created.partitions,
        replication_factor: created.replication_factor,
        error_message: None,
        configs: Some(
            configs
                .into_iter()
                .map(|config| CreatableTopicConfigs {
                    name: config.name,
                    value: config.value,
                    read_only: config.read_only,
                    config_source: config.source.code(),
                    is_sensitive: config.sensitive,
                })
                .collect(),
        ),
        ..CreatableTopicResult::default()
    })
}
