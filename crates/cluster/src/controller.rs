//! The controller of a cluster that is this one machine: checks a change, writes its records, publishes the new image.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use protocol::messages::metadata_records::{
    AbortTransactionRecord, BrokerRegistrationChangeRecord, ConfigRecord, FeatureLevelRecord, MetadataRecord,
    PartitionRecord, ProducerIdsRecord, RegisterBrokerRecord, RegisterControllerRecord, RemoveTopicRecord,
    TopicRecord, register_broker, register_controller,
};
use protocol::{BrokerId, ErrorCode, Offset, PartitionIndex};
use uuid::Uuid;

use crate::image::{ConfigResource, Endpoint, FeatureRange, Image, Topic};
use crate::metadata_log::MetadataLog;
use crate::topic_name::{check_topic_name, collide};
use crate::{ClusterError, MetadataLogSettings, quorum_state, snapshots};

/// How many producer ids one record hands out, as in Kafka: one record then serves a thousand producers.
const PRODUCER_ID_BLOCK: i64 = 1000;

/// The most partitions that one request may create: each costs a directory and a record, and a batch of records must
/// fit into one append (Kafka bounds it to the same number).
const MOST_PARTITIONS_PER_CHANGE: i64 = 10_000;

/// The level of `metadata.version` that a new cluster is finalized at: Kafka 4.3.
const METADATA_VERSION: i16 = 30;

/// The levels of `metadata.version` whose records can be read: Kafka 3.3 to 4.3.
const METADATA_VERSIONS: FeatureRange =
    FeatureRange { name: "metadata.version", min: 7, max: METADATA_VERSION };

/// The one who changes the cluster. All changes go through it, one at a time.
#[derive(Debug)]
pub struct Controller {
    node: BrokerId,
    directory: Uuid,
    log: Mutex<MetadataLog>,
    image: ArcSwap<Image>,
}

/// What a broker says of itself when it starts.
#[derive(Clone, Debug)]
pub struct BrokerRegistration {
    /// Its `node.id`.
    pub id: BrokerId,
    /// Where clients reach it.
    pub endpoints: Vec<Endpoint>,
    /// Where controllers and other brokers of KRaft reach the controller.
    pub controller_endpoint: Option<Endpoint>,
    /// Its `broker.rack`.
    pub rack: Option<String>,
    /// The ids of its data directories; the first is the metadata log's.
    pub log_dirs: Vec<Uuid>,
}

/// A topic to create.
#[derive(Clone, Debug, Default)]
pub struct NewTopic {
    /// Its name.
    pub name: String,
    /// How many partitions, where no assignment is given.
    pub partitions: i32,
    /// How many replicas of each, where no assignment is given.
    pub replication_factor: i16,
    /// The brokers of each partition, if the client chooses them.
    pub assignment: Vec<(PartitionIndex, Vec<BrokerId>)>,
    /// Settings, already checked.
    pub configs: Vec<(String, String)>,
}

/// A topic that has been created, or would be.
#[derive(Clone, Debug)]
pub struct CreatedTopic {
    /// Its id; nil if it was only checked.
    pub id: Uuid,
    /// How many partitions it has.
    pub partitions: i32,
    /// How many replicas each has.
    pub replication_factor: i16,
}

/// Partitions to add to a topic.
#[derive(Clone, Debug)]
pub struct NewPartitions {
    /// The topic's name.
    pub topic: String,
    /// How many partitions it is to have afterwards.
    pub total: i32,
    /// The brokers of each new partition, if the client chooses them.
    pub assignment: Option<Vec<Vec<BrokerId>>>,
}

impl Controller {
    /// Opens the metadata log in `data_dir`, replays it, takes the lead at the next epoch and registers this broker.
    ///
    /// `now_ms` is wall-clock time in milliseconds since 1970.
    ///
    /// # Errors
    /// The disk's, or a metadata log that cannot be read.
    pub fn open(
        data_dir: &Path,
        clean: bool,
        me: &BrokerRegistration,
        settings: MetadataLogSettings,
        now_ms: i64,
    ) -> Result<Self, ClusterError> {
        let mut log = MetadataLog::open(data_dir, clean, settings, now_ms)?;
        let (mut image, unfinished_transaction) = log.replay()?;
        let last_epoch = quorum_state::read_epoch(&log.dir())?.max(log.epoch());
        let epoch = last_epoch.0.checked_add(1).map(protocol::LeaderEpoch).ok_or_else(|| {
            ClusterError::Inconsistent(format!("no leader's epoch comes after {last_epoch}"))
        })?;
        log.lead(me.id, epoch, now_ms)?;
        quorum_state::write(&log.dir(), me.id, epoch)?;
        if unfinished_transaction {
            let reason = Some("its controller did not live to end it".to_owned());
            log.append(&[AbortTransactionRecord { reason }.into()], now_ms)?;
        }
        image.end_offset = log.end_offset();
        let controller = Self {
            node: me.id,
            directory: me.log_dirs.first().copied().unwrap_or_default(),
            image: ArcSwap::from_pointee(image),
            log: Mutex::new(log),
        };
        if controller.image().features().is_empty() {
            let record = FeatureLevelRecord {
                name: METADATA_VERSIONS.name.to_owned(),
                feature_level: METADATA_VERSION,
            };
            controller.commit(vec![MetadataRecord::FeatureLevel(record)], now_ms)?;
        }
        controller.register(me, now_ms)?;
        Ok(controller)
    }

    /// The cluster as it is now.
    #[must_use]
    pub fn image(&self) -> Arc<Image> {
        self.image.load_full()
    }

    /// What this node can work with, as far as it is true.
    #[must_use]
    pub fn supported_features() -> &'static [FeatureRange] {
        &[METADATA_VERSIONS]
    }

    /// The leader's epoch of the metadata log.
    #[must_use]
    pub fn epoch(&self) -> protocol::LeaderEpoch {
        self.log.lock().epoch()
    }

    /// Creates a topic, or only checks whether it could be.
    ///
    /// # Errors
    /// [`ClusterError::Refused`] with the code and sentence for the client; the disk's otherwise.
    pub fn create_topic(
        &self,
        new: &NewTopic,
        validate_only: bool,
        now_ms: i64,
    ) -> Result<CreatedTopic, ClusterError> {
        let mut log = self.log.lock();
        let image = self.image();
        let assignment = self.assignment_of(&image, new)?;
        let replication_factor = assignment.first().map_or(0, Vec::len);
        let id = if validate_only { Uuid::nil() } else { Uuid::new_v4() };
        let created = CreatedTopic {
            id,
            partitions: i32::try_from(assignment.len()).unwrap_or(i32::MAX),
            replication_factor: i16::try_from(replication_factor).unwrap_or(i16::MAX),
        };
        if validate_only {
            return Ok(created);
        }
        let mut records = vec![MetadataRecord::Topic(TopicRecord { name: new.name.clone(), topic_id: id })];
        let resource = ConfigResource::Topic(new.name.as_str().into());
        records.extend(new.configs.iter().map(|(name, value)| config_record(&resource, name, Some(value))));
        for (index, replicas) in (0..).zip(&assignment) {
            records.push(self.partition_record(id, index, replicas));
        }
        self.commit_locked(&mut log, records, now_ms)?;
        Ok(created)
    }

    /// Deletes a topic with all its partitions and settings.
    ///
    /// # Errors
    /// `UNKNOWN_TOPIC_ID` if there is none; the disk's otherwise.
    pub fn delete_topic(&self, id: Uuid, now_ms: i64) -> Result<(), ClusterError> {
        let mut log = self.log.lock();
        if self.image().topic_by_id(id).is_none() {
            return Err(ClusterError::refused(
                ErrorCode::UnknownTopicId,
                format!("no topic has the id {id}"),
            ));
        }
        self.commit_locked(
            &mut log,
            vec![MetadataRecord::RemoveTopic(RemoveTopicRecord { topic_id: id })],
            now_ms,
        )
    }

    /// Adds partitions to a topic, or only checks whether it could be done.
    ///
    /// # Errors
    /// [`ClusterError::Refused`] with the code and sentence for the client; the disk's otherwise.
    pub fn add_partitions(
        &self,
        new: &NewPartitions,
        validate_only: bool,
        now_ms: i64,
    ) -> Result<(), ClusterError> {
        let mut log = self.log.lock();
        let image = self.image();
        let Some(topic) = image.topic(&new.topic) else {
            let message = format!("no topic is named {:?}", new.topic);
            return Err(ClusterError::refused(ErrorCode::UnknownTopicOrPartition, message));
        };
        let assignment = self.assignment_of_added(&image, topic, new)?;
        if validate_only {
            return Ok(());
        }
        let present = i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX);
        let records = (present..)
            .zip(&assignment)
            .map(|(index, replicas)| self.partition_record(topic.id, index, replicas));
        self.commit_locked(&mut log, records.collect(), now_ms)
    }

    /// Sets (`Some`) and removes (`None`) settings of a resource. Values are the caller's to check.
    ///
    /// # Errors
    /// The disk's.
    pub fn change_configs(
        &self,
        resource: &ConfigResource,
        changes: &[(String, Option<String>)],
        now_ms: i64,
    ) -> Result<(), ClusterError> {
        let mut log = self.log.lock();
        let before = self.image().config(resource);
        let differs = |(name, value): &&(String, Option<String>)| before.get(name) != value.as_ref();
        let records: Vec<_> = changes
            .iter()
            .filter(differs)
            .map(|(name, value)| config_record(resource, name, value.as_deref()))
            .collect();
        if records.is_empty() { Ok(()) } else { self.commit_locked(&mut log, records, now_ms) }
    }

    /// Takes a block of producer ids that nobody else has or will have.
    ///
    /// # Errors
    /// The disk's.
    pub fn take_producer_ids(&self, now_ms: i64) -> Result<std::ops::Range<i64>, ClusterError> {
        let mut log = self.log.lock();
        let image = self.image();
        let first = image.next_producer_id();
        let record = ProducerIdsRecord {
            broker_id: self.node.0,
            broker_epoch: image.broker(self.node).map_or(-1, |broker| broker.epoch),
            next_producer_id: first + PRODUCER_ID_BLOCK,
        };
        self.commit_locked(&mut log, vec![MetadataRecord::ProducerIds(record)], now_ms)?;
        Ok(first..first + PRODUCER_ID_BLOCK)
    }

    /// Writes a snapshot of the image if one is due, and deletes what older snapshots and the log hold beyond what the
    /// settings allow. Changes go on meanwhile. Not to be called twice at once.
    ///
    /// Gives the end offset of the snapshot and its bytes.
    ///
    /// # Errors
    /// The disk's. Whatever was done by then, the next start finds a snapshot and a log that fit.
    pub fn write_snapshot_if_due(&self, now_ms: i64) -> Result<Option<(Offset, u64)>, ClusterError> {
        let (due, image, appended) = {
            let log = self.log.lock();
            (log.due_snapshot(now_ms), self.image(), log.bytes_since_snapshot())
        };
        let mut written = None;
        if let Some(due) = due {
            let records = image.records();
            let size =
                snapshots::write(&due.dir, due.id, &due.voters, records, due.last_contained_ms, now_ms)?;
            self.log.lock().snapshot_written(due.id, appended, now_ms);
            written = Some((due.id.end_offset, size));
        }
        self.log.lock().delete_old(now_ms)?;
        Ok(written)
    }

    /// Makes everything written so far durable and leaves the log as a clean shutdown does.
    ///
    /// # Errors
    /// The disk's.
    pub fn close(&self, now_ms: i64) -> Result<(), ClusterError> {
        self.log.lock().close(now_ms)
    }

    /// The metadata log itself, for those who read its offsets.
    #[must_use]
    pub fn log(&self) -> Arc<log::Log> {
        self.log.lock().log()
    }

    fn register(&self, me: &BrokerRegistration, now_ms: i64) -> Result<(), ClusterError> {
        let mut records = Vec::new();
        if let Some(endpoint) = &me.controller_endpoint {
            records.push(MetadataRecord::RegisterController(RegisterControllerRecord {
                controller_id: me.id.0,
                incarnation_id: Uuid::new_v4(),
                zk_migration_ready: false,
                end_points: vec![register_controller::ControllerEndpoint {
                    name: endpoint.name.clone(),
                    host: endpoint.host.clone(),
                    port: endpoint.port,
                    security_protocol: endpoint.security_protocol,
                }],
                features: Self::supported_features()
                    .iter()
                    .map(|feature| register_controller::ControllerFeature {
                        name: feature.name.to_owned(),
                        min_supported_version: feature.min,
                        max_supported_version: feature.max,
                    })
                    .collect(),
            }));
        }
        // A broker's epoch is the offset of the record that registers it.
        let epoch = self.image().end_offset.0 + records.len() as i64;
        records.push(MetadataRecord::RegisterBroker(RegisterBrokerRecord {
            broker_id: me.id.0,
            incarnation_id: Uuid::new_v4(),
            broker_epoch: epoch,
            end_points: me.endpoints.iter().map(Endpoint::record).collect(),
            features: Self::supported_features()
                .iter()
                .map(|feature| register_broker::BrokerFeature {
                    name: feature.name.to_owned(),
                    min_supported_version: feature.min,
                    max_supported_version: feature.max,
                })
                .collect(),
            rack: me.rack.clone(),
            fenced: true,
            log_dirs: me.log_dirs.clone(),
            ..RegisterBrokerRecord::default()
        }));
        records.push(MetadataRecord::BrokerRegistrationChange(BrokerRegistrationChangeRecord {
            broker_id: me.id.0,
            broker_epoch: epoch,
            fenced: -1,
            ..BrokerRegistrationChangeRecord::default()
        }));
        self.commit(records, now_ms)
    }

    fn commit(&self, records: Vec<MetadataRecord>, now_ms: i64) -> Result<(), ClusterError> {
        self.commit_locked(&mut self.log.lock(), records, now_ms)
    }

    /// Log first, then the image: a change that the disk refused is never seen.
    fn commit_locked(
        &self,
        log: &mut MetadataLog,
        records: Vec<MetadataRecord>,
        now_ms: i64,
    ) -> Result<(), ClusterError> {
        let mut next = Image::clone(&self.image.load());
        log.append(&records, now_ms)?;
        for record in records {
            next.apply(record)?;
        }
        next.end_offset = log.end_offset();
        self.image.store(Arc::new(next));
        Ok(())
    }

    fn partition_record(&self, topic: Uuid, index: i32, replicas: &[BrokerId]) -> MetadataRecord {
        let ids: Vec<i32> = replicas.iter().map(|id| id.0).collect();
        MetadataRecord::Partition(PartitionRecord {
            partition_id: index,
            topic_id: topic,
            leader: ids.first().copied().unwrap_or(-1),
            directories: vec![self.directory; ids.len()],
            isr: ids.clone(),
            replicas: ids,
            leader_epoch: 0,
            partition_epoch: 0,
            ..PartitionRecord::default()
        })
    }

    fn assignment_of(&self, image: &Image, new: &NewTopic) -> Result<Vec<Vec<BrokerId>>, ClusterError> {
        check_topic_name(&new.name)
            .map_err(|message| ClusterError::refused(ErrorCode::InvalidTopicException, message))?;
        if image.topic(&new.name).is_some() {
            let message = format!("Topic '{}' already exists.", new.name);
            return Err(ClusterError::refused(ErrorCode::TopicAlreadyExists, message));
        }
        if let Some(other) = image.topics().find(|topic| collide(&topic.name, &new.name)) {
            let message =
                format!("{:?} differs from the topic {:?} only in '.' and '_'", new.name, other.name);
            return Err(ClusterError::refused(ErrorCode::InvalidTopicException, message));
        }
        if new.assignment.is_empty() {
            return self.automatic_assignment(image, new);
        }
        let mut given = new.assignment.clone();
        given.sort_by_key(|(index, _)| *index);
        if (0..).zip(&given).any(|(expected, (index, _))| index.0 != expected) {
            let message = "the assignment must name each partition from 0 on exactly once";
            return Err(ClusterError::refused(ErrorCode::InvalidReplicaAssignment, message));
        }
        let given: Vec<_> = given.into_iter().map(|(_, replicas)| replicas).collect();
        let factor = given.first().map_or(0, Vec::len);
        given.iter().try_for_each(|replicas| check_replicas(image, replicas, factor))?;
        Ok(given)
    }

    fn automatic_assignment(
        &self,
        image: &Image,
        new: &NewTopic,
    ) -> Result<Vec<Vec<BrokerId>>, ClusterError> {
        if new.partitions <= 0 {
            let message = format!("a topic needs at least one partition, not {}", new.partitions);
            return Err(ClusterError::refused(ErrorCode::InvalidPartitions, message));
        }
        check_count(i64::from(new.partitions))?;
        let replicas = self.choose_replicas(image, i64::from(new.replication_factor))?;
        Ok(vec![replicas; usize::try_from(new.partitions).unwrap_or(0)])
    }

    fn choose_replicas(&self, image: &Image, factor: i64) -> Result<Vec<BrokerId>, ClusterError> {
        let usable: Vec<BrokerId> =
            image.brokers().filter(|broker| !broker.fenced).map(|broker| broker.id).collect();
        match usize::try_from(factor) {
            Ok(count) if (1..=usable.len()).contains(&count) => Ok(usable.into_iter().take(count).collect()),
            _ => {
                let message = format!(
                    "Unable to replicate the partition {factor} time(s): {} broker(s) can hold replicas",
                    usable.len()
                );
                Err(ClusterError::refused(ErrorCode::InvalidReplicationFactor, message))
            }
        }
    }

    fn assignment_of_added(
        &self,
        image: &Image,
        topic: &Topic,
        new: &NewPartitions,
    ) -> Result<Vec<Vec<BrokerId>>, ClusterError> {
        let invalid = |message| Err(ClusterError::refused(ErrorCode::InvalidPartitions, message));
        let present = i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX);
        if new.total == present {
            return invalid(format!("Topic already has {present} partition(s)."));
        }
        if new.total < present {
            return invalid(format!(
                "The topic {} currently has {present} partition(s); {} would not be an increase.",
                topic.name, new.total
            ));
        }
        let added = i64::from(new.total) - i64::from(present);
        check_count(added)?;
        let factor = topic.partitions.values().next().map_or(1, |partition| partition.replicas.len());
        let Some(given) = &new.assignment else {
            let replicas = self.choose_replicas(image, i64::try_from(factor).unwrap_or(i64::MAX))?;
            return Ok(vec![replicas; usize::try_from(added).unwrap_or(0)]);
        };
        if i64::try_from(given.len()) != Ok(added) {
            let message =
                format!("{added} partition(s) are to be added, but {} assignment(s) were given", given.len());
            return Err(ClusterError::refused(ErrorCode::InvalidReplicaAssignment, message));
        }
        given.iter().try_for_each(|replicas| check_replicas(image, replicas, factor))?;
        Ok(given.clone())
    }
}

fn check_count(partitions: i64) -> Result<(), ClusterError> {
    if partitions > MOST_PARTITIONS_PER_CHANGE {
        let message = format!(
            "{partitions} partitions in one request, at most {MOST_PARTITIONS_PER_CHANGE} are allowed"
        );
        return Err(ClusterError::refused(ErrorCode::PolicyViolation, message));
    }
    Ok(())
}

fn check_replicas(image: &Image, replicas: &[BrokerId], factor: usize) -> Result<(), ClusterError> {
    let invalid = |message| Err(ClusterError::refused(ErrorCode::InvalidReplicaAssignment, message));
    if replicas.is_empty() {
        return invalid("a partition needs at least one replica".to_owned());
    }
    if replicas.len() != factor {
        return invalid(format!("all partitions must have {factor} replica(s), one has {}", replicas.len()));
    }
    if replicas.iter().collect::<BTreeSet<_>>().len() != replicas.len() {
        return invalid(format!("a broker stands twice in {replicas:?}"));
    }
    match replicas.iter().find(|id| image.broker(**id).is_none_or(|broker| broker.fenced)) {
        Some(unknown) => invalid(format!("broker {unknown} is not registered")),
        None => Ok(()),
    }
}

fn config_record(resource: &ConfigResource, name: &str, value: Option<&str>) -> MetadataRecord {
    let (resource_type, resource_name) = resource.to_wire();
    let value = value.map(str::to_owned);
    MetadataRecord::Config(ConfigRecord { resource_type, resource_name, name: name.to_owned(), value })
}
