//! OffsetDelete, DeleteGroups, and the offsets of deleted topics.

use std::collections::BTreeSet;
use std::sync::Arc;

use protocol::ErrorCode;
use protocol::messages::delete_groups::DeleteGroupsResponse;
use protocol::messages::delete_groups::response::DeletableGroupResult;
use protocol::messages::offset_delete::response::{OffsetDeleteResponsePartition, OffsetDeleteResponseTopic};
use protocol::messages::offset_delete::{OffsetDeleteRequest, OffsetDeleteResponse};
use tracing::info;
use uuid::Uuid;

use super::answers::{Answer, ReplyTo};
use super::classic::State;
use super::coordinator::{Coordinator, Group, Membership, Now};
use super::offsets::TopicPartition;
use super::records::{self, Record};
use super::written::{AfterWrite, Forget};

impl Coordinator {
    /// Deletes committed offsets of topics that the group does not read. Answers [`Answer::DeleteOffsets`].
    pub fn delete_offsets(&mut self, now: Now, request: OffsetDeleteRequest, to: ReplyTo) {
        let group = match self.deletable_offsets_of(&request.group_id) {
            Ok(group) => group,
            Err(code) => return self.reply(to, Answer::delete_offsets_error(code)),
        };
        let id: Arc<str> = Arc::from(request.group_id.as_str());
        let mut forget = Forget::default();
        let mut answer = OffsetDeleteResponse::default();
        for topic in request.topics {
            let reads = match &group.membership {
                Membership::Classic(classic) => classic.is_subscribed_to(&topic.name),
                // What its members read cannot be known here.
                Membership::Foreign(foreign) => !foreign.is_empty(now.timer_ms),
            };
            let code = if reads { ErrorCode::GroupSubscribedToTopic } else { ErrorCode::None };
            let mut partitions = Vec::with_capacity(topic.partitions.len());
            for partition in topic.partitions {
                let key = TopicPartition::new(&topic.name, partition.partition_index);
                if !reads && group.offsets.contains(&key) {
                    forget.offsets.push((Arc::clone(&id), key));
                }
                partitions.push(OffsetDeleteResponsePartition {
                    partition_index: partition.partition_index,
                    error_code: code.code(),
                });
            }
            answer.topics.push(OffsetDeleteResponseTopic { name: topic.name, partitions });
        }
        forget.answer = Some((to, Answer::DeleteOffsets(answer)));
        self.forget(forget, Vec::new());
    }

    fn deletable_offsets_of(&self, group_id: &str) -> Result<&Group, ErrorCode> {
        if group_id.is_empty() {
            return Err(ErrorCode::InvalidGroupId);
        }
        let group = self.groups.get(group_id).ok_or(ErrorCode::GroupIdNotFound)?;
        if let Membership::Classic(classic) = &group.membership {
            match classic.state() {
                State::Dead => return Err(ErrorCode::GroupIdNotFound),
                // Of other members it cannot be known which topics they use.
                State::PreparingRebalance | State::CompletingRebalance | State::Stable
                    if !classic.is_consumer_group() =>
                {
                    return Err(ErrorCode::NonEmptyGroup);
                }
                _ => {}
            }
        }
        Ok(group)
    }

    /// Deletes groups that have no members, with their offsets. Answers [`Answer::DeleteGroups`] with one result for
    /// each id.
    pub fn delete_groups(&mut self, now: Now, ids: Vec<String>, to: ReplyTo) {
        let mut records = Vec::new();
        let mut forget = Forget::default();
        let mut answer = DeleteGroupsResponse::default();
        for id in ids {
            let deleted = self.delete_group(&id, now, &mut records, &mut forget);
            let error_code = deleted.err().unwrap_or(ErrorCode::None).code();
            answer.results.push(DeletableGroupResult { group_id: id, error_code });
        }
        info!(groups = ?forget.groups, "deleting groups");
        forget.answer = Some((to, Answer::DeleteGroups(answer)));
        self.forget(forget, records);
    }

    fn delete_group(
        &mut self,
        id: &str,
        now: Now,
        records: &mut Vec<Record>,
        forget: &mut Forget,
    ) -> Result<(), ErrorCode> {
        let group = self.groups.get_mut(id).ok_or(ErrorCode::GroupIdNotFound)?;
        match &group.membership {
            Membership::Classic(classic) => match classic.state() {
                State::Empty => {}
                State::Dead => return Err(ErrorCode::GroupIdNotFound),
                _ => return Err(ErrorCode::NonEmptyGroup),
            },
            Membership::Foreign(foreign) if foreign.is_empty(now.timer_ms) => {}
            Membership::Foreign(_) => return Err(ErrorCode::NonEmptyGroup),
        }
        let id: Arc<str> = Arc::from(id);
        records.extend(end_group(&id, group, now));
        forget.offsets.extend(group.offsets.keys().into_iter().map(|key| (Arc::clone(&id), key)));
        forget.groups.push(id);
        Ok(())
    }

    /// Topics, by name and id, are no more: nor are the offsets that were committed for them.
    pub fn topics_deleted(&mut self, topics: &[(String, Uuid)]) {
        let mut forget = Forget::default();
        for (id, group) in &self.groups {
            for (key, offset) in group.offsets.committed() {
                let is_gone = |(name, topic_id): &(String, Uuid)| {
                    **name == *key.topic && (offset.topic_id.is_nil() || offset.topic_id == *topic_id)
                };
                if topics.iter().any(is_gone) {
                    forget.offsets.push((Arc::clone(id), key.clone()));
                }
            }
        }
        self.forget(forget, Vec::new());
    }

    /// Writes the tombstones of offsets, then those of groups.
    pub(super) fn forget(&mut self, forget: Forget, groups: Vec<Record>) {
        let offsets: BTreeSet<_> = forget.offsets.iter().collect();
        let mut records: Vec<_> =
            offsets.into_iter().map(|(group, key)| records::offset_tombstone(group, key)).collect();
        records.extend(groups);
        if !records.is_empty() {
            self.effects.write(records, AfterWrite::Forgotten(forget));
        } else if let Some((to, answer)) = forget.answer {
            self.reply(to, answer);
        }
    }
}

/// The tombstones of a group that has no members. Until they are in the log the group is dead: clients are told to come
/// back, and then find none.
pub(super) fn end_group(id: &str, group: &mut Group, now: Now) -> Vec<Record> {
    match &mut group.membership {
        Membership::Classic(classic) => {
            classic.transition_to(State::Dead, now.unix_ms);
            vec![records::group_tombstone(id)]
        }
        Membership::Foreign(foreign) => foreign.tombstones(),
    }
}
