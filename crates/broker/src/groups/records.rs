//! The records of groups and offsets, as Kafka 4.3 writes them.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use protocol::messages::group_records::group_metadata::value::MemberMetadata;
use protocol::messages::group_records::{
    GroupMetadataKey, GroupMetadataValue, GroupRecordKey, GroupRecordValue, OffsetCommitKey,
    OffsetCommitValue,
};

use super::classic::ClassicGroup;
use super::offsets::{CommittedOffset, TopicPartition};

/// The version in which groups are written; from 4 on, older brokers could not read them (KIP-915).
const GROUP_METADATA_VERSION: i16 = 3;
/// The version in which offsets are written.
const OFFSET_COMMIT_VERSION: i16 = 4;
/// The only version of an offset that can say when it expires.
const OFFSET_COMMIT_VERSION_WITH_EXPIRY: i16 = 1;
/// What a record says where a time is not known.
const NO_TIMESTAMP: i64 = -1;

/// A record of `__consumer_offsets`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What the record is about; a later record with the same key replaces it.
    pub key: Bytes,
    /// `None` for a tombstone.
    pub value: Option<Bytes>,
}

impl Record {
    /// Bytes of key and value.
    pub(super) fn len(&self) -> usize {
        self.key.len() + self.value.as_ref().map_or(0, Bytes::len)
    }

    fn new(key: impl Into<GroupRecordKey>, value: impl Into<GroupRecordValue>, version: i16) -> Self {
        Self { key: key.into().encode(), value: Some(value.into().encode(version)) }
    }

    fn tombstone(key: impl Into<GroupRecordKey>) -> Self {
        Self { key: key.into().encode(), value: None }
    }
}

/// A group, with these assignments in place of the ones that its members have.
pub(super) fn group_metadata(group: &ClassicGroup, assignments: &BTreeMap<Arc<str>, Bytes>) -> Record {
    let protocol = group.protocol.as_deref().unwrap_or_default();
    let members = group
        .members()
        .map(|member| MemberMetadata {
            member_id: member.id.to_string(),
            group_instance_id: member.instance_id.as_deref().map(str::to_owned),
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            rebalance_timeout: member.rebalance_timeout_ms,
            session_timeout: member.session_timeout_ms,
            subscription: member.metadata(protocol),
            assignment: assignments.get(&member.id).cloned().unwrap_or_default(),
        })
        .collect();
    let value = GroupMetadataValue {
        protocol_type: group.protocol_type.clone().unwrap_or_default(),
        generation: group.generation,
        protocol: group.protocol.clone(),
        leader: group.leader.as_deref().map(str::to_owned),
        current_state_timestamp: group.state_since_ms.unwrap_or(NO_TIMESTAMP),
        members,
    };
    Record::new(group_key(&group.id), value, GROUP_METADATA_VERSION)
}

/// A group that has just been made.
pub(super) fn new_group(group: &ClassicGroup) -> Record {
    let value = GroupMetadataValue {
        protocol: None,
        leader: None,
        current_state_timestamp: group.state_since_ms.unwrap_or(NO_TIMESTAMP),
        ..GroupMetadataValue::default()
    };
    Record::new(group_key(&group.id), value, GROUP_METADATA_VERSION)
}

/// A group is no more.
pub(super) fn group_tombstone(group: &str) -> Record {
    Record::tombstone(group_key(group))
}

/// A committed offset.
pub(super) fn offset_commit(group: &str, key: &TopicPartition, offset: &CommittedOffset) -> Record {
    let value = OffsetCommitValue {
        offset: offset.offset.0,
        leader_epoch: offset.leader_epoch.0,
        metadata: offset.metadata.clone(),
        commit_timestamp: offset.commit_ms,
        expire_timestamp: offset.expire_ms.unwrap_or(NO_TIMESTAMP),
        topic_id: offset.topic_id,
    };
    let version =
        if offset.expire_ms.is_some() { OFFSET_COMMIT_VERSION_WITH_EXPIRY } else { OFFSET_COMMIT_VERSION };
    Record::new(offset_key(group, key), value, version)
}

/// A committed offset is no more.
pub(super) fn offset_tombstone(group: &str, key: &TopicPartition) -> Record {
    Record::tombstone(offset_key(group, key))
}

fn group_key(group: &str) -> GroupMetadataKey {
    GroupMetadataKey { group: group.to_owned() }
}

fn offset_key(group: &str, key: &TopicPartition) -> OffsetCommitKey {
    OffsetCommitKey { group: group.to_owned(), topic: key.topic.to_string(), partition: key.partition.0 }
}
