//! Requests about committed offsets, in every version, on their way to the coordinators and back.

use std::collections::HashMap;

use protocol::ErrorCode;
use protocol::messages::offset_commit::request::OffsetCommitRequestTopic;
use protocol::messages::offset_commit::response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic};
use protocol::messages::offset_commit::{OffsetCommitRequest, OffsetCommitResponse};
use protocol::messages::offset_delete::request::OffsetDeleteRequestTopic;
use protocol::messages::offset_delete::response::{OffsetDeleteResponsePartition, OffsetDeleteResponseTopic};
use protocol::messages::offset_delete::{OffsetDeleteRequest, OffsetDeleteResponse};
use protocol::messages::offset_fetch::request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use protocol::messages::offset_fetch::response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use protocol::messages::offset_fetch::{OffsetFetchRequest, OffsetFetchResponse};
use uuid::Uuid;

use super::answers::Answer;
use super::coordinator::Client;
use super::requests::code_of;
use super::service::GroupService;
use super::shard::OffsetsLog;

/// The first version of OffsetCommit and of OffsetFetch in which topics are named by their ids.
const FIRST_VERSION_WITH_TOPIC_IDS: i16 = 10;
/// The first version of OffsetFetch that asks about several groups.
const FIRST_VERSION_WITH_GROUPS: i16 = 8;
/// The first version of OffsetFetch in which a group can have an error.
const FIRST_VERSION_WITH_GROUP_ERROR: i16 = 2;

/// The topics that exist.
pub trait TopicNames {
    /// The name of a topic.
    fn name(&self, id: Uuid) -> Option<String>;
    /// The id of a topic.
    fn id(&self, name: &str) -> Option<Uuid>;
    /// Whether a topic has a partition of this number.
    fn has_partition(&self, name: &str, partition: i32) -> bool;
}

impl<L: OffsetsLog> GroupService<L> {
    /// OffsetCommit: answered when the offsets are in the log.
    pub async fn commit_offsets(
        &self,
        client: Client<'_>,
        topics: &(impl TopicNames + Sync),
        mut request: OffsetCommitRequest,
    ) -> OffsetCommitResponse {
        let by_id = client.version >= FIRST_VERSION_WITH_TOPIC_IDS;
        let mut refused = Vec::new();
        let mut known = Vec::new();
        for topic in std::mem::take(&mut request.topics) {
            match resolve(topic, by_id, topics) {
                Ok((there, missing)) => {
                    known.extend(Some(there).filter(|topic| !topic.partitions.is_empty()));
                    let missing = all_with(&missing, ErrorCode::UnknownTopicOrPartition);
                    refused.extend(Some(missing).filter(|topic| !topic.partitions.is_empty()));
                }
                Err((topic, code)) => refused.push(all_with(&topic, code)),
            }
        }
        if known.is_empty() {
            return OffsetCommitResponse { topics: refused, ..OffsetCommitResponse::default() };
        }
        request.topics = known.clone();
        let group_id = request.group_id.clone();
        let asked = self
            .ask(&group_id, |coordinator, now, to| coordinator.commit_offsets(now, client, request, to))
            .await;
        let answered = match asked {
            Ok(Answer::CommitOffsets(response)) => response.topics,
            other => {
                let code = code_of(other);
                known.iter().map(|topic| all_with(topic, code)).collect()
            }
        };
        let topics =
            merged(refused, answered, |one| &one.name, |one, more| one.partitions.extend(more.partitions));
        OffsetCommitResponse { topics, ..OffsetCommitResponse::default() }
    }

    /// OffsetFetch, of one group or several, of some partitions or all.
    #[must_use]
    pub fn fetch_offsets(
        &self,
        version: i16,
        topics: &impl TopicNames,
        request: OffsetFetchRequest,
    ) -> OffsetFetchResponse {
        if version >= FIRST_VERSION_WITH_GROUPS {
            let fetch = |group| self.fetch_group(version, topics, group);
            let groups = request.groups.into_iter().map(fetch).collect();
            return OffsetFetchResponse { groups, ..OffsetFetchResponse::default() };
        }
        let wanted = |topic: protocol::messages::offset_fetch::request::OffsetFetchRequestTopic| {
            OffsetFetchRequestTopics {
                name: topic.name,
                partition_indexes: topic.partition_indexes,
                ..OffsetFetchRequestTopics::default()
            }
        };
        let group = OffsetFetchRequestGroup {
            group_id: request.group_id,
            topics: request.topics.map(|topics| topics.into_iter().map(wanted).collect()),
            ..OffsetFetchRequestGroup::default()
        };
        let group = self.fetch_group(version, topics, group);
        OffsetFetchResponse {
            topics: group.topics.into_iter().map(into_old_topic).collect(),
            error_code: group.error_code,
            ..OffsetFetchResponse::default()
        }
    }

    fn fetch_group(
        &self,
        version: i16,
        topics: &impl TopicNames,
        mut group: OffsetFetchRequestGroup,
    ) -> OffsetFetchResponseGroup {
        let by_id = version >= FIRST_VERSION_WITH_TOPIC_IDS;
        let mut unknown = Vec::new();
        if by_id && let Some(wanted) = &mut group.topics {
            for topic in wanted.iter_mut() {
                topic.name = topics.name(topic.topic_id).unwrap_or_default();
            }
            unknown.extend(wanted.extract_if(.., |topic| topic.name.is_empty()));
        }
        let asked = group.clone();
        let told = self.tell(&group.group_id, |coordinator, _| coordinator.fetch_offsets(asked));
        let mut response = match told {
            Ok(response) => response,
            Err(code) => return group_with(version, group, code),
        };
        if by_id {
            // Of a group's topics, those that exist no more have no id to name them by.
            response.topics.retain_mut(|topic| {
                if topic.topic_id.is_nil() {
                    topic.topic_id = topics.id(&topic.name).unwrap_or_default();
                }
                !topic.topic_id.is_nil()
            });
        }
        response.topics.extend(unknown.into_iter().map(|topic| none_with(topic, ErrorCode::UnknownTopicId)));
        response
    }

    /// OffsetDelete: answered when the offsets are gone from the log.
    pub async fn delete_offsets(
        &self,
        topics: &(impl TopicNames + Sync),
        mut request: OffsetDeleteRequest,
    ) -> OffsetDeleteResponse {
        let mut refused = Vec::new();
        let mut known = Vec::new();
        for mut topic in std::mem::take(&mut request.topics) {
            let name = topic.name.clone();
            let is_missing = |index: i32| topics.id(&name).is_none() || !topics.has_partition(&name, index);
            let missing: Vec<_> =
                topic.partitions.extract_if(.., |partition| is_missing(partition.partition_index)).collect();
            if !missing.is_empty() {
                let missing = OffsetDeleteRequestTopic { name, partitions: missing };
                refused.push(undeleted(missing, ErrorCode::UnknownTopicOrPartition));
            }
            known.extend(Some(topic).filter(|topic| !topic.partitions.is_empty()));
        }
        request.topics = known;
        let group_id = request.group_id.clone();
        let asked =
            self.ask(&group_id, |coordinator, now, to| coordinator.delete_offsets(now, request, to)).await;
        match asked {
            Ok(Answer::DeleteOffsets(mut response)) => {
                if response.error_code == ErrorCode::None.code() {
                    response.topics = merged(
                        refused,
                        response.topics,
                        |one| &one.name,
                        |one, more| one.partitions.extend(more.partitions),
                    );
                }
                response
            }
            other => {
                OffsetDeleteResponse { error_code: code_of(other).code(), ..OffsetDeleteResponse::default() }
            }
        }
    }
}

/// Gives a topic of a commit both its name and its id, and tells the partitions that exist from those that do not.
fn resolve(
    mut topic: OffsetCommitRequestTopic,
    by_id: bool,
    topics: &impl TopicNames,
) -> Result<(OffsetCommitRequestTopic, OffsetCommitRequestTopic), (OffsetCommitRequestTopic, ErrorCode)> {
    if by_id {
        match topics.name(topic.topic_id) {
            Some(name) => topic.name = name,
            None => return Err((topic, ErrorCode::UnknownTopicId)),
        }
    } else {
        match topics.id(&topic.name) {
            Some(id) => topic.topic_id = id,
            None => return Err((topic, ErrorCode::UnknownTopicOrPartition)),
        }
    }
    let name = topic.name.clone();
    let missing = topic
        .partitions
        .extract_if(.., |partition| !topics.has_partition(&name, partition.partition_index))
        .collect();
    let missing = OffsetCommitRequestTopic { name, topic_id: topic.topic_id, partitions: missing };
    Ok((topic, missing))
}

/// The answer for a topic all of whose partitions have the same code.
fn all_with(topic: &OffsetCommitRequestTopic, code: ErrorCode) -> OffsetCommitResponseTopic {
    let partitions = topic.partitions.iter().map(|partition| OffsetCommitResponsePartition {
        partition_index: partition.partition_index,
        error_code: code.code(),
    });
    OffsetCommitResponseTopic {
        name: topic.name.clone(),
        topic_id: topic.topic_id,
        partitions: partitions.collect(),
    }
}

/// Two answers as one that has each topic once, as clients expect.
fn merged<T>(mut topics: Vec<T>, more: Vec<T>, name: fn(&T) -> &str, extend: fn(&mut T, T)) -> Vec<T> {
    let places: HashMap<String, usize> =
        topics.iter().enumerate().map(|(place, topic)| (name(topic).to_owned(), place)).collect();
    for topic in more {
        match places.get(name(&topic)).and_then(|place| topics.get_mut(*place)) {
            Some(same) => extend(same, topic),
            None => topics.push(topic),
        }
    }
    topics
}

fn undeleted(topic: OffsetDeleteRequestTopic, code: ErrorCode) -> OffsetDeleteResponseTopic {
    let partitions = topic.partitions.into_iter().map(|partition| OffsetDeleteResponsePartition {
        partition_index: partition.partition_index,
        error_code: code.code(),
    });
    OffsetDeleteResponseTopic { name: topic.name, partitions: partitions.collect() }
}

/// A group of which nothing can be told. In the oldest version only partitions have a place for the code.
fn group_with(version: i16, group: OffsetFetchRequestGroup, code: ErrorCode) -> OffsetFetchResponseGroup {
    let group_id = group.group_id;
    if version >= FIRST_VERSION_WITH_GROUP_ERROR {
        return OffsetFetchResponseGroup {
            group_id,
            error_code: code.code(),
            ..OffsetFetchResponseGroup::default()
        };
    }
    let topics = group.topics.unwrap_or_default().into_iter().map(|topic| none_with(topic, code)).collect();
    OffsetFetchResponseGroup { group_id, topics, ..OffsetFetchResponseGroup::default() }
}

fn none_with(topic: OffsetFetchRequestTopics, code: ErrorCode) -> OffsetFetchResponseTopics {
    let partitions =
        topic.partition_indexes.into_iter().map(|partition_index| OffsetFetchResponsePartitions {
            partition_index,
            committed_offset: -1,
            committed_leader_epoch: -1,
            metadata: Some(String::new()),
            error_code: code.code(),
        });
    OffsetFetchResponseTopics { name: topic.name, topic_id: topic.topic_id, partitions: partitions.collect() }
}

fn into_old_topic(topic: OffsetFetchResponseTopics) -> OffsetFetchResponseTopic {
    let partitions = topic.partitions.into_iter().map(|partition| OffsetFetchResponsePartition {
        partition_index: partition.partition_index,
        committed_offset: partition.committed_offset,
        committed_leader_epoch: partition.committed_leader_epoch,
        metadata: partition.metadata,
        error_code: partition.error_code,
    });
    OffsetFetchResponseTopic { name: topic.name, partitions: partitions.collect() }
}
