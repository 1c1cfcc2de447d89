//! The join phase: it begins when the members change and ends with a new generation.
//!
//! Whatever may leave a group empty gives back the record that says so, because only the caller knows which answer has
//! to wait for it; [`Turn::persist`] writes it where none does.

use protocol::ErrorCode;
use protocol::messages::join_group::JoinGroupResponse;
use tracing::{debug, info};

use super::answers::Answer;
use super::classic::{InitialDelay, State};
use super::coordinator::Turn;
use super::records::{self, Record};
use super::timers::Timer;
use super::written::AfterWrite;

impl Turn<'_> {
    /// Begins a rebalance, or ends the join phase of the one under way if everybody is there.
    #[must_use]
    pub(super) fn rebalance_or_complete(&mut self, reason: &str) -> Option<Record> {
        if self.group.can_rebalance() {
            self.prepare_rebalance(reason)
        } else {
            self.complete_join_if_all_joined()
        }
    }

    /// Begins a rebalance: members learn from their heartbeats that they have to rejoin.
    #[must_use]
    pub(super) fn prepare_rebalance(&mut self, reason: &str) -> Option<Record> {
        if self.group.state() == State::CompletingRebalance {
            self.abandon_assignment(ErrorCode::RebalanceInProgress);
        }
        self.group.pending_sync.clear();
        self.effects.timers.cancel(Timer::Sync { group: self.group.id.clone() });
        let is_first = self.group.state() == State::Empty;
        self.group.transition_to(State::PreparingRebalance, self.now.unix_ms);
        info!(group = %self.group.id, generation = self.group.generation, reason, "rebalancing");
        if is_first {
            // More members are likely on their way, and each that comes later would mean another rebalance.
            let delay_ms = i64::from(self.settings.group_initial_rebalance_delay_ms);
            let remaining_ms = (self.group.rebalance_timeout_ms() - delay_ms).max(0);
            self.delay_first_rebalance(InitialDelay { delay_ms, remaining_ms });
            return None;
        }
        if self.group.has_all_joined() {
            return self.complete_join();
        }
        self.await_joins();
        None
    }

    /// Ends the join phase if nobody is missing. The first rebalance of a group waits for its delay all the same.
    #[must_use]
    pub(super) fn complete_join_if_all_joined(&mut self) -> Option<Record> {
        let preparing = self.group.state() == State::PreparingRebalance;
        if preparing && !self.group.is_initial_rebalance() && self.group.has_all_joined() {
            self.complete_join()
        } else {
            None
        }
    }

    /// The time of the join phase is up.
    pub(super) fn join_phase_timed_out(&mut self) {
        if self.group.state() == State::Dead {
            return;
        }
        if let Some(InitialDelay { delay_ms, remaining_ms }) = self.group.initial_delay.take()
            && self.group.new_member_added
            && remaining_ms != 0
        {
            self.group.new_member_added = false;
            self.delay_first_rebalance(InitialDelay {
                delay_ms: remaining_ms.min(i64::from(self.settings.group_initial_rebalance_delay_ms)),
                remaining_ms: (remaining_ms - delay_ms).max(0),
            });
            return;
        }
        let record = self.complete_join();
        self.persist(record);
    }

    /// Ends the join phase: dynamic members that are not back are out, the rest are the next generation.
    #[must_use]
    pub(super) fn complete_join(&mut self) -> Option<Record> {
        self.effects.timers.cancel(Timer::Join { group: self.group.id.clone() });
        self.group.initial_delay = None;
        let missing = |member: &&super::member::Member| member.awaiting_join.is_none() && !member.is_static();
        let missing: Vec<_> = self.group.members().filter(missing).map(|member| member.id.clone()).collect();
        for id in missing {
            info!(group = %self.group.id, member = %id, "a member did not rejoin in time");
            self.remove(&id);
        }
        if !self.group.elect_joined_leader() && self.group.members().len() > 0 {
            // Only static members are left, and none of them is back. Their sessions decide what comes of the group.
            debug!(group = %self.group.id, "nobody rejoined; waiting on");
            self.await_joins();
            return None;
        }
        self.group.next_generation(self.now.unix_ms);
        if self.group.state() == State::Empty {
            info!(group = %self.group.id, generation = self.group.generation, "the group is empty");
            return Some(records::group_metadata(self.group, &self.group.assignments()));
        }
        self.announce_generation();
        None
    }

    /// Writes a record that no answer waits for.
    pub(super) fn persist(&mut self, record: Option<Record>) {
        if let Some(record) = record {
            self.effects.write(vec![record], AfterWrite::Nothing);
        }
    }

    /// Tells a member of the generation that there is, which is all that it needs in order to ask for its assignment.
    pub(super) fn current_generation(&self, member_id: &str) -> JoinGroupResponse {
        JoinGroupResponse {
            generation_id: self.group.generation,
            protocol_type: self.group.protocol_type.clone(),
            protocol_name: self.group.protocol.clone(),
            leader: self.group.leader.as_deref().unwrap_or_default().to_owned(),
            member_id: member_id.to_owned(),
            ..JoinGroupResponse::default()
        }
    }

    /// The same, with the members if it is the leader, which assigns by them.
    pub(super) fn generation_to_assign(&self, member_id: &str) -> JoinGroupResponse {
        let leads = self.group.is_leader(member_id);
        let members = if leads { self.group.members_for_leader() } else { Vec::new() };
        JoinGroupResponse { members, ..self.current_generation(member_id) }
    }

    fn announce_generation(&mut self) {
        info!(
            group = %self.group.id,
            generation = self.group.generation,
            members = self.group.members().len(),
            "a new generation"
        );
        for id in self.group.member_ids() {
            if let Some(to) = self.group.take_awaiting_join(&id) {
                let answer = self.generation_to_assign(&id);
                self.effects.reply(to, Answer::Join(answer));
            }
            self.heard_of(&id);
            self.group.pending_sync.insert(id);
        }
        for member in self.group.members_mut() {
            member.is_new = false;
        }
        self.schedule(Timer::Sync { group: self.group.id.clone() }, self.group.rebalance_timeout_ms());
    }

    fn await_joins(&mut self) {
        self.schedule(Timer::Join { group: self.group.id.clone() }, self.group.rebalance_timeout_ms());
    }

    fn delay_first_rebalance(&mut self, delay: InitialDelay) {
        self.group.initial_delay = Some(delay);
        self.schedule(Timer::Join { group: self.group.id.clone() }, delay.delay_ms);
    }

    pub(super) fn schedule(&mut self, timer: Timer, after_ms: i64) {
        self.effects.timers.schedule(timer, self.now.timer_ms.saturating_add(after_ms));
    }
}
