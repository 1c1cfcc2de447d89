//! Kafka's admin calls through librdkafka, each waiting for its answer.

use std::collections::BTreeMap;

use rdkafka::TopicPartitionList;
use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, NewPartitions, NewTopic, OwnedResourceSpecifier,
    ResourceSpecifier, TopicReplication, TopicResult,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::topic_partition_list::Offset;
use rdkafka::types::RDKafkaErrorCode;

use crate::broker::{Broker, Settings};
use crate::clients::{block_on, config};
use crate::wait::{self, DEADLINE};

/// An admin client.
pub struct Admin {
    client: AdminClient<DefaultClientContext>,
}

impl std::fmt::Debug for Admin {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Admin").finish_non_exhaustive()
    }
}

/// The error code of a refused call.
pub type Refused = RDKafkaErrorCode;

impl Admin {
    /// An admin client of `broker`.
    ///
    /// # Panics
    ///
    /// When librdkafka cannot make one.
    pub fn of(broker: &Broker) -> Self {
        Self { client: config(broker, &[]).create().expect("an admin client") }
    }

    /// Creates a topic with one replica.
    ///
    /// # Errors
    ///
    /// The broker's error code.
    pub fn create(&self, topic: &str, partitions: i32, configs: Settings<'_>) -> Result<(), Refused> {
        let mut new = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
        for (name, value) in configs {
            new = new.set(name, value);
        }
        only(block_on(self.client.create_topics([&new], &options())).expect("an answer"))?;
        // Brokers learn of a topic after the controller has made it.
        wait::until("the topic has its partitions", || self.partition_count(topic) == Some(partitions));
        Ok(())
    }

    /// Deletes a topic.
    ///
    /// # Errors
    ///
    /// The broker's error code.
    pub fn delete(&self, topic: &str) -> Result<(), Refused> {
        only(block_on(self.client.delete_topics(&[topic], &options())).expect("an answer"))
    }

    /// Makes it `partitions` partitions.
    ///
    /// # Errors
    ///
    /// The broker's error code.
    pub fn grow(&self, topic: &str, partitions: usize) -> Result<(), Refused> {
        let new = NewPartitions::new(topic, partitions);
        only(block_on(self.client.create_partitions([&new], &options())).expect("an answer"))
    }

    /// How many partitions the topic has; nothing where there is no such topic.
    pub fn partition_count(&self, topic: &str) -> Option<i32> {
        let metadata = self.client.inner().fetch_metadata(Some(topic), DEADLINE).ok()?;
        let found = metadata.topics().first()?;
        (found.error().is_none() && found.partitions().iter().all(|partition| partition.leader() >= 0))
            .then(|| i32::try_from(found.partitions().len()).unwrap_or(i32::MAX))
    }

    /// The names of all topics.
    ///
    /// # Panics
    ///
    /// When there is no answer.
    pub fn topics(&self) -> Vec<String> {
        let metadata = self.client.inner().fetch_metadata(None, DEADLINE).expect("metadata");
        metadata.topics().iter().map(|topic| topic.name().to_owned()).collect()
    }

    /// The topic's configuration: values by name, those that are set and those that are not.
    ///
    /// # Panics
    ///
    /// When the call is refused.
    pub fn configs(&self, topic: &str) -> BTreeMap<String, String> {
        let resource = ResourceSpecifier::Topic(topic);
        let mut answer = block_on(self.client.describe_configs([&resource], &options())).expect("an answer");
        let found = answer.pop().expect("the resource asked for").expect("a configuration");
        assert_eq!(found.specifier, OwnedResourceSpecifier::Topic(topic.to_owned()));
        found.entries.into_iter().filter_map(|entry| Some((entry.name, entry.value?))).collect()
    }

    /// Replaces the topic's configuration (AlterConfigs: what is not named goes back to its default). rdkafka keeps a refusal
    /// to itself, so look at [`configs`](Self::configs).
    ///
    /// # Panics
    ///
    /// When there is no answer.
    pub fn replace_configs(&self, topic: &str, configs: Settings<'_>) {
        self.alter(ResourceSpecifier::Topic(topic), configs);
    }

    /// Replaces what has been set for broker 1 while it runs, as [`replace_configs`](Self::replace_configs) does.
    ///
    /// # Panics
    ///
    /// When there is no answer.
    pub fn replace_broker_configs(&self, configs: Settings<'_>) {
        self.alter(ResourceSpecifier::Broker(1), configs);
    }

    /// Deletes all records of the partition before `offset`.
    ///
    /// # Panics
    ///
    /// When the call is refused.
    pub fn delete_records(&self, topic: &str, partition: i32, offset: i64) {
        let mut offsets = TopicPartitionList::new();
        offsets.add_partition_offset(topic, partition, Offset::Offset(offset)).expect("an offset");
        let answer = block_on(self.client.delete_records(&offsets, &options())).expect("an answer");
        for element in answer.elements() {
            element.error().expect("deleted");
        }
    }

    /// Deletes a consumer group.
    ///
    /// # Errors
    ///
    /// The broker's error code.
    pub fn delete_group(&self, group: &str) -> Result<(), Refused> {
        let mut answer = block_on(self.client.delete_groups(&[group], &options())).expect("an answer");
        answer.pop().expect("the group asked for").map(|_| ()).map_err(|(_, code)| code)
    }

    /// The offsets of the partition's first record and after its last.
    ///
    /// # Panics
    ///
    /// When there is no answer.
    pub fn watermarks(&self, topic: &str, partition: i32) -> (i64, i64) {
        self.client.inner().fetch_watermarks(topic, partition, DEADLINE).expect("an answer")
    }

    fn alter(&self, resource: ResourceSpecifier<'_>, configs: Settings<'_>) {
        let mut alter = AlterConfig::new(resource);
        for (name, value) in configs {
            alter = alter.set(name, value);
        }
        block_on(self.client.alter_configs([&alter], &options())).expect("an answer");
    }
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(DEADLINE)).operation_timeout(Some(DEADLINE))
}

fn only(mut results: Vec<TopicResult>) -> Result<(), Refused> {
    results.pop().expect("the topic asked for").map(|_| ()).map_err(|(_, code)| code)
}
