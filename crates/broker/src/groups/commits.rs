//! OffsetCommit and OffsetFetch.

use std::sync::Arc;

use protocol::messages::offset_commit::request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use protocol::messages::offset_commit::response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic};
use protocol::messages::offset_commit::{OffsetCommitRequest, OffsetCommitResponse};
use protocol::messages::offset_fetch::request::OffsetFetchRequestGroup;
use protocol::messages::offset_fetch::response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartitions, OffsetFetchResponseTopics,
};
use protocol::{ErrorCode, LeaderEpoch, Offset};
use tracing::info;
use uuid::Uuid;

use super::answers::{Answer, ReplyTo};
use super::classic::State;
use super::coordinator::{Client, Coordinator, Membership, Now, Turn};
use super::offsets::{CommittedOffset, Offsets, TopicPartition};
use super::records;
use super::written::{AfterWrite, Commit};

/// From this version on, a commit to a group that is not there says so.
const FIRST_VERSION_WITH_GROUP_ID_NOT_FOUND: i16 = 9;

/// The client leaves it to the broker when the offset expires.
const NO_RETENTION_TIME: i64 = -1;

/// What is answered for a partition without a committed offset.
const NO_OFFSET: Offset = Offset(-1);

impl Coordinator {
    /// Commits offsets. Each topic has its name and id, and its partitions exist. Answers [`Answer::CommitOffsets`] when
    /// the offsets are in the log.
    pub fn commit_offsets(
        &mut self,
        now: Now,
        client: Client<'_>,
        request: OffsetCommitRequest,
        to: ReplyTo,
    ) {
        if let Err(code) = self.check_commit(now, client, &request) {
            let answer = OffsetCommitResponse {
                topics: request.topics.into_iter().map(|topic| answer_for(topic, |_| code)).collect(),
                ..OffsetCommitResponse::default()
            };
            return self.reply(to, Answer::CommitOffsets(answer));
        }
        let expire_ms = (request.retention_time_ms != NO_RETENTION_TIME)
            .then(|| now.unix_ms.saturating_add(request.retention_time_ms));
        let max_metadata = usize::try_from(self.settings.offset_metadata_max_bytes).unwrap_or(0);
        let mut offsets = Vec::new();
        let mut answer = OffsetCommitResponse::default();
        for topic in request.topics {
            let (name, topic_id): (Arc<str>, _) = (Arc::from(topic.name.as_str()), topic.topic_id);
            answer.topics.push(answer_for(topic, |partition| {
                let metadata = partition.committed_metadata.unwrap_or_default();
                // Kafka counts UTF-16 units, of which a text never has more than bytes.
                if metadata.len() > max_metadata && metadata.encode_utf16().count() > max_metadata {
                    return ErrorCode::OffsetMetadataTooLarge;
                }
                let key =
                    TopicPartition { topic: Arc::clone(&name), partition: partition.partition_index.into() };
                let offset = CommittedOffset {
                    offset: Offset(partition.committed_offset),
                    leader_epoch: LeaderEpoch(partition.committed_leader_epoch),
                    metadata,
                    commit_ms: now.unix_ms,
                    expire_ms,
                    topic_id,
                };
                offsets.push((key, offset));
                ErrorCode::None
            }));
        }
        self.write_commit(&request.group_id, offsets, answer, to);
    }

    /// Sends accepted offsets to the log.
    fn write_commit(
        &mut self,
        group_id: &str,
        offsets: Vec<(TopicPartition, CommittedOffset)>,
        answer: OffsetCommitResponse,
        to: ReplyTo,
    ) {
        if offsets.is_empty() {
            return self.reply(to, Answer::CommitOffsets(answer));
        }
        let group: Arc<str> = Arc::from(group_id);
        if let Some(group) = self.groups.get_mut(&group) {
            for (key, _) in &offsets {
                group.offsets.begin(key.clone());
            }
        }
        let records =
            offsets.iter().map(|(key, offset)| records::offset_commit(&group, key, offset)).collect();
        self.effects.write(records, AfterWrite::Committed(Commit { group, offsets, to, answer }));
    }

    /// Whether the client may commit. A client that is no member may, to a group that has none, which need not exist.
    fn check_commit(
        &mut self,
        now: Now,
        client: Client<'_>,
        request: &OffsetCommitRequest,
    ) -> Result<(), ErrorCode> {
        let is_simple = request.generation_id_or_member_epoch < 0;
        match self.groups.get(request.group_id.as_str()).map(|group| &group.membership) {
            Some(Membership::Foreign(group)) if is_simple && group.gives_way(now.timer_ms) => return Ok(()),
            Some(Membership::Foreign(_)) => return Err(ErrorCode::UnknownMemberId),
            Some(Membership::Classic(_)) => {}
            None if is_simple => {
                info!(
                    group = request.group_id,
                    "a client that is no member commits the first offsets of a group"
                );
                self.create(&request.group_id, now);
            }
            None if client.version >= FIRST_VERSION_WITH_GROUP_ID_NOT_FOUND => {
                return Err(ErrorCode::GroupIdNotFound);
            }
            None => return Err(ErrorCode::IllegalGeneration),
        }
        match self.turn_at(&request.group_id, now) {
            Some(mut turn) => turn.check_commit(request),
            None => Err(ErrorCode::GroupIdNotFound),
        }
    }

    /// The committed offsets of a group: of the partitions asked for, or of all that there are.
    ///
    /// A group that is not there has none. Topics carry the ids of the request, or none.
    #[must_use]
    pub fn fetch_offsets(&self, request: OffsetFetchRequestGroup) -> OffsetFetchResponseGroup {
        let offsets = self.groups.get(request.group_id.as_str()).map(|group| &group.offsets);
        let topics = match request.topics {
            Some(asked) => asked
                .into_iter()
                .map(|topic| {
                    let found = |index: i32| {
                        let key = TopicPartition::new(&topic.name, index);
                        let offset = offsets.and_then(|offsets| offsets.get(&key));
                        fetched(index, offset.filter(|offset| is_of_topic(offset, topic.topic_id)))
                    };
                    let partitions = topic.partition_indexes.iter().copied().map(found).collect();
                    OffsetFetchResponseTopics { name: topic.name, topic_id: topic.topic_id, partitions }
                })
                .collect(),
            None => offsets.map(all_topics).unwrap_or_default(),
        };
        OffsetFetchResponseGroup { group_id: request.group_id, topics, ..OffsetFetchResponseGroup::default() }
    }
}

impl Turn<'_> {
    fn check_commit(&mut self, request: &OffsetCommitRequest) -> Result<(), ErrorCode> {
        let generation = request.generation_id_or_member_epoch;
        let state = self.group.state();
        if state == State::Dead {
            return Err(ErrorCode::CoordinatorNotAvailable);
        }
        if state == State::Empty && generation < 0 {
            return Ok(());
        }
        if generation < 0 && request.member_id.is_empty() && request.group_instance_id.is_none() {
            // A client that manages its own offsets while others share the partitions: one of them is mistaken.
            return Err(ErrorCode::UnknownMemberId);
        }
        self.group.check_member(&request.member_id, request.group_instance_id.as_deref())?;
        if generation != self.group.generation {
            return Err(ErrorCode::IllegalGeneration);
        }
        if state == State::CompletingRebalance {
            return Err(ErrorCode::RebalanceInProgress);
        }
        self.heard_of(&request.member_id);
        Ok(())
    }
}

/// The answer for a topic of which each partition has a code.
fn answer_for(
    topic: OffsetCommitRequestTopic,
    mut code: impl FnMut(OffsetCommitRequestPartition) -> ErrorCode,
) -> OffsetCommitResponseTopic {
    let partitions = topic
        .partitions
        .into_iter()
        .map(|partition| OffsetCommitResponsePartition {
            partition_index: partition.partition_index,
            error_code: code(partition).code(),
        })
        .collect();
    OffsetCommitResponseTopic { name: topic.name, topic_id: topic.topic_id, partitions }
}

/// Whether the offset was committed for the topic of this id, as far as both ids are known. A topic that was deleted
/// and created again has the name of the old one and none of its offsets.
fn is_of_topic(offset: &CommittedOffset, asked: Uuid) -> bool {
    offset.topic_id.is_nil() || asked.is_nil() || offset.topic_id == asked
}

fn all_topics(offsets: &Offsets) -> Vec<OffsetFetchResponseTopics> {
    let mut topics: Vec<OffsetFetchResponseTopics> = Vec::new();
    for (key, offset) in offsets.committed() {
        let found = fetched(key.partition.0, Some(offset));
        match topics.last_mut() {
            Some(topic) if *topic.name == *key.topic => topic.partitions.push(found),
            _ => topics.push(OffsetFetchResponseTopics {
                name: key.topic.to_string(),
                topic_id: Uuid::nil(),
                partitions: vec![found],
            }),
        }
    }
    topics
}

fn fetched(partition_index: i32, offset: Option<&CommittedOffset>) -> OffsetFetchResponsePartitions {
    OffsetFetchResponsePartitions {
        partition_index,
        committed_offset: offset.map_or(NO_OFFSET, |offset| offset.offset).0,
        committed_leader_epoch: offset.map_or(LeaderEpoch::NONE, |offset| offset.leader_epoch).0,
        metadata: Some(offset.map(|offset| offset.metadata.clone()).unwrap_or_default()),
        error_code: ErrorCode::None.code(),
    }
}
