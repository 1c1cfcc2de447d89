//! The immutable picture of the cluster that the metadata records build.

mod carried;
mod records;

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use protocol::messages::metadata_records::{
    BrokerRegistrationChangeRecord, ConfigRecord, MetadataRecord, PartitionChangeRecord, PartitionRecord,
    RegisterBrokerRecord, register_broker,
};
use protocol::{BrokerId, LeaderEpoch, Offset, PartitionIndex};
use uuid::Uuid;

use self::carried::Carried;
use crate::ClusterError;

/// The cluster as of one offset of the metadata log. Cloning shares everything.
#[derive(Clone, Debug, Default)]
pub struct Image {
    /// The offset after the last record in this image.
    pub end_offset: Offset,
    topics: BTreeMap<Arc<str>, Arc<Topic>>,
    names: BTreeMap<Uuid, Arc<str>>,
    brokers: BTreeMap<BrokerId, Arc<Broker>>,
    configs: BTreeMap<ConfigResource, Arc<BTreeMap<String, String>>>,
    features: BTreeMap<String, i16>,
    next_producer_id: i64,
    carried: Carried,
}

/// A topic and its partitions.
#[derive(Clone, Debug, PartialEq)]
pub struct Topic {
    /// Its name, which can be given to another topic after this one is deleted.
    pub name: Arc<str>,
    /// Its id, which is never given again.
    pub id: Uuid,
    /// Its partitions by index.
    pub partitions: BTreeMap<PartitionIndex, Partition>,
}

/// Who has a partition and who leads it.
#[derive(Clone, Debug, PartialEq)]
pub struct Partition {
    /// The brokers that hold it, in order of preference.
    pub replicas: Vec<BrokerId>,
    /// The data directories of `replicas`, in the same order.
    pub directories: Vec<Uuid>,
    /// The replicas that have every committed record.
    pub isr: Vec<BrokerId>,
    /// Replicas on their way out.
    pub removing_replicas: Vec<BrokerId>,
    /// Replicas on their way in.
    pub adding_replicas: Vec<BrokerId>,
    /// Replicas outside the ISR that may still lead without loss (KIP-966).
    pub eligible_leader_replicas: Vec<BrokerId>,
    /// The last known members of the former, to choose from when nobody is left (KIP-966).
    pub last_known_elr: Vec<BrokerId>,
    /// The leader; `None` while there is none.
    pub leader: Option<BrokerId>,
    /// Kafka's number of how the leader came to lead: 0 by an election in the ISR, 1 by one that may have lost records.
    pub leader_recovery_state: i8,
    /// Counts leaders.
    pub leader_epoch: LeaderEpoch,
    /// Counts changes of this record.
    pub partition_epoch: i32,
}

/// A broker that has registered.
#[derive(Clone, Debug, PartialEq)]
pub struct Broker {
    /// Its `node.id`.
    pub id: BrokerId,
    /// The offset of its registration record.
    pub epoch: i64,
    /// The id of the process that registered.
    pub incarnation_id: Uuid,
    /// Where clients and brokers reach it.
    pub endpoints: Vec<Endpoint>,
    /// Its `broker.rack`.
    pub rack: Option<String>,
    /// Whether it is kept from leading and serving.
    pub fenced: bool,
    /// Whether it has said that it is about to stop.
    pub in_controlled_shutdown: bool,
    /// The features that it can work with.
    pub features: Vec<register_broker::BrokerFeature>,
    /// Its data directories.
    pub log_dirs: Vec<Uuid>,
    /// Those of them that take no new partitions, if it knows of that (KIP-1066).
    pub cordoned_log_dirs: Option<Vec<Uuid>>,
}

/// One advertised listener of a broker.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    /// The listener's name.
    pub name: String,
    /// Host name or address, as advertised.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Kafka's number of the security protocol: 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL.
    pub security_protocol: i16,
}

/// The levels of a feature that a node can work with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeatureRange {
    /// The feature's name.
    pub name: &'static str,
    /// The lowest level.
    pub min: i16,
    /// The highest level.
    pub max: i16,
}

/// What a configuration belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConfigResource {
    /// A topic, by name.
    Topic(Arc<str>),
    /// One broker.
    Broker(BrokerId),
    /// All brokers.
    ClusterDefault,
    /// Any other kind, by Kafka's number and name.
    Other(i8, String),
}

/// Kafka's number of a topic as a configuration resource.
const TOPIC_RESOURCE: i8 = 2;
/// Kafka's number of a broker as a configuration resource.
const BROKER_RESOURCE: i8 = 4;

impl ConfigResource {
    /// From Kafka's number and name; a broker's name is its id, or empty for all brokers.
    #[must_use]
    pub fn from_wire(kind: i8, name: &str) -> Self {
        match (kind, name) {
            (TOPIC_RESOURCE, name) => Self::Topic(name.into()),
            (BROKER_RESOURCE, "") => Self::ClusterDefault,
            (BROKER_RESOURCE, id) => {
                id.parse().map_or_else(|_| Self::Other(kind, id.to_owned()), |id| Self::Broker(BrokerId(id)))
            }
            (kind, name) => Self::Other(kind, name.to_owned()),
        }
    }

    /// Kafka's number and name.
    #[must_use]
    pub fn to_wire(&self) -> (i8, String) {
        match self {
            Self::Topic(name) => (TOPIC_RESOURCE, name.to_string()),
            Self::Broker(id) => (BROKER_RESOURCE, id.to_string()),
            Self::ClusterDefault => (BROKER_RESOURCE, String::new()),
            Self::Other(kind, name) => (*kind, name.clone()),
        }
    }
}

impl Image {
    /// The topic of that name.
    #[must_use]
    pub fn topic(&self, name: &str) -> Option<&Arc<Topic>> {
        self.topics.get(name)
    }

    /// The topic of that id.
    #[must_use]
    pub fn topic_by_id(&self, id: Uuid) -> Option<&Arc<Topic>> {
        self.topics.get(self.names.get(&id)?)
    }

    /// All topics in order of name.
    pub fn topics(&self) -> impl Iterator<Item = &Arc<Topic>> {
        self.topics.values()
    }

    /// The topic named `name`, if there is one, and those after it in order of name.
    pub fn topics_from(&self, name: &str) -> impl Iterator<Item = &Arc<Topic>> {
        self.topics.range::<str, _>((Bound::Included(name), Bound::Unbounded)).map(|(_, topic)| topic)
    }

    /// The broker of that id.
    #[must_use]
    pub fn broker(&self, id: BrokerId) -> Option<&Arc<Broker>> {
        self.brokers.get(&id)
    }

    /// All brokers in order of id.
    pub fn brokers(&self) -> impl Iterator<Item = &Arc<Broker>> {
        self.brokers.values()
    }

    /// What has been set on a resource; empty where nothing has.
    #[must_use]
    pub fn config(&self, resource: &ConfigResource) -> Arc<BTreeMap<String, String>> {
        self.configs.get(resource).cloned().unwrap_or_default()
    }

    /// All resources on which something has been set.
    pub fn configs(&self) -> impl Iterator<Item = (&ConfigResource, &Arc<BTreeMap<String, String>>)> {
        self.configs.iter()
    }

    /// The finalized features and their levels.
    #[must_use]
    pub fn features(&self) -> &BTreeMap<String, i16> {
        &self.features
    }

    /// The first producer id that has not been given out.
    #[must_use]
    pub fn next_producer_id(&self) -> i64 {
        self.next_producer_id
    }

    /// The image after one more record.
    ///
    /// Records of kinds that this crate has no use for are carried along for those who read the next snapshot.
    ///
    /// # Errors
    /// [`ClusterError::Inconsistent`] if the record speaks of something that does not exist.
    pub(crate) fn apply(&mut self, record: MetadataRecord) -> Result<(), ClusterError> {
        match record {
            MetadataRecord::Topic(record) => {
                let name: Arc<str> = record.name.into();
                let topic =
                    Topic { name: Arc::clone(&name), id: record.topic_id, partitions: BTreeMap::new() };
                self.names.insert(record.topic_id, Arc::clone(&name));
                self.topics.insert(name, Arc::new(topic));
            }
            MetadataRecord::RemoveTopic(record) => {
                let name = self.names.remove(&record.topic_id).ok_or_else(|| no_topic(record.topic_id))?;
                self.configs.remove(&ConfigResource::Topic(Arc::clone(&name)));
                self.topics.remove(&name);
            }
            MetadataRecord::Partition(record) => {
                let index = PartitionIndex(record.partition_id);
                self.topic_mut(record.topic_id)?.partitions.insert(index, record.into());
            }
            MetadataRecord::PartitionChange(record) => {
                let index = PartitionIndex(record.partition_id);
                let topic = self.topic_mut(record.topic_id)?;
                let partition = topic.partitions.get_mut(&index).ok_or_else(|| {
                    ClusterError::Inconsistent(format!(
                        "partition {index} of topic {} does not exist",
                        topic.name
                    ))
                })?;
                partition.change(record);
            }
            MetadataRecord::Config(record) => self.set_config(record),
            MetadataRecord::FeatureLevel(record) => {
                if record.feature_level == 0 {
                    self.features.remove(&record.name);
                } else {
                    self.features.insert(record.name, record.feature_level);
                }
            }
            MetadataRecord::ProducerIds(record) => self.next_producer_id = record.next_producer_id,
            MetadataRecord::RegisterBroker(record) => {
                self.brokers.insert(BrokerId(record.broker_id), Arc::new(record.into()));
            }
            MetadataRecord::UnregisterBroker(record) => {
                self.brokers.remove(&BrokerId(record.broker_id));
            }
            MetadataRecord::FenceBroker(record) => self.broker_mut(record.id)?.fenced = true,
            MetadataRecord::UnfenceBroker(record) => self.broker_mut(record.id)?.fenced = false,
            MetadataRecord::BrokerRegistrationChange(record) => self.change_broker(record)?,
            MetadataRecord::ClearElr(record) => self.clear_eligible_leaders(&record.topic_name)?,
            other => self.carried.apply(other),
        }
        Ok(())
    }

    fn topic_mut(&mut self, id: Uuid) -> Result<&mut Topic, ClusterError> {
        let topic =
            self.names.get(&id).and_then(|name| self.topics.get_mut(name)).ok_or_else(|| no_topic(id))?;
        Ok(Arc::make_mut(topic))
    }

    fn broker_mut(&mut self, id: i32) -> Result<&mut Broker, ClusterError> {
        let broker = self.brokers.get_mut(&BrokerId(id));
        let broker =
            broker.ok_or_else(|| ClusterError::Inconsistent(format!("broker {id} has not registered")))?;
        Ok(Arc::make_mut(broker))
    }

    fn set_config(&mut self, record: ConfigRecord) {
        let resource = ConfigResource::from_wire(record.resource_type, &record.resource_name);
        let values = self.configs.entry(resource.clone()).or_default();
        match record.value {
            Some(value) => Arc::make_mut(values).insert(record.name, value),
            None => Arc::make_mut(values).remove(&record.name),
        };
        if values.is_empty() {
            self.configs.remove(&resource);
        }
    }

    /// Of one topic, or of all if the name is empty.
    fn clear_eligible_leaders(&mut self, name: &str) -> Result<(), ClusterError> {
        if !name.is_empty() && !self.topics.contains_key(name) {
            return Err(ClusterError::Inconsistent(format!("topic {name:?} does not exist")));
        }
        for topic in self.topics.values_mut().filter(|topic| name.is_empty() || *topic.name == *name) {
            for partition in Arc::make_mut(topic).partitions.values_mut() {
                partition.eligible_leader_replicas.clear();
                partition.last_known_elr.clear();
            }
        }
        Ok(())
    }

    fn change_broker(&mut self, record: BrokerRegistrationChangeRecord) -> Result<(), ClusterError> {
        let broker = self.broker_mut(record.broker_id)?;
        match record.fenced {
            1 => broker.fenced = true,
            -1 => broker.fenced = false,
            _ => {}
        }
        // A broker that is about to stop says so once, and takes it back only by registering again.
        broker.in_controlled_shutdown |= record.in_controlled_shutdown == 1;
        if !record.log_dirs.is_empty() {
            broker.log_dirs = record.log_dirs;
        }
        if record.cordoned_log_dirs.is_some() {
            broker.cordoned_log_dirs = record.cordoned_log_dirs;
        }
        Ok(())
    }
}

fn no_topic(id: Uuid) -> ClusterError {
    ClusterError::Inconsistent(format!("topic {id} does not exist"))
}

fn brokers(ids: Vec<i32>) -> Vec<BrokerId> {
    ids.into_iter().map(BrokerId).collect()
}

/// What Kafka writes in place of a leader's id where there is none.
const NO_LEADER: i32 = -1;

fn leader(id: i32) -> Option<BrokerId> {
    (id >= 0).then_some(BrokerId(id))
}

impl From<PartitionRecord> for Partition {
    fn from(record: PartitionRecord) -> Self {
        Self {
            replicas: brokers(record.replicas),
            directories: record.directories,
            isr: brokers(record.isr),
            removing_replicas: brokers(record.removing_replicas),
            adding_replicas: brokers(record.adding_replicas),
            eligible_leader_replicas: brokers(record.eligible_leader_replicas.unwrap_or_default()),
            last_known_elr: brokers(record.last_known_elr.unwrap_or_default()),
            leader: leader(record.leader),
            leader_recovery_state: record.leader_recovery_state,
            leader_epoch: LeaderEpoch(record.leader_epoch),
            partition_epoch: record.partition_epoch,
        }
    }
}

/// In a change record, the leader that says "as before".
const LEADER_UNCHANGED: i32 = -2;
/// In a change record, the recovery state that says "as before".
const RECOVERY_STATE_UNCHANGED: i8 = -1;

impl Partition {
    fn change(&mut self, record: PartitionChangeRecord) {
        let set = |to: &mut Vec<BrokerId>, from: Option<Vec<i32>>| {
            if let Some(ids) = from {
                *to = brokers(ids);
            }
        };
        set(&mut self.isr, record.isr);
        set(&mut self.replicas, record.replicas);
        set(&mut self.removing_replicas, record.removing_replicas);
        set(&mut self.adding_replicas, record.adding_replicas);
        set(&mut self.eligible_leader_replicas, record.eligible_leader_replicas);
        set(&mut self.last_known_elr, record.last_known_elr);
        if let Some(directories) = record.directories {
            self.directories = directories;
        }
        if record.leader_recovery_state != RECOVERY_STATE_UNCHANGED {
            self.leader_recovery_state = record.leader_recovery_state;
        }
        if record.leader != LEADER_UNCHANGED {
            self.leader = leader(record.leader);
            self.leader_epoch = LeaderEpoch(self.leader_epoch.0.saturating_add(1));
        }
        self.partition_epoch = self.partition_epoch.saturating_add(1);
    }
}

impl Broker {
    /// Where clients of one listener reach the broker.
    #[must_use]
    pub fn endpoint(&self, listener: &str) -> Option<&Endpoint> {
        self.endpoints.iter().find(|endpoint| endpoint.name == listener)
    }
}

impl From<RegisterBrokerRecord> for Broker {
    fn from(record: RegisterBrokerRecord) -> Self {
        let endpoint = |e: register_broker::BrokerEndpoint| Endpoint {
            name: e.name,
            host: e.host,
            port: e.port,
            security_protocol: e.security_protocol,
        };
        Self {
            id: BrokerId(record.broker_id),
            epoch: record.broker_epoch,
            endpoints: record.end_points.into_iter().map(endpoint).collect(),
            incarnation_id: record.incarnation_id,
            rack: record.rack,
            fenced: record.fenced,
            in_controlled_shutdown: record.in_controlled_shutdown,
            features: record.features,
            log_dirs: record.log_dirs,
            cordoned_log_dirs: record.cordoned_log_dirs,
        }
    }
}
