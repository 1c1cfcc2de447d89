//! What is forgotten after a time: offsets that nobody has use for (KIP-211), and groups that have nothing left.

use std::sync::Arc;

use tracing::info;

use super::classic::{ClassicGroup, State};
use super::coordinator::{Coordinator, Group, Membership, Now};
use super::deletion::end_group;
use super::offsets::{CommittedOffset, TopicPartition};
use super::timers::Timer;
use super::written::Forget;

impl Coordinator {
    /// Looks through all groups, and again after `offsets.retention.check.interval.ms`.
    pub(super) fn expire(&mut self, now: Now) {
        let mut forget = Forget::default();
        let mut records = Vec::new();
        let retention_ms = self.settings.offsets_retention_ms;
        for (id, group) in &mut self.groups {
            let Some(expired) = expired_offsets(group, now, retention_ms) else { continue };
            let nothing_left = group.offsets.keys().len() == expired.len();
            forget.offsets.extend(expired.into_iter().map(|key| (Arc::clone(id), key)));
            if nothing_left && group.classic_mut().is_some_and(|classic| classic.state() == State::Empty) {
                records.extend(end_group(id, group, now));
                forget.groups.push(Arc::clone(id));
            }
        }
        if !(forget.offsets.is_empty() && forget.groups.is_empty()) {
            info!(offsets = forget.offsets.len(), groups = forget.groups.len(), "expired");
        }
        self.forget(forget, records);
        self.schedule_expiry(now);
    }

    pub(super) fn schedule_expiry(&mut self, now: Now) {
        let deadline_ms =
            now.timer_ms.saturating_add(self.settings.offsets_retention_check_interval_ms.max(1));
        self.effects.timers.schedule(Timer::Expiry, deadline_ms);
    }
}

/// The offsets of a group that have expired; `None` when none can, now.
fn expired_offsets(group: &Group, now: Now, retention_ms: i64) -> Option<Vec<TopicPartition>> {
    // Groups of other protocols are for a broker that speaks them to expire.
    let Membership::Classic(classic) = &group.membership else { return None };
    let retention = Retention::of(classic)?;
    let expired = |(key, offset): &(&TopicPartition, &CommittedOffset)| {
        let is_over = match (offset.expire_ms, retention) {
            (Some(expire_ms), _) => now.unix_ms >= expire_ms,
            (None, Retention::SinceCommit) => now.unix_ms.saturating_sub(offset.commit_ms) >= retention_ms,
            (None, Retention::Since(since_ms)) => now.unix_ms.saturating_sub(since_ms) >= retention_ms,
        };
        is_over && !group.offsets.is_pending(key) && !classic.is_subscribed_to(&key.topic)
    };
    Some(group.offsets.committed().filter(expired).map(|(key, _)| key.clone()).collect())
}

/// From when on the offsets of a group are kept for the retention time.
#[derive(Clone, Copy, Debug)]
enum Retention {
    SinceCommit,
    /// In milliseconds since 1970.
    Since(i64),
}

impl Retention {
    /// `None` where no offset expires.
    fn of(group: &ClassicGroup) -> Option<Self> {
        match group.state() {
            // Nobody has ever joined: the clients only keep offsets here.
            State::Empty if group.protocol_type.is_none() => Some(Self::SinceCommit),
            // The last member left then; groups from very old records do not know when that was.
            State::Empty => Some(group.state_since_ms.map_or(Self::SinceCommit, Self::Since)),
            // Of topics that the group does not read any more.
            State::Stable if group.is_consumer_group() && group.subscribed_topics.is_some() => {
                Some(Self::SinceCommit)
            }
            _ => None,
        }
    }
}
