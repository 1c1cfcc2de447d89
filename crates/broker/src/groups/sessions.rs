//! Heartbeats, and what happens when they stay away.

use protocol::ErrorCode;
use protocol::messages::heartbeat::HeartbeatRequest;
use tracing::info;

use super::answers::Answer;
use super::classic::State;
use super::coordinator::{Coordinator, Now, Turn};
use super::member::Member;
use super::records::Record;

impl Coordinator {
    /// A member says that it lives. The code tells it whether it is to rejoin.
    pub fn heartbeat(&mut self, now: Now, request: &HeartbeatRequest) -> ErrorCode {
        if request.group_id.is_empty() {
            return ErrorCode::InvalidGroupId;
        }
        match self.turn_at(&request.group_id, now) {
            Some(mut turn) => turn.heartbeat(request).err().unwrap_or(ErrorCode::None),
            None => ErrorCode::UnknownMemberId,
        }
    }
}

impl Turn<'_> {
    fn heartbeat(&mut self, request: &HeartbeatRequest) -> Result<(), ErrorCode> {
        if self.group.state() == State::Dead {
            return Err(ErrorCode::CoordinatorNotAvailable);
        }
        self.group.check_member(&request.member_id, request.group_instance_id.as_deref())?;
        if request.generation_id != self.group.generation {
            return Err(ErrorCode::IllegalGeneration);
        }
        self.heard_of(&request.member_id);
        match self.group.state() {
            State::PreparingRebalance => Err(ErrorCode::RebalanceInProgress),
            // A consumer sends heartbeats from the moment it has joined, before it has its assignment.
            State::CompletingRebalance | State::Stable => Ok(()),
            State::Empty | State::Dead => Err(ErrorCode::UnknownMemberId),
        }
    }

    /// A member has been heard of: its session begins anew.
    pub(super) fn heard_of(&mut self, id: &str) {
        if let Some(member) = self.group.member(id) {
            let deadline_ms = self.now.timer_ms.saturating_add(i64::from(member.session_timeout_ms));
            self.effects.watch_session(&self.group.id, &member.id, deadline_ms);
        }
    }

    /// A member, or somebody who was given an id and did not come back with it, has not been heard of in time.
    pub(super) fn session_timed_out(&mut self, id: &str) {
        if self.group.state() == State::Dead {
            return;
        }
        if self.group.pending_join.contains(id) {
            info!(group = %self.group.id, member = id, "a member never joined with the id that it was given");
            self.remove(id);
            if self.group.state() == State::PreparingRebalance && self.group.has_all_joined() {
                let record = self.complete_join();
                self.persist(record);
            }
        } else if self.group.member(id).is_some_and(|member| !member.waits_for_the_group()) {
            info!(group = %self.group.id, member = id, "a member was not heard of within its session timeout");
            self.remove(id);
            let record = self.after_removal("a member's session timed out");
            self.persist(record);
        }
    }

    /// What has to follow when a member is gone.
    #[must_use]
    pub(super) fn after_removal(&mut self, reason: &str) -> Option<Record> {
        match self.group.state() {
            State::Stable | State::CompletingRebalance => self.prepare_rebalance(reason),
            State::PreparingRebalance if self.group.has_all_joined() => self.complete_join(),
            _ => None,
        }
    }

    /// Takes a member out, gives the requests that it waits with their last answer, and stops its session's clock.
    pub(super) fn remove(&mut self, id: &str) {
        self.effects.forget_session(&self.group.id, &id.into());
        if let Some(member) = self.group.remove(id) {
            self.dismiss(&member, "", ErrorCode::UnknownMemberId);
        }
    }

    /// Answers what a member that is no longer part of the group waits for. A client that is still there rejoins.
    pub(super) fn dismiss(&mut self, member: &Member, told_id: &str, code: ErrorCode) {
        if let Some(to) = member.awaiting_join {
            self.effects.reply(to, Answer::join_error(told_id, code));
        }
        if let Some(to) = member.awaiting_sync {
            self.effects.reply(to, Answer::sync_error(code));
        }
    }
}
