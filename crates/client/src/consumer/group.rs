//! Consuming as a member of a group: partitions come and go, positions are committed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use protocol::messages::offset_commit::OffsetCommitRequest;
use protocol::messages::offset_commit::request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use protocol::messages::offset_fetch::OffsetFetchRequest;
use protocol::messages::offset_fetch::request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use protocol::messages::offset_fetch::response::OffsetFetchResponse;
use protocol::{ApiKey, ErrorCode, Offset, PartitionIndex};
use tokio::time::Instant;

use super::fetcher::{FetchConfig, Fetcher, OffsetReset};
use super::membership::{GroupConfig, Membership};
use super::records::Fetched;
use crate::{Client, ClientError, Connection, OffsetSpec, TopicPartition};

/// The last versions that name topics; later ones say their ids.
const LAST_COMMIT_VERSION_BY_NAME: i16 = 9;
const LAST_OFFSET_FETCH_VERSION_BY_NAME: i16 = 9;
/// The first version of OffsetFetch that takes several groups.
const FIRST_VERSION_WITH_GROUPS: i16 = 8;
/// How often positions are committed while records are handed out.
const COMMIT_INTERVAL: Duration = Duration::from_secs(5);

/// What a poll brought.
#[derive(Clone, Debug)]
pub enum Polled {
    /// Records, or nothing for a while.
    Fetched(Vec<Fetched>),
    /// The group has divided its partitions anew, and this is what the member reads from now on, from where.
    Assigned(BTreeMap<TopicPartition, Offset>),
}

/// Reads what its group gives it.
///
/// What a poll has handed out counts as processed with the next poll, and is committed every five seconds, before the
/// group divides anew, and on closing: records are processed at least once.
#[derive(Debug)]
pub struct GroupConsumer {
    client: Client,
    membership: Membership,
    fetcher: Fetcher,
    reset: OffsetReset,
    committed: BTreeMap<TopicPartition, Offset>,
    committed_at: Instant,
    joined: bool,
}

impl GroupConsumer {
    /// A consumer of `topics`, which joins its group with the first poll.
    #[must_use]
    pub fn new(client: Client, topics: BTreeSet<String>, group: GroupConfig, fetch: FetchConfig) -> Self {
        Self {
            membership: Membership::new(client.clone(), group, topics),
            reset: fetch.reset,
            fetcher: Fetcher::new(client.clone(), fetch),
            client,
            committed: BTreeMap::new(),
            committed_at: Instant::now(),
            joined: false,
        }
    }

    /// Waits for records or for a new share of the partitions.
    ///
    /// # Errors
    /// The group cannot be joined, or a partition cannot be read, even after trying again.
    pub async fn poll(&mut self) -> Result<Polled, ClientError> {
        if self.joined && self.membership.ended().is_none() {
            let committed = match self.committed_at.elapsed() >= COMMIT_INTERVAL {
                true => self.commit_handed_out().await,
                false => Ok(()),
            };
            match committed {
                Err(error) if has_moved_on(&error) => return self.rejoin().await.map(Polled::Assigned),
                // The next commit says the same and more.
                Err(error) if error.is_retriable() => tracing::warn!(%error, "positions were not committed"),
                committed => committed?,
            }
            tokio::select! {
                fetched = self.fetcher.next() => return fetched.map(Polled::Fetched),
                _ = self.membership.until_ended() => {}
            }
        }
        self.rejoin().await.map(Polled::Assigned)
    }

    /// Commits positions: each is the offset of the record to process next. Those of partitions that the member does
    /// not have are refused by the others that do.
    ///
    /// # Errors
    /// The coordinator refuses, as when the group has gone on without this member.
    pub async fn commit(&mut self, positions: &BTreeMap<TopicPartition, Offset>) -> Result<(), ClientError> {
        self.committed_at = Instant::now();
        let changed: BTreeMap<&TopicPartition, Offset> = positions
            .iter()
            .filter(|(partition, position)| self.committed.get(*partition) != Some(*position))
            .map(|(partition, position)| (partition, *position))
            .collect();
        let Some((coordinator, generation, member_id)) =
            self.membership.identity().filter(|_| !changed.is_empty())
        else {
            return Ok(());
        };
        let mut topics: BTreeMap<&str, Vec<OffsetCommitRequestPartition>> = BTreeMap::new();
        for (partition, position) in changed {
            topics.entry(&partition.topic).or_default().push(OffsetCommitRequestPartition {
                partition_index: partition.partition.0,
                committed_offset: position.0,
                ..OffsetCommitRequestPartition::default()
            });
        }
        let request = OffsetCommitRequest {
            group_id: self.membership.config().group_id.clone(),
            generation_id_or_member_epoch: generation,
            member_id: member_id.to_owned(),
            group_instance_id: self.membership.config().instance_id.clone(),
            topics: topics
                .into_iter()
                .map(|(name, partitions)| OffsetCommitRequestTopic {
                    name: name.to_owned(),
                    partitions,
                    ..OffsetCommitRequestTopic::default()
                })
                .collect(),
            ..OffsetCommitRequest::default()
        };
        let version = coordinator.version(ApiKey::OffsetCommit)?.min(LAST_COMMIT_VERSION_BY_NAME);
        let response = coordinator.send_in(&request, version).await?.answer().await?;
        for topic in response.topics {
            for partition in topic.partitions {
                coordinator.check(ApiKey::OffsetCommit, partition.error_code, None, || {
                    format!("group {} on {}-{}", request.group_id, topic.name, partition.partition_index)
                })?;
            }
        }
        self.committed.extend(positions.iter().map(|(partition, position)| (partition.clone(), *position)));
        Ok(())
    }

    /// Commits `positions`, or what was handed out if `None`, and leaves the group.
    ///
    /// # Errors
    /// The commit's, or that of leaving.
    pub async fn close(
        mut self,
        positions: Option<&BTreeMap<TopicPartition, Offset>>,
    ) -> Result<(), ClientError> {
        let committed = match positions {
            Some(positions) => self.commit(positions).await,
            None => self.commit_handed_out().await,
        };
        self.membership.leave().await?;
        committed
    }

    async fn commit_handed_out(&mut self) -> Result<(), ClientError> {
        let positions = self.fetcher.positions().clone();
        self.commit(&positions).await
    }

    async fn rejoin(&mut self) -> Result<BTreeMap<TopicPartition, Offset>, ClientError> {
        if self.joined
            && let Err(error) = self.commit_handed_out().await
        {
            // Then the records since the last commit come again, to whoever gets the partition.
            tracing::warn!(%error, "positions were not committed before the group divides anew");
        }
        self.joined = false;
        self.fetcher.assign(BTreeMap::new());
        self.committed.clear();
        let share = self.membership.join().await?;
        let positions = self.positions_of(&share).await?;
        self.fetcher.assign(positions.clone());
        self.joined = true;
        self.committed_at = Instant::now();
        Ok(positions)
    }

    /// Where the group has got to in each partition, or where new groups begin.
    async fn positions_of(
        &mut self,
        share: &[TopicPartition],
    ) -> Result<BTreeMap<TopicPartition, Offset>, ClientError> {
        let Some((coordinator, ..)) = self.membership.identity() else { return Ok(BTreeMap::new()) };
        let group_id = &self.membership.config().group_id;
        let client = &self.client;
        let mut effort = client.effort();
        let mut positions = loop {
            match committed(coordinator, group_id, share).await {
                Ok(positions) => break positions,
                Err(error) => effort.again(error).await?,
            }
        };
        let new: Vec<TopicPartition> =
            share.iter().filter(|part| !positions.contains_key(part)).cloned().collect();
        let begin = match self.reset {
            OffsetReset::Latest => OffsetSpec::Latest,
            OffsetReset::Earliest | OffsetReset::Fail => OffsetSpec::Earliest,
        };
        for (partition, found) in client.list_offsets(&new, begin).await? {
            positions.insert(partition, found.offset.unwrap_or(Offset::ZERO));
        }
        self.committed = positions.clone();
        Ok(positions)
    }
}

/// Whether an error says that the group has gone into another generation, with or without this member.
fn has_moved_on(error: &ClientError) -> bool {
    matches!(
        error.code(),
        Some(ErrorCode::RebalanceInProgress | ErrorCode::IllegalGeneration | ErrorCode::UnknownMemberId)
    )
}

/// The committed positions of those partitions that have one.
async fn committed(
    coordinator: &Connection,
    group_id: &str,
    share: &[TopicPartition],
) -> Result<BTreeMap<TopicPartition, Offset>, ClientError> {
    let mut topics: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
    for partition in share {
        topics.entry(&partition.topic).or_default().push(partition.partition.0);
    }
    let of_group = topics.iter().map(|(name, indexes)| OffsetFetchRequestTopics {
        name: (*name).to_owned(),
        partition_indexes: indexes.clone(),
        ..OffsetFetchRequestTopics::default()
    });
    let older = topics.iter().map(|(name, indexes)| OffsetFetchRequestTopic {
        name: (*name).to_owned(),
        partition_indexes: indexes.clone(),
    });
    let request = OffsetFetchRequest {
        group_id: group_id.to_owned(),
        topics: Some(older.collect()),
        groups: vec![OffsetFetchRequestGroup {
            group_id: group_id.to_owned(),
            topics: Some(of_group.collect()),
            ..OffsetFetchRequestGroup::default()
        }],
        // A transaction that is about to commit positions is waited for.
        require_stable: true,
    };
    let version = coordinator.version(ApiKey::OffsetFetch)?.min(LAST_OFFSET_FETCH_VERSION_BY_NAME);
    let response = coordinator.send_in(&request, version).await?.answer().await?;
    let check =
        |code: i16, subject: &dyn Fn() -> String| coordinator.check(ApiKey::OffsetFetch, code, None, subject);
    let (group_error, offsets) = offsets_in(response, version);
    check(group_error, &|| format!("group {group_id}"))?;
    let mut positions = BTreeMap::new();
    for (partition, offset, code) in offsets {
        check(code, &|| format!("group {group_id} on {partition}"))?;
        // Without a committed position the offset is −1.
        if offset >= Offset::ZERO {
            positions.insert(partition, offset);
        }
    }
    Ok(positions)
}

/// The one group's error code, and partitions with their offset and error code.
fn offsets_in(response: OffsetFetchResponse, version: i16) -> (i16, Vec<(TopicPartition, Offset, i16)>) {
    let of = |topic: &str, index: i32, offset: i64, code: i16| {
        (TopicPartition::new(topic, PartitionIndex(index)), Offset(offset), code)
    };
    if version < FIRST_VERSION_WITH_GROUPS {
        let offsets = response.topics.iter().flat_map(|topic| {
            let partitions = topic.partitions.iter();
            partitions.map(|p| of(&topic.name, p.partition_index, p.committed_offset, p.error_code))
        });
        return (response.error_code, offsets.collect());
    }
    let Some(group) = response.groups.into_iter().next() else {
        return (ErrorCode::UnknownServerError.code(), Vec::new());
    };
    let offsets = group.topics.iter().flat_map(|topic| {
        let partitions = topic.partitions.iter();
        partitions.map(|p| of(&topic.name, p.partition_index, p.committed_offset, p.error_code))
    });
    (group.error_code, offsets.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_send<T: Send>(_: fn(&'static mut GroupConsumer) -> T) {}

    #[test]
    fn a_group_can_be_read_in_any_task() {
        is_send(|consumer| consumer.poll());
    }
}
