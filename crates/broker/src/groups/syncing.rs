//! SyncGroup: members of a new generation ask for what the leader assigned to them.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use protocol::ErrorCode;
use protocol::messages::sync_group::request::SyncGroupRequestAssignment;
use protocol::messages::sync_group::{SyncGroupRequest, SyncGroupResponse};
use tracing::{info, warn};

use super::answers::{Answer, ReplyTo};
use super::classic::State;
use super::coordinator::{Coordinator, Now, Turn};
use super::records;
use super::timers::Timer;
use super::written::AfterWrite;

/// From this version on, members say which protocol they take the group to have (KIP-559).
const FIRST_VERSION_WITH_PROTOCOL: i16 = 5;

/// A leader's assignment that is on its way to the log.
#[derive(Clone, Debug)]
pub(super) struct Assignment {
    pub(super) group: Arc<str>,
    generation: i32,
    by_member: BTreeMap<Arc<str>, Bytes>,
}

impl Coordinator {
    /// A member wants its assignment, or brings everybody's. Answers [`Answer::Sync`] when the assignment is in the log.
    pub fn sync_group(&mut self, now: Now, version: i16, request: SyncGroupRequest, to: ReplyTo) {
        let says_protocol = request.protocol_type.is_some() && request.protocol_name.is_some();
        if version >= FIRST_VERSION_WITH_PROTOCOL && !says_protocol {
            return self.reply(to, Answer::sync_error(ErrorCode::InconsistentGroupProtocol));
        }
        if request.group_id.is_empty() {
            return self.reply(to, Answer::sync_error(ErrorCode::InvalidGroupId));
        }
        let synced = match self.turn_at(&request.group_id, now) {
            Some(mut turn) => turn.sync(request, to),
            None => Err(ErrorCode::UnknownMemberId),
        };
        if let Err(code) = synced {
            self.reply(to, Answer::sync_error(code));
        }
    }
}

impl Turn<'_> {
    fn sync(&mut self, request: SyncGroupRequest, to: ReplyTo) -> Result<(), ErrorCode> {
        self.check_sync(&request)?;
        self.group.pending_sync.remove(request.member_id.as_str());
        if self.group.pending_sync.is_empty() {
            self.effects.timers.cancel(Timer::Sync { group: self.group.id.clone() });
        }
        if self.group.state() == State::Stable {
            let answer = self.assigned(&request.member_id);
            self.effects.reply(to, answer);
            return Ok(());
        }
        if let Some(displaced) = self.group.await_sync(&request.member_id, to) {
            // The member has asked again, most likely because this connection was lost.
            self.effects.reply(displaced, Answer::sync_error(ErrorCode::RebalanceInProgress));
        }
        if self.group.is_leader(&request.member_id) {
            self.assign(request.assignments);
        }
        Ok(())
    }

    fn check_sync(&self, request: &SyncGroupRequest) -> Result<(), ErrorCode> {
        match self.group.state() {
            State::Dead => return Err(ErrorCode::CoordinatorNotAvailable),
            State::Empty => return Err(ErrorCode::UnknownMemberId),
            State::PreparingRebalance | State::CompletingRebalance | State::Stable => {}
        }
        self.group.check_member(&request.member_id, request.group_instance_id.as_deref())?;
        if request.generation_id != self.group.generation {
            return Err(ErrorCode::IllegalGeneration);
        }
        let differs =
            |said: &Option<String>, is: &Option<String>| said.is_some() && is.is_some() && said != is;
        if differs(&request.protocol_type, &self.group.protocol_type)
            || differs(&request.protocol_name, &self.group.protocol)
        {
            return Err(ErrorCode::InconsistentGroupProtocol);
        }
        if self.group.state() == State::PreparingRebalance {
            return Err(ErrorCode::RebalanceInProgress);
        }
        Ok(())
    }

    /// Writes the leader's assignment. Members that it forgot get an empty one.
    fn assign(&mut self, assignments: Vec<SyncGroupRequestAssignment>) {
        let mut assigned: BTreeMap<String, Bytes> =
            assignments.into_iter().map(|one| (one.member_id, one.assignment)).collect();
        let by_member: BTreeMap<Arc<str>, Bytes> = self
            .group
            .member_ids()
            .into_iter()
            .map(|id| {
                // Copied, so that a member does not keep the leader's whole request alive.
                let own =
                    assigned.remove(&*id).map(|bytes| Bytes::copy_from_slice(&bytes)).unwrap_or_default();
                (id, own)
            })
            .collect();
        info!(
            group = %self.group.id, generation = self.group.generation, members = by_member.len(),
            "the leader has assigned"
        );
        let record = records::group_metadata(self.group, &by_member);
        let assignment =
            Assignment { group: Arc::clone(&self.group.id), generation: self.group.generation, by_member };
        self.effects.write(vec![record], AfterWrite::Assigned(assignment));
    }

    /// The assignment is in the log: everybody gets theirs, unless the group has moved on.
    pub(super) fn assignment_written(&mut self, assignment: Assignment) {
        if !self.awaits(&assignment) {
            return;
        }
        let Assignment { mut by_member, .. } = assignment;
        for member in self.group.members_mut() {
            member.assignment = by_member.remove(&member.id).unwrap_or_default();
        }
        for id in self.group.member_ids() {
            if let Some(to) = self.group.take_awaiting_sync(&id) {
                let answer = self.assigned(&id);
                self.effects.reply(to, answer);
                // While it waited, a session that ran out was overlooked, and nothing watches it any more.
                self.heard_of(&id);
            }
        }
        self.group.transition_to(State::Stable, self.now.unix_ms);
    }

    /// The assignment did not get into the log: everybody has to join again.
    pub(super) fn assignment_failed(&mut self, assignment: &Assignment, code: ErrorCode) {
        if !self.awaits(assignment) {
            return;
        }
        warn!(group = %self.group.id, generation = self.group.generation, ?code, "cannot store the assignment");
        self.abandon_assignment(code);
        let record = self.prepare_rebalance("the assignment could not be stored");
        self.persist(record);
    }

    /// Members have not asked for their assignment in time: the rest go on without them.
    pub(super) fn sync_phase_timed_out(&mut self) {
        if !matches!(self.group.state(), State::CompletingRebalance | State::Stable) {
            return;
        }
        let missing = std::mem::take(&mut self.group.pending_sync);
        if missing.is_empty() {
            return;
        }
        for id in missing {
            info!(group = %self.group.id, member = %id, "a member did not ask for its assignment in time");
            self.remove(&id);
        }
        let record = self.prepare_rebalance("members did not ask for their assignment");
        self.persist(record);
    }

    /// Takes back what was assigned, and tells everybody who waits for it why.
    pub(super) fn abandon_assignment(&mut self, code: ErrorCode) {
        for member in self.group.members_mut() {
            member.assignment = Bytes::new();
        }
        for id in self.group.member_ids() {
            if let Some(to) = self.group.take_awaiting_sync(&id) {
                self.effects.reply(to, Answer::sync_error(code));
                self.heard_of(&id);
            }
        }
    }

    fn awaits(&self, assignment: &Assignment) -> bool {
        self.group.state() == State::CompletingRebalance && self.group.generation == assignment.generation
    }

    fn assigned(&self, member_id: &str) -> Answer {
        let assignment = self.group.member(member_id).map(|member| member.assignment.clone());
        Answer::Sync(SyncGroupResponse {
            protocol_type: self.group.protocol_type.clone(),
            protocol_name: self.group.protocol.clone(),
            assignment: assignment.unwrap_or_default(),
            ..SyncGroupResponse::default()
        })
    }
}
