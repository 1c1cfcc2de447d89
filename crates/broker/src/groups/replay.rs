//! Reading a partition of `__consumer_offsets` back into a coordinator.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use bytes::Bytes;
use protocol::codec::DecodeError;
use protocol::messages::group_records::group_metadata::value::MemberMetadata;
use protocol::messages::group_records::{
    GroupMetadataValue, GroupRecordKey, GroupRecordValue, OffsetCommitKey, OffsetCommitValue,
};
use protocol::messages::join_group::request::JoinGroupRequestProtocol;
use protocol::{LeaderEpoch, Offset, ProducerId};
use tracing::{debug, warn};

use super::classic::ClassicGroup;
use super::coordinator::{Coordinator, Group, Membership, Now};
use super::effects::Effects;
use super::foreign::{ForeignGroup, ForeignKind};
use super::member::Member;
use super::offsets::{CommittedOffset, Offsets, TopicPartition};
use super::settings::Settings;

/// The highest record id that this broker knows. Newer ones are from a newer broker, which knows what to do with them.
const HIGHEST_KNOWN_RECORD_ID: i16 = 23;

/// A record of a known kind that cannot be read.
///
/// Going on without it would lose a group or an offset at the next restart for good, so the partition is not loaded.
#[derive(Debug, thiserror::Error)]
#[error("malformed record at offset {offset} of __consumer_offsets: {source}")]
pub struct ReplayError {
    /// Where the record is.
    pub offset: Offset,
    /// What is wrong with it.
    pub source: DecodeError,
}

/// A coordinator in the making: takes every record of a partition, in order.
#[derive(Debug)]
pub struct Loader {
    settings: Settings,
    groups: BTreeMap<Arc<str>, Option<Membership>>,
    offsets: Replayed,
    /// Offsets of transactions that have not ended.
    open: BTreeMap<ProducerId, Replayed>,
}

/// Offsets by group and partition, each with where in the log it is.
type Replayed = BTreeMap<(Arc<str>, TopicPartition), (Offset, CommittedOffset)>;

impl Loader {
    /// A loader that has read nothing.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings, groups: BTreeMap::new(), offsets: Replayed::new(), open: BTreeMap::new() }
    }

    /// Takes the record at `offset`. `transaction` is the producer of a transactional batch.
    ///
    /// # Errors
    ///
    /// When the record is of a known kind and cannot be read.
    pub fn record(
        &mut self,
        offset: Offset,
        transaction: Option<ProducerId>,
        key: Bytes,
        value: Option<Bytes>,
    ) -> Result<(), ReplayError> {
        let malformed = |source| ReplayError { offset, source };
        if is_from_a_newer_broker(&key) {
            warn!(%offset, "a record of __consumer_offsets is of an unknown kind, and left alone");
            return Ok(());
        }
        let decoded = GroupRecordKey::decode(key.clone()).map_err(malformed)?;
        // Of groups of other kinds only the keys matter, and their values may be of versions to come.
        if let Some((kind, group, is_member)) = foreign(&decoded) {
            // Copied, so that a group does not keep what was read of the log alive.
            self.foreign_record(kind, group, Bytes::copy_from_slice(&key), is_member, value.is_some());
            return Ok(());
        }
        let value = match value {
            Some(value) => Some(decoded.decode_value(value).map_err(malformed)?.0),
            None => None,
        };
        match (decoded, value) {
            (GroupRecordKey::GroupMetadata(key), Some(GroupRecordValue::GroupMetadata(value))) => {
                let id: Arc<str> = Arc::from(key.group);
                let group = restore(Arc::clone(&id), value);
                self.groups.insert(id, Some(Membership::Classic(Box::new(group))));
            }
            (GroupRecordKey::GroupMetadata(key), None) => self.group_tombstone(&key.group),
            (GroupRecordKey::OffsetCommit(key), Some(GroupRecordValue::OffsetCommit(value))) => {
                self.offset_commit(offset, transaction, &key, value);
            }
            (GroupRecordKey::OffsetCommit(key), None) => self.offset_tombstone(&key),
            (GroupRecordKey::LegacyOffsetCommit(key), Some(GroupRecordValue::LegacyOffsetCommit(value))) => {
                let key = OffsetCommitKey { group: key.group, topic: key.topic, partition: key.partition };
                let value = OffsetCommitValue {
                    offset: value.offset,
                    metadata: value.metadata,
                    commit_timestamp: value.commit_timestamp,
                    ..OffsetCommitValue::default()
                };
                self.offset_commit(offset, transaction, &key, value);
            }
            (GroupRecordKey::LegacyOffsetCommit(key), None) => {
                self.offset_tombstone(&OffsetCommitKey {
                    group: key.group,
                    topic: key.topic,
                    partition: key.partition,
                });
            }
            // A key's value is of the key's kind, and all other kinds were seen to above.
            _ => {}
        }
        Ok(())
    }

    /// Takes the marker that ends a producer's transaction.
    pub fn end_transaction(&mut self, producer: ProducerId, committed: bool) {
        let offsets = self.open.remove(&producer).unwrap_or_default();
        if !committed {
            return;
        }
        for (key, (at, offset)) in offsets {
            // A plain commit that was written after the transaction's counts.
            if self.offsets.get(&key).is_none_or(|(newest, _)| at > *newest) {
                self.offsets.insert(key, (at, offset));
            }
        }
    }

    /// The log has been read to its end: members have the time of their session to be heard of.
    #[must_use]
    pub fn finish(self, now: Now) -> Coordinator {
        let mut groups: BTreeMap<Arc<str>, Group> = BTreeMap::new();
        for (id, membership) in self.groups {
            if let Some(membership) = membership {
                groups.insert(id, Group { membership, offsets: Offsets::default() });
            }
        }
        for ((id, key), (_, offset)) in self.offsets {
            // Offsets whose group is gone are gone with it, whether or not their own tombstones are still there.
            if let Some(group) = groups.get_mut(&id) {
                group.offsets.insert(key, offset);
            }
        }
        let mut coordinator = Coordinator { settings: self.settings, groups, effects: Effects::default() };
        coordinator.loaded(now);
        coordinator
    }

    fn offset_commit(
        &mut self,
        at: Offset,
        transaction: Option<ProducerId>,
        key: &OffsetCommitKey,
        value: OffsetCommitValue,
    ) {
        let group: Arc<str> = Arc::from(key.group.as_str());
        let known = self.groups.entry(Arc::clone(&group)).or_default();
        if known.is_none() {
            // A group that nobody ever joined has no record of its own.
            let simple = ClassicGroup::new(Arc::clone(&group), value.commit_timestamp);
            *known = Some(Membership::Classic(Box::new(simple)));
        }
        let key = (group, TopicPartition::new(&key.topic, key.partition));
        let offset = CommittedOffset {
            offset: Offset(value.offset),
            leader_epoch: LeaderEpoch(value.leader_epoch),
            metadata: value.metadata,
            commit_ms: value.commit_timestamp,
            expire_ms: (value.expire_timestamp >= 0).then_some(value.expire_timestamp),
            topic_id: value.topic_id,
        };
        match transaction {
            Some(producer) => self.open.entry(producer).or_default().insert(key, (at, offset)),
            None => self.offsets.insert(key, (at, offset)),
        };
    }

    fn offset_tombstone(&mut self, key: &OffsetCommitKey) {
        let key = (Arc::from(key.group.as_str()), TopicPartition::new(&key.topic, key.partition));
        self.offsets.remove(&key);
        for open in self.open.values_mut() {
            open.remove(&key);
        }
    }

    fn group_tombstone(&mut self, id: &str) {
        // Where a group changes its protocol, the old one's tombstone may come after the new one's first record.
        if let Some(known @ Some(Membership::Classic(_))) = self.groups.get_mut(id) {
            *known = None;
        }
    }

    fn foreign_record(&mut self, kind: ForeignKind, id: &str, key: Bytes, is_member: bool, has_value: bool) {
        match (self.groups.entry(Arc::from(id)), has_value) {
            (Entry::Occupied(mut known), true) => match known.get_mut() {
                Some(Membership::Foreign(group)) if group.kind == kind => group.add(key, is_member),
                other => *other = Some(Membership::Foreign(ForeignGroup::of_record(kind, key, is_member))),
            },
            (Entry::Vacant(unknown), true) => {
                unknown.insert(Some(Membership::Foreign(ForeignGroup::of_record(kind, key, is_member))));
            }
            (Entry::Occupied(mut known), false) => {
                if let Some(Membership::Foreign(group)) = known.get_mut()
                    && group.remove(&key)
                {
                    *known.get_mut() = None;
                }
            }
            (Entry::Vacant(_), false) => {}
        }
    }
}

impl Coordinator {
    fn loaded(&mut self, now: Now) {
        let ids: Vec<_> = self.groups.keys().cloned().collect();
        let max_size = usize::try_from(self.settings.group_max_size).unwrap_or(0);
        for id in ids {
            if let Some(Membership::Foreign(group)) =
                self.groups.get_mut(&id).map(|group| &mut group.membership)
            {
                group.loaded(now.timer_ms);
            }
            self.turn(&id, now, |turn| {
                for member in turn.group.member_ids() {
                    turn.heard_of(&member);
                }
                if turn.group.members().len() > max_size {
                    let record = turn.prepare_rebalance("the group is larger than group.max.size");
                    turn.persist(record);
                }
            });
        }
        debug!(groups = self.groups.len(), "loaded groups");
        self.schedule_expiry(now);
    }
}

/// A record id beyond those that are known. Keys too short to have one are for the decoder to complain about.
fn is_from_a_newer_broker(key: &[u8]) -> bool {
    key.first_chunk().is_some_and(|id| i16::from_be_bytes(*id) > HIGHEST_KNOWN_RECORD_ID)
}

/// For records of groups that are not classic: the kind and id of the group, and whether the record is a member.
fn foreign(key: &GroupRecordKey) -> Option<(ForeignKind, &str, bool)> {
    use ForeignKind::{Consumer, Share, Streams};
    use GroupRecordKey as Key;
    let (kind, group, is_member) = match key {
        Key::LegacyOffsetCommit(_) | Key::OffsetCommit(_) | Key::GroupMetadata(_) => return None,
        Key::ConsumerGroupMetadata(key) => (Consumer, &key.group_id, false),
        Key::ConsumerGroupPartitionMetadata(key) => (Consumer, &key.group_id, false),
        Key::ConsumerGroupMemberMetadata(key) => (Consumer, &key.group_id, true),
        Key::ConsumerGroupTargetAssignmentMetadata(key) => (Consumer, &key.group_id, false),
        Key::ConsumerGroupTargetAssignmentMember(key) => (Consumer, &key.group_id, false),
        Key::ConsumerGroupCurrentMemberAssignment(key) => (Consumer, &key.group_id, false),
        Key::ConsumerGroupRegularExpression(key) => (Consumer, &key.group_id, false),
        Key::ShareGroupMemberMetadata(key) => (Share, &key.group_id, true),
        Key::ShareGroupMetadata(key) => (Share, &key.group_id, false),
        Key::ShareGroupTargetAssignmentMetadata(key) => (Share, &key.group_id, false),
        Key::ShareGroupTargetAssignmentMember(key) => (Share, &key.group_id, false),
        Key::ShareGroupCurrentMemberAssignment(key) => (Share, &key.group_id, false),
        Key::ShareGroupStatePartitionMetadata(key) => (Share, &key.group_id, false),
        Key::StreamsGroupMetadata(key) => (Streams, &key.group_id, false),
        Key::StreamsGroupMemberMetadata(key) => (Streams, &key.group_id, true),
        Key::StreamsGroupTargetAssignmentMetadata(key) => (Streams, &key.group_id, false),
        Key::StreamsGroupTargetAssignmentMember(key) => (Streams, &key.group_id, false),
        Key::StreamsGroupCurrentMemberAssignment(key) => (Streams, &key.group_id, false),
        Key::StreamsGroupTopology(key) => (Streams, &key.group_id, false),
    };
    Some((kind, group.as_str(), is_member))
}

fn restore(id: Arc<str>, value: GroupMetadataValue) -> ClassicGroup {
    let protocol = value.protocol.unwrap_or_default();
    let members = value.members.into_iter().map(|member| restore_member(member, &protocol)).collect();
    ClassicGroup::restored(
        id,
        (value.current_state_timestamp >= 0).then_some(value.current_state_timestamp),
        value.generation,
        Some(value.protocol_type).filter(|protocol_type| !protocol_type.is_empty()),
        Some(protocol).filter(|protocol| !protocol.is_empty()),
        value.leader.map(Arc::from),
        members,
    )
}

/// A member as its record has it: of its protocols, only the one that was selected is known.
fn restore_member(member: MemberMetadata, protocol: &str) -> Member {
    // Records of very old brokers do not have the rebalance timeout.
    let rebalance_timeout_ms =
        if member.rebalance_timeout < 0 { member.session_timeout } else { member.rebalance_timeout };
    Member {
        id: Arc::from(member.member_id),
        instance_id: member.group_instance_id.map(Arc::from),
        client_id: member.client_id,
        client_host: member.client_host,
        rebalance_timeout_ms,
        session_timeout_ms: member.session_timeout,
        protocols: vec![JoinGroupRequestProtocol {
            name: protocol.to_owned(),
            metadata: Bytes::copy_from_slice(&member.subscription),
        }],
        assignment: Bytes::copy_from_slice(&member.assignment),
        awaiting_join: None,
        awaiting_sync: None,
        is_new: false,
    }
}
