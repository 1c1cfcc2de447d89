//! At which offset does a partition begin, end, or reach a time?

use std::collections::BTreeMap;

use protocol::messages::list_offsets::ListOffsetsRequest;
use protocol::messages::list_offsets::request::{ListOffsetsPartition, ListOffsetsTopic};
use protocol::{ApiKey, BrokerId, Offset, PartitionIndex};

use crate::{Client, ClientError, Connection, TopicPartition};

/// A place in a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetSpec {
    /// The first record there is.
    Earliest,
    /// Behind the last record.
    Latest,
    /// The first record with this timestamp, in ms since 1970, or a later one.
    AtTimestamp(i64),
    /// The record with the highest timestamp.
    MaxTimestamp,
}

/// What a broker knows about such a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoundOffset {
    /// The offset; `None` where no record has that timestamp or a later one.
    pub offset: Option<Offset>,
    /// The timestamp of the record there, in ms since 1970, where one was asked for.
    pub timestamp_ms: Option<i64>,
}

impl OffsetSpec {
    /// The number that stands for it in ListOffsets.
    fn timestamp(self) -> i64 {
        match self {
            Self::Earliest => -2,
            Self::Latest => -1,
            Self::AtTimestamp(millis) => millis,
            Self::MaxTimestamp => -3,
        }
    }
}

impl Client {
    /// Finds a place in each of some partitions, trying again where that may help.
    ///
    /// # Errors
    /// The first partition that cannot be asked ends the whole.
    pub async fn list_offsets(
        &self,
        partitions: &[TopicPartition],
        spec: OffsetSpec,
    ) -> Result<BTreeMap<TopicPartition, FoundOffset>, ClientError> {
        let mut effort = self.effort();
        loop {
            match self.list_offsets_once(partitions, spec).await {
                Ok(found) => return Ok(found),
                Err(error) => effort.again(error).await?,
            }
            partitions.iter().for_each(|partition| self.forget(&partition.topic));
        }
    }

    async fn list_offsets_once(
        &self,
        partitions: &[TopicPartition],
        spec: OffsetSpec,
    ) -> Result<BTreeMap<TopicPartition, FoundOffset>, ClientError> {
        let mut by_leader: BTreeMap<BrokerId, BTreeMap<&str, Vec<PartitionIndex>>> = BTreeMap::new();
        for partition in partitions {
            let topics = by_leader.entry(self.leader(partition).await?).or_default();
            topics.entry(&partition.topic).or_default().push(partition.partition);
        }
        let mut found = BTreeMap::new();
        for (leader, topics) in by_leader {
            let broker = self.broker(leader).await?;
            list_offsets_of(&broker, &topics, spec, &mut found).await?;
        }
        Ok(found)
    }
}

async fn list_offsets_of(
    broker: &Connection,
    topics: &BTreeMap<&str, Vec<PartitionIndex>>,
    spec: OffsetSpec,
    found: &mut BTreeMap<TopicPartition, FoundOffset>,
) -> Result<(), ClientError> {
    let asked = |index: &PartitionIndex| ListOffsetsPartition {
        partition_index: index.0,
        timestamp: spec.timestamp(),
        ..ListOffsetsPartition::default()
    };
    let topics = topics.iter().map(|(name, partitions)| ListOffsetsTopic {
        name: (*name).to_owned(),
        partitions: partitions.iter().map(asked).collect(),
    });
    let request =
        ListOffsetsRequest { replica_id: -1, topics: topics.collect(), ..ListOffsetsRequest::default() };
    for topic in broker.call(&request).await?.topics {
        for answer in topic.partitions {
            let partition = TopicPartition::new(topic.name.as_str(), PartitionIndex(answer.partition_index));
            broker.check(ApiKey::ListOffsets, answer.error_code, None, || partition.to_string())?;
            let offset = (answer.offset >= 0).then_some(Offset(answer.offset));
            let timestamp_ms = (answer.timestamp >= 0).then_some(answer.timestamp);
            found.insert(partition, FoundOffset { offset, timestamp_ms });
        }
    }
    Ok(())
}
