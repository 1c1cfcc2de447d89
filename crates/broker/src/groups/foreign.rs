//! Groups of newer protocols, as another broker left them in the log.
//!
//! Their records stay where they are and their offsets can be read. Nothing here can keep such a member alive, so a
//! group counts as empty once its members have had the time of a session to be heard of. Then, as in Kafka, a classic
//! client may take over the id of a consumer or streams group, and an administrator may delete it: the records of the
//! old group get tombstones, its offsets stay.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::records::Record;

/// How long the members of a loaded group count as alive: Kafka's default for the session timeout of these groups.
const SESSION_TIMEOUT_MS: i64 = 45_000;

/// What kind of group a record belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ForeignKind {
    /// KIP-848.
    Consumer,
    /// KIP-932.
    Share,
    /// KIP-1071.
    Streams,
}

impl ForeignKind {
    /// The type and protocol type that clients are shown.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Consumer => "consumer",
            Self::Share => "share",
            Self::Streams => "streams",
        }
    }
}

/// A group of which only the keys of its records are known.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ForeignGroup {
    pub(super) kind: ForeignKind,
    keys: BTreeSet<Bytes>,
    members: BTreeSet<Bytes>,
    loaded_ms: i64,
}

impl ForeignGroup {
    /// A group of which one record has been read.
    pub(super) fn of_record(kind: ForeignKind, key: Bytes, is_member: bool) -> Self {
        let mut group = Self { kind, keys: BTreeSet::new(), members: BTreeSet::new(), loaded_ms: 0 };
        group.add(key, is_member);
        group
    }

    /// A record has been read. `is_member` says that it stands for a member.
    pub(super) fn add(&mut self, key: Bytes, is_member: bool) {
        if is_member {
            self.members.insert(key.clone());
        }
        self.keys.insert(key);
    }

    /// A tombstone has been read. `true` when nothing of the group is left.
    pub(super) fn remove(&mut self, key: &[u8]) -> bool {
        self.keys.remove(key);
        self.members.remove(key);
        self.keys.is_empty()
    }

    /// The log has been read to its end, at this time of the monotonic clock.
    pub(super) fn loaded(&mut self, timer_ms: i64) {
        self.loaded_ms = timer_ms;
    }

    /// Nobody is, or can still be, a member.
    pub(super) fn is_empty(&self, timer_ms: i64) -> bool {
        self.members.is_empty() || timer_ms - self.loaded_ms >= SESSION_TIMEOUT_MS
    }

    /// Whether a classic client may have the group's id.
    pub(super) fn gives_way(&self, timer_ms: i64) -> bool {
        self.kind != ForeignKind::Share && self.is_empty(timer_ms)
    }

    /// The records that end the group.
    pub(super) fn tombstones(&self) -> Vec<Record> {
        self.keys.iter().map(|key| Record { key: key.clone(), value: None }).collect()
    }
}
