//! Creating, growing and deleting topics.

use protocol::ApiKey;
use protocol::messages::create_partitions::CreatePartitionsRequest;
use protocol::messages::create_partitions::request::CreatePartitionsTopic;
use protocol::messages::create_topics::CreateTopicsRequest;
use protocol::messages::create_topics::request::{CreatableTopic, CreatableTopicConfig};
use protocol::messages::delete_topics::DeleteTopicsRequest;
use protocol::messages::delete_topics::request::DeleteTopicState;
use uuid::Uuid;

use super::ADMIN_TIMEOUT_MS;
use crate::{Client, ClientError};

/// A topic to create.
#[derive(Clone, Debug, Default)]
pub struct NewTopic {
    /// Its name.
    pub name: String,
    /// How many partitions; the broker's `num.partitions` if `None`.
    pub partitions: Option<i32>,
    /// How many copies of each; the broker's `default.replication.factor` if `None`.
    pub replication_factor: Option<i16>,
    /// Properties that are not the broker's defaults.
    pub configs: Vec<(String, String)>,
}

/// A topic that was created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedTopic {
    /// Its id; nil where the broker is too old to have one.
    pub id: Uuid,
    /// How many partitions it got, where the broker says so.
    pub partitions: Option<i32>,
    /// How many copies of each, where the broker says so.
    pub replication_factor: Option<i16>,
}

impl Client {
    /// Creates a topic.
    ///
    /// # Errors
    /// The broker refuses, as when it exists; or it does not answer, and the topic may exist or not.
    pub async fn create_topic(&self, topic: &NewTopic) -> Result<CreatedTopic, ClientError> {
        let configs = topic
            .configs
            .iter()
            .map(|(name, value)| CreatableTopicConfig { name: name.clone(), value: Some(value.clone()) });
        let request = CreateTopicsRequest {
            topics: vec![CreatableTopic {
                name: topic.name.clone(),
                num_partitions: topic.partitions.unwrap_or(-1),
                replication_factor: topic.replication_factor.unwrap_or(-1),
                configs: configs.collect(),
                ..CreatableTopic::default()
            }],
            timeout_ms: ADMIN_TIMEOUT_MS,
            ..CreateTopicsRequest::default()
        };
        let broker = self.controller().await?;
        let created = broker.call(&request).await?.topics.into_iter().next().unwrap_or_default();
        broker.check(ApiKey::CreateTopics, created.error_code, created.error_message.as_deref(), || {
            format!("topic {}", topic.name)
        })?;
        Ok(CreatedTopic {
            id: created.topic_id,
            partitions: (created.num_partitions > 0).then_some(created.num_partitions),
            replication_factor: (created.replication_factor > 0).then_some(created.replication_factor),
        })
    }

    /// Deletes a topic and all its records.
    ///
    /// # Errors
    /// The broker refuses, as when there is none; or it does not answer, and the topic may exist or not.
    pub async fn delete_topic(&self, name: &str) -> Result<(), ClientError> {
        let request = DeleteTopicsRequest {
            topics: vec![DeleteTopicState { name: Some(name.to_owned()), topic_id: Uuid::nil() }],
            topic_names: vec![name.to_owned()],
            timeout_ms: ADMIN_TIMEOUT_MS,
        };
        let broker = self.controller().await?;
        let deleted = broker.call(&request).await?.responses.into_iter().next().unwrap_or_default();
        self.forget(name);
        broker.check(ApiKey::DeleteTopics, deleted.error_code, deleted.error_message.as_deref(), || {
            format!("topic {name}")
        })
    }

    /// Gives a topic more partitions, until it has `count`.
    ///
    /// # Errors
    /// The broker refuses, as when it has as many already.
    pub async fn grow_topic(&self, name: &str, count: i32) -> Result<(), ClientError> {
        let request = CreatePartitionsRequest {
            topics: vec![CreatePartitionsTopic { name: name.to_owned(), count, assignments: None }],
            timeout_ms: ADMIN_TIMEOUT_MS,
            ..CreatePartitionsRequest::default()
        };
        let broker = self.controller().await?;
        let grown = broker.call(&request).await?.results.into_iter().next().unwrap_or_default();
        self.forget(name);
        broker.check(ApiKey::CreatePartitions, grown.error_code, grown.error_message.as_deref(), || {
            format!("topic {name}")
        })
    }
}
