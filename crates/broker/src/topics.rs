//! Creating, changing and deleting topics: the controller decides, then this broker's partitions follow.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use cluster::{ClusterError, CreatedTopic, NewPartitions, NewTopic};
use protocol::ErrorCode;
use tokio::time::timeout;
use tracing::{info, warn};
use uuid::Uuid;

use crate::{Broker, clock};

/// Where group coordinators keep members and committed offsets.
pub(crate) const OFFSETS_TOPIC: &str = "__consumer_offsets";

/// Topics whose records are the brokers' own.
const INTERNAL_TOPICS: [&str; 3] = [OFFSETS_TOPIC, "__transaction_state", "__share_group_state"];

/// How long a request may wait for a topic that its client needs and did not ask to create. Other requests of the client
/// wait behind it, those for data on other disks among them.
const ON_DEMAND_WAIT: Duration = Duration::from_secs(1);

/// Whether a topic's records are the brokers' own.
pub(crate) fn is_internal(name: &str) -> bool {
    INTERNAL_TOPICS.contains(&name)
}

/// Why a change of topics was not made: Kafka's code and a sentence for the client.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct TopicError {
    pub(crate) code: ErrorCode,
    pub(crate) message: String,
}

impl TopicError {
    pub(crate) fn refused(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl From<ClusterError> for TopicError {
    fn from(error: ClusterError) -> Self {
        Self { code: error.code(), message: error.to_string() }
    }
}

/// How often each topic is named in one request. One that is named more than once is answered once, with an error.
#[derive(Debug)]
pub(crate) struct Named(HashMap<String, usize>);

impl Named {
    pub(crate) fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut counts = HashMap::new();
        names.for_each(|name| *counts.entry(name.to_owned()).or_default() += 1);
        Self(counts)
    }

    /// `None` if the name has been answered already.
    pub(crate) fn check(&mut self, name: &str) -> Option<Result<(), TopicError>> {
        match self.0.remove(name)? {
            1 => Some(Ok(())),
            _ => Some(Err(TopicError::refused(ErrorCode::InvalidRequest, "Duplicate topic name."))),
        }
    }
}

impl Broker {
    /// Creates a topic, or only checks whether it could be.
    pub(crate) async fn create_topic(
        self: &Arc<Self>,
        new: NewTopic,
        validate_only: bool,
    ) -> Result<CreatedTopic, TopicError> {
        let overrides: BTreeMap<_, _> = new.configs.iter().cloned().collect();
        self.config()
            .check_topic(&overrides)
            .map_err(|error| TopicError::refused(ErrorCode::InvalidConfig, error.to_string()))?;
        self.change(move |broker| {
            let created = broker.controller.create_topic(&new, validate_only, clock::now_ms())?;
            if !validate_only {
                info!(topic = new.name, partitions = created.partitions, id = %created.id, "created a topic");
            }
            Ok(created)
        })
        .await
    }

    /// Creates a topic with the broker's defaults because a client asked for its metadata. Failure is the client's to
    /// see: the topic stays unknown.
    pub(crate) async fn create_topic_on_demand(self: &Arc<Self>, name: &str) {
        if !self.config().auto_create_topics_enable && !is_internal(name) {
            return;
        }
        let created = if is_internal(name) {
            self.ensure_internal_topic(name).await
        } else {
            let new = NewTopic {
                name: name.to_owned(),
                partitions: self.config().num_partitions,
                replication_factor: self.config().default_replication_factor,
                ..NewTopic::default()
            };
            self.create_soon(new).await
        };
        if let Err(error) = created {
            warn!(topic = name, "cannot create the topic on demand: {error}");
        }
    }

    /// Makes sure that one of the brokers' own topics exists.
    pub(crate) async fn ensure_internal_topic(self: &Arc<Self>, name: &str) -> Result<(), TopicError> {
        if self.controller.image().topic(name).is_some() {
            return Ok(());
        }
        if name != OFFSETS_TOPIC {
            let message = format!("{name} belongs to a feature that this broker does not have");
            return Err(TopicError::refused(ErrorCode::UnknownTopicOrPartition, message));
        }
        let config = |name: &str, value: String| (name.to_owned(), value);
        let new = NewTopic {
            name: name.to_owned(),
            partitions: self.config().offsets_topic_num_partitions,
            replication_factor: self.offsets_topic_replicas(),
            configs: vec![
                config("compression.type", "producer".to_owned()),
                config("cleanup.policy", "compact".to_owned()),
                config("segment.bytes", self.config().offsets_topic_segment_bytes.to_string()),
            ],
            ..NewTopic::default()
        };
        self.create_soon(new).await
    }

    /// Creates a topic unless it is there. Does not wait for a disk that takes long: the topic comes when it comes, and
    /// clients ask again.
    async fn create_soon(self: &Arc<Self>, new: NewTopic) -> Result<(), TopicError> {
        let message = format!("{} is still being created", new.name);
        let late = TopicError::refused(ErrorCode::RequestTimedOut, message);
        timeout(ON_DEMAND_WAIT, self.create_in_turn(new)).await.unwrap_or(Err(late))
    }

    /// Creates a topic unless it is there, also when nobody waits for that any more. One at a time: each that waits for a
    /// disk holds a thread, and clients ask again and again.
    async fn create_in_turn(self: &Arc<Self>, new: NewTopic) -> Result<(), TopicError> {
        let turn = Arc::clone(&self.creating_on_demand).lock_owned().await;
        let broker = Arc::clone(self);
        let creating = tokio::spawn(async move {
            let _turn = turn;
            broker.create_topic(new, false).await
        });
        match creating.await {
            Ok(Err(error)) if error.code != ErrorCode::TopicAlreadyExists => Err(error),
            Ok(_) => Ok(()),
            Err(died) => Err(TopicError::refused(ErrorCode::UnknownServerError, died.to_string())),
        }
    }

    /// As many replicas as asked for, or as there are brokers: Kafka's default of three is for larger clusters.
    fn offsets_topic_replicas(&self) -> i16 {
        let brokers = i16::try_from(self.controller.image().brokers().count()).unwrap_or(i16::MAX);
        self.config().offsets_topic_replication_factor.min(brokers)
    }

    /// Deletes a topic and its data.
    pub(crate) async fn delete_topic(self: &Arc<Self>, id: Uuid) -> Result<(), TopicError> {
        self.change(move |broker| {
            let name = broker.controller.image().topic_by_id(id).map(|topic| Arc::clone(&topic.name));
            broker.controller.delete_topic(id, clock::now_ms())?;
            info!(topic = name.as_deref(), %id, "deleted a topic");
            Ok(())
        })
        .await
    }

    /// Adds partitions to a topic, or only checks whether it could be done.
    pub(crate) async fn add_partitions(
        self: &Arc<Self>,
        new: NewPartitions,
        validate_only: bool,
    ) -> Result<(), TopicError> {
        self.change(move |broker| {
            Ok(broker.controller.add_partitions(&new, validate_only, clock::now_ms())?)
        })
        .await
    }

    /// Makes a change on a thread that may wait for the disk, and has the partitions follow before it returns.
    pub(crate) async fn change<T: Send + 'static>(
        self: &Arc<Self>,
        change: impl FnOnce(&Self) -> Result<T, TopicError> + Send + 'static,
    ) -> Result<T, TopicError> {
        let broker = Arc::clone(self);
        let work = move || {
            let done = change(&broker)?;
            broker.follow_metadata();
            Ok(done)
        };
        tokio::task::spawn_blocking(work)
            .await
            .unwrap_or_else(|died| Err(TopicError::refused(ErrorCode::UnknownServerError, died.to_string())))
    }
}
