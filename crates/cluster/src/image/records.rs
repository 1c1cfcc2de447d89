//! An image as the records that build it: the content of a snapshot.

use protocol::messages::metadata_records::{
    ConfigRecord, FeatureLevelRecord, MetadataRecord, PartitionRecord, ProducerIdsRecord,
    RegisterBrokerRecord, TopicRecord, register_broker,
};
use protocol::{BrokerId, PartitionIndex};
use uuid::Uuid;

use super::{Broker, Endpoint, Image, Partition, Topic};

/// The feature that says how all other records are to be read, so that it stands before them.
const METADATA_VERSION: &str = "metadata.version";

/// In a record of producer ids: of no broker in particular.
const NO_BROKER: i32 = -1;

impl Image {
    /// The records that build this image from nothing, each after those that it speaks of.
    pub(crate) fn records(&self) -> impl Iterator<Item = MetadataRecord> {
        let (version, features): (Vec<_>, Vec<_>) =
            self.features.iter().partition(|(name, _)| *name == METADATA_VERSION);
        let features = version
            .into_iter()
            .chain(features)
            .map(|(name, level)| FeatureLevelRecord { name: name.clone(), feature_level: *level }.into());
        let brokers = self.brokers.values().map(|broker| broker.record().into());
        let topics = self.topics.values().flat_map(|topic| topic.records());
        let configs = self.configs.iter().flat_map(|(resource, values)| {
            let (resource_type, resource_name) = resource.to_wire();
            values.iter().map(move |(name, value)| {
                let resource_name = resource_name.clone();
                let (name, value) = (name.clone(), Some(value.clone()));
                ConfigRecord { resource_type, resource_name, name, value }.into()
            })
        });
        let producer_ids = (self.next_producer_id > 0).then(|| {
            let next_producer_id = self.next_producer_id;
            ProducerIdsRecord { broker_id: NO_BROKER, broker_epoch: -1, next_producer_id }.into()
        });
        let carried = self.carried.records().cloned();
        features.chain(brokers).chain(topics).chain(configs).chain(producer_ids).chain(carried)
    }
}

impl Topic {
    fn records(&self) -> impl Iterator<Item = MetadataRecord> {
        let topic = TopicRecord { name: self.name.to_string(), topic_id: self.id };
        let partitions =
            self.partitions.iter().map(|(index, partition)| partition.record(self.id, *index).into());
        std::iter::once(topic.into()).chain(partitions)
    }
}

impl Partition {
    fn record(&self, topic_id: Uuid, index: PartitionIndex) -> PartitionRecord {
        let ids = |brokers: &[BrokerId]| brokers.iter().map(|id| id.0).collect::<Vec<_>>();
        let some = |brokers: &[BrokerId]| (!brokers.is_empty()).then(|| ids(brokers));
        PartitionRecord {
            partition_id: index.0,
            topic_id,
            replicas: ids(&self.replicas),
            isr: ids(&self.isr),
            removing_replicas: ids(&self.removing_replicas),
            adding_replicas: ids(&self.adding_replicas),
            leader: self.leader.map_or(super::NO_LEADER, |id| id.0),
            leader_recovery_state: self.leader_recovery_state,
            leader_epoch: self.leader_epoch.0,
            partition_epoch: self.partition_epoch,
            directories: self.directories.clone(),
            eligible_leader_replicas: some(&self.eligible_leader_replicas),
            last_known_elr: some(&self.last_known_elr),
        }
    }
}

impl Endpoint {
    /// As the registration of a broker has it.
    pub(crate) fn record(&self) -> register_broker::BrokerEndpoint {
        register_broker::BrokerEndpoint {
            name: self.name.clone(),
            host: self.host.clone(),
            port: self.port,
            security_protocol: self.security_protocol,
        }
    }
}

impl Broker {
    fn record(&self) -> RegisterBrokerRecord {
        RegisterBrokerRecord {
            broker_id: self.id.0,
            incarnation_id: self.incarnation_id,
            broker_epoch: self.epoch,
            end_points: self.endpoints.iter().map(Endpoint::record).collect(),
            features: self.features.clone(),
            rack: self.rack.clone(),
            fenced: self.fenced,
            in_controlled_shutdown: self.in_controlled_shutdown,
            log_dirs: self.log_dirs.clone(),
            cordoned_log_dirs: self.cordoned_log_dirs.clone(),
            is_migrating_zk_broker: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::messages::metadata_records::client_quota::EntityData;
    use protocol::messages::metadata_records::{
        AccessControlEntryRecord, ClientQuotaRecord, DelegationTokenRecord, RegisterControllerRecord,
        RemoveAccessControlEntryRecord, RemoveDelegationTokenRecord, RemoveUserScramCredentialRecord,
        UserScramCredentialRecord,
    };
    use protocol::messages::metadata_records::{PartitionChangeRecord, RemoveTopicRecord};

    use super::*;

    const TOPIC: Uuid = Uuid::from_u128(7);

    fn image(records: impl IntoIterator<Item = MetadataRecord>) -> Image {
        let mut image = Image::default();
        for record in records {
            image.apply(record).unwrap();
        }
        image
    }

    fn quota(entity: &[(&str, Option<&str>)], value: f64, remove: bool) -> MetadataRecord {
        let data = |&(kind, name): &(&str, Option<&str>)| EntityData {
            entity_type: kind.to_owned(),
            entity_name: name.map(str::to_owned),
        };
        let entity = entity.iter().map(data).collect();
        ClientQuotaRecord { entity, key: "producer_byte_rate".to_owned(), value, remove }.into()
    }

    /// One record of each kind that lasts, with something in every field, in the order of a snapshot.
    fn of_each_kind() -> Vec<MetadataRecord> {
        let feature = |name: &str, feature_level| FeatureLevelRecord { name: name.to_owned(), feature_level };
        let broker = RegisterBrokerRecord {
            broker_id: 3,
            incarnation_id: Uuid::from_u128(1),
            broker_epoch: 5,
            end_points: vec![register_broker::BrokerEndpoint {
                name: "PLAINTEXT".to_owned(),
                host: "host".to_owned(),
                port: 9092,
                security_protocol: 1,
            }],
            features: vec![register_broker::BrokerFeature {
                name: METADATA_VERSION.to_owned(),
                min_supported_version: 7,
                max_supported_version: 30,
            }],
            rack: None,
            fenced: true,
            in_controlled_shutdown: true,
            log_dirs: vec![Uuid::from_u128(2)],
            cordoned_log_dirs: Some(vec![Uuid::from_u128(2)]),
            is_migrating_zk_broker: false,
        };
        let partition = PartitionRecord {
            partition_id: 1,
            topic_id: TOPIC,
            replicas: vec![3, 4],
            isr: vec![3],
            removing_replicas: vec![5],
            adding_replicas: vec![6],
            leader: super::super::NO_LEADER,
            leader_recovery_state: 1,
            leader_epoch: 8,
            partition_epoch: 9,
            directories: vec![Uuid::from_u128(2), Uuid::from_u128(3)],
            eligible_leader_replicas: Some(vec![4]),
            last_known_elr: Some(vec![3]),
        };
        let config = |resource_type, name: &str| ConfigRecord {
            resource_type,
            resource_name: name.to_owned(),
            name: "retention.ms".to_owned(),
            value: Some("1".to_owned()),
        };
        vec![
            feature(METADATA_VERSION, 30).into(),
            feature("eligible.leader.replicas.version", 1).into(),
            broker.into(),
            TopicRecord { name: "t".to_owned(), topic_id: TOPIC }.into(),
            partition.into(),
            config(2, "t").into(),
            config(4, "3").into(),
            config(4, "").into(),
            config(16, "metrics").into(),
            ProducerIdsRecord { broker_id: NO_BROKER, broker_epoch: -1, next_producer_id: 2000 }.into(),
            RegisterControllerRecord { controller_id: 3, ..Default::default() }.into(),
            quota(&[("user", None), ("client-id", Some("c"))], 1.5, false),
            AccessControlEntryRecord { id: Uuid::from_u128(4), ..Default::default() }.into(),
            UserScramCredentialRecord { name: "u".to_owned(), mechanism: 1, ..Default::default() }.into(),
            DelegationTokenRecord { token_id: "d".to_owned(), ..Default::default() }.into(),
        ]
    }

    #[test]
    fn an_image_is_written_as_the_records_that_built_it() {
        assert_eq!(image(of_each_kind()).records().collect::<Vec<_>>(), of_each_kind());
    }

    #[test]
    fn what_was_removed_is_not_written() {
        let mut removed = image(of_each_kind());
        let scram = RemoveUserScramCredentialRecord { name: "u".to_owned(), mechanism: 1 };
        for record in [
            RemoveTopicRecord { topic_id: TOPIC }.into(),
            RemoveAccessControlEntryRecord { id: Uuid::from_u128(4) }.into(),
            scram.into(),
            RemoveDelegationTokenRecord { token_id: "d".to_owned() }.into(),
            // The order in which an entity's parts are named does not matter.
            quota(&[("client-id", Some("c")), ("user", None)], 0.0, true),
        ] {
            removed.apply(record).unwrap();
        }
        let left: Vec<_> = removed.records().map(|record| record.spec().name).collect();
        assert_eq!(
            left,
            [
                "FeatureLevelRecord",
                "FeatureLevelRecord",
                "RegisterBrokerRecord",
                "ConfigRecord",
                "ConfigRecord",
                "ConfigRecord",
                "ProducerIdsRecord",
                "RegisterControllerRecord"
            ]
        );
    }

    #[test]
    fn changes_of_a_partition_and_a_broker_are_in_what_is_written() {
        let mut changed = image(of_each_kind());
        let change = PartitionChangeRecord {
            partition_id: 1,
            topic_id: TOPIC,
            leader: 4,
            leader_recovery_state: 0,
            ..Default::default()
        };
        changed.apply(change.into()).unwrap();
        let written = image(changed.records());
        assert_eq!(written.topic("t"), changed.topic("t"));
        assert_eq!(written.topic("t").unwrap().partitions[&PartitionIndex(1)].leader_recovery_state, 0);
        assert_eq!(written.broker(BrokerId(3)), changed.broker(BrokerId(3)));
    }
}
