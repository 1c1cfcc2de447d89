//! What the cluster looks like, as far as a client has to know.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use protocol::messages::metadata::MetadataResponse;
use protocol::messages::metadata::response::MetadataResponseTopic;
use protocol::{BrokerId, ErrorCode, LeaderEpoch, PartitionIndex};
use uuid::Uuid;

use crate::Address;

/// A partition of a topic by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// The topic's name.
    pub topic: String,
    /// The partition's number.
    pub partition: PartitionIndex,
}

impl TopicPartition {
    /// The partition numbered `partition` of `topic`.
    #[must_use]
    pub fn new(topic: impl Into<String>, partition: PartitionIndex) -> Self {
        Self { topic: topic.into(), partition }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

/// The brokers, and the topics that were asked for.
#[derive(Clone, Debug, Default)]
pub struct Cluster {
    /// The cluster's id, where the broker tells it.
    pub id: Option<String>,
    /// The broker that administration is sent to.
    pub controller: Option<BrokerId>,
    /// Where each broker is reached.
    pub brokers: HashMap<BrokerId, Address>,
    /// The topics by name.
    pub topics: BTreeMap<String, TopicMetadata>,
}

/// One topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicMetadata {
    /// What keeps the broker from describing it, or [`ErrorCode::None`].
    pub error: ErrorCode,
    /// The topic's id; nil where the broker is too old to have one.
    pub id: Uuid,
    /// Whether the topic is Kafka's own, as `__consumer_offsets` is.
    pub is_internal: bool,
    /// The partitions by number, without gaps.
    pub partitions: Vec<PartitionMetadata>,
}

/// One partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionMetadata {
    /// The partition's number.
    pub index: PartitionIndex,
    /// Who takes and serves its records.
    pub leader: Option<BrokerId>,
    /// How many leaders there have been.
    pub leader_epoch: LeaderEpoch,
    /// Who keeps a copy, the preferred leader first.
    pub replicas: Vec<BrokerId>,
    /// Which of them are in sync.
    pub in_sync: Vec<BrokerId>,
}

impl TopicMetadata {
    /// How many partitions the topic has.
    #[must_use]
    pub fn partition_count(&self) -> i32 {
        i32::try_from(self.partitions.len()).unwrap_or(i32::MAX)
    }

    /// The partition with this number.
    #[must_use]
    pub fn partition(&self, index: PartitionIndex) -> Option<&PartitionMetadata> {
        self.partitions.get(usize::try_from(index.0).ok()?).filter(|partition| partition.index == index)
    }
}

impl From<MetadataResponse> for Cluster {
    fn from(response: MetadataResponse) -> Self {
        let brokers = response.brokers.into_iter().filter_map(|broker| {
            let port = u16::try_from(broker.port).ok()?;
            Some((BrokerId(broker.node_id), Address { host: broker.host, port }))
        });
        let topics =
            response.topics.into_iter().filter_map(|mut topic| Some((topic.name.take()?, topic.into())));
        Self {
            id: response.cluster_id,
            controller: known_broker(response.controller_id),
            brokers: brokers.collect(),
            topics: topics.collect(),
        }
    }
}

impl From<MetadataResponseTopic> for TopicMetadata {
    fn from(topic: MetadataResponseTopic) -> Self {
        let ids = |raw: Vec<i32>| raw.into_iter().map(BrokerId).collect();
        let mut partitions: Vec<PartitionMetadata> = topic
            .partitions
            .into_iter()
            .map(|partition| PartitionMetadata {
                index: PartitionIndex(partition.partition_index),
                leader: known_broker(partition.leader_id),
                leader_epoch: LeaderEpoch(partition.leader_epoch),
                replicas: ids(partition.replica_nodes),
                in_sync: ids(partition.isr_nodes),
            })
            .collect();
        partitions.sort_by_key(|partition| partition.index);
        Self {
            error: ErrorCode::from_code(topic.error_code).unwrap_or(ErrorCode::UnknownServerError),
            id: topic.topic_id,
            is_internal: topic.is_internal,
            partitions,
        }
    }
}

fn known_broker(raw: i32) -> Option<BrokerId> {
    (raw >= 0).then_some(BrokerId(raw))
}
