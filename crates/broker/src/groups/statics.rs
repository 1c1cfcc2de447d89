//! Static members (KIP-345) that come back under a new member id.

use std::sync::Arc;

use protocol::ErrorCode;
use protocol::messages::join_group::JoinGroupRequest;
use tracing::{info, warn};

use super::answers::{Answer, ReplyTo};
use super::classic::State;
use super::coordinator::{Client, Turn};
use super::member::Member;
use super::records;
use super::written::AfterWrite;

/// From this version on, a leader can be told not to assign (KIP-814).
const FIRST_VERSION_WITH_SKIP_ASSIGNMENT: i16 = 9;

/// A static member whose new id is on its way to the log.
#[derive(Clone, Debug)]
pub(super) struct Replacement {
    pub(super) group: Arc<str>,
    new_id: Arc<str>,
    /// The join that is told the new id when it is written. A generation that began meanwhile has told it already.
    to: ReplyTo,
    /// The member as it was, without requests.
    old: Member,
    /// The leader before the replacement: what clients that cannot skip the assignment are told, so that a leader
    /// that comes back does not assign again.
    leader_before: Option<Arc<str>>,
    can_skip_assignment: bool,
}

impl Turn<'_> {
    /// A static member joins without its id: it was restarted. The id that it had is fenced from now on.
    pub(super) fn replace_static(
        &mut self,
        client: Client<'_>,
        mut request: JoinGroupRequest,
        old_id: &Arc<str>,
        new_id: Arc<str>,
        to: ReplyTo,
    ) {
        let leader_before = self.group.leader.clone();
        let Some(old) = self.group.rename(old_id, &new_id) else { return };
        info!(
            group = %self.group.id, instance = old.instance_id.as_deref(), old = %old_id, new = %new_id,
            "a static member is back under a new id"
        );
        self.effects.forget_session(&self.group.id, old_id);
        self.dismiss(&old, old_id, ErrorCode::FencedInstanceId);

        request.member_id = new_id.to_string();
        self.update(&mut request, to);
        self.heard_of(&new_id);
        match self.group.state() {
            // The next generation would have the same protocol, and assignments are by instance to those who look at
            // it, so the group need not rebalance: that is what static members are for.
            State::Stable if self.group.select_protocol() == self.group.protocol => {
                let record = records::group_metadata(self.group, &self.group.assignments());
                let replacement = Replacement {
                    group: Arc::clone(&self.group.id),
                    new_id,
                    to,
                    old: Member { awaiting_join: None, awaiting_sync: None, ..old },
                    leader_before,
                    can_skip_assignment: client.version >= FIRST_VERSION_WITH_SKIP_ASSIGNMENT,
                };
                self.effects.write(vec![record], AfterWrite::Replaced(Box::new(replacement)));
            }
            // The leader may be assigning to the old id right now; the new one would get nothing.
            State::Stable | State::CompletingRebalance => {
                let record = self.prepare_rebalance("a static member is back");
                self.persist(record);
            }
            State::PreparingRebalance => {
                let record = self.complete_join_if_all_joined();
                self.persist(record);
            }
            State::Empty | State::Dead => {}
        }
    }

    /// The new id is in the log: the member may know it.
    pub(super) fn replacement_written(&mut self, replacement: &Replacement) {
        if !self.end_wait(replacement) {
            return;
        }
        let id = &replacement.new_id;
        // While it waited, a session that ran out was overlooked, and nothing watches it any more.
        self.heard_of(id);
        let answer = if replacement.can_skip_assignment {
            let mut answer = self.generation_to_assign(id);
            answer.skip_assignment = self.group.is_leader(id);
            answer
        } else {
            let mut answer = self.current_generation(id);
            answer.leader = replacement.leader_before.as_deref().unwrap_or_default().to_owned();
            answer
        };
        self.effects.reply(replacement.to, Answer::Join(answer));
    }

    /// The new id did not get into the log: the member has its old one again, unless it knows the new one, which then
    /// gets into the log with the generation that told it.
    pub(super) fn replacement_failed(&mut self, replacement: Replacement, code: ErrorCode) {
        let waited = self.end_wait(&replacement);
        let Replacement { new_id, to, old, .. } = replacement;
        warn!(group = %self.group.id, old = %old.id, new = %new_id, ?code, "cannot store a static member's new id");
        if !waited {
            return;
        }
        self.effects.reply(to, Answer::join_error("", code));
        self.effects.forget_session(&self.group.id, &new_id);
        if self.group.rename(&new_id, &old.id).is_some() {
            self.group.update(&old.id, old.protocols, old.rebalance_timeout_ms, old.session_timeout_ms, None);
            self.heard_of(&old.id);
        }
    }

    /// Ends a member's wait for its new id to be written. `false` if that is not what it waits for any more.
    fn end_wait(&mut self, replacement: &Replacement) -> bool {
        let member = self.group.member(&replacement.new_id);
        let waits = member.is_some_and(|member| member.awaiting_join == Some(replacement.to));
        waits && self.group.take_awaiting_join(&replacement.new_id).is_some()
    }
}
