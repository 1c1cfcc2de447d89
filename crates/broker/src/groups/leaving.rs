//! LeaveGroup: members go, or are sent away by an administrator.

use protocol::ErrorCode;
use protocol::messages::leave_group::request::MemberIdentity;
use protocol::messages::leave_group::response::MemberResponse;
use protocol::messages::leave_group::{LeaveGroupRequest, LeaveGroupResponse};
use tracing::info;

use super::answers::{Answer, ReplyTo};
use super::classic::State;
use super::coordinator::{Coordinator, Now, Turn};
use super::written::AfterWrite;

impl Coordinator {
    /// Members leave: each by its member id, or by its instance id alone. Answers [`Answer::Leave`].
    pub fn leave_group(&mut self, now: Now, request: LeaveGroupRequest, to: ReplyTo) {
        if request.group_id.is_empty() {
            return self.reply(to, Answer::leave_error(ErrorCode::InvalidGroupId));
        }
        match self.turn_at(&request.group_id, now) {
            Some(mut turn) => turn.leave(request.members, to),
            None => {
                let unknown = |identity| answer_for(identity, ErrorCode::UnknownMemberId);
                let members = request.members.into_iter().map(unknown).collect();
                self.reply(
                    to,
                    Answer::Leave(LeaveGroupResponse { members, ..LeaveGroupResponse::default() }),
                );
            }
        }
    }
}

impl Turn<'_> {
    fn leave(&mut self, identities: Vec<MemberIdentity>, to: ReplyTo) {
        if self.group.state() == State::Dead {
            return self.effects.reply(to, Answer::leave_error(ErrorCode::CoordinatorNotAvailable));
        }
        let mut anybody_left = false;
        let mut members = Vec::with_capacity(identities.len());
        for identity in identities {
            let left = self.leave_one(&identity);
            anybody_left |= left.is_ok();
            members.push(answer_for(identity, left.err().unwrap_or(ErrorCode::None)));
        }
        let record = match self.group.state() {
            State::Stable | State::CompletingRebalance if anybody_left => {
                self.prepare_rebalance("members left")
            }
            State::PreparingRebalance if anybody_left => self.complete_join_if_all_joined(),
            _ => None,
        };
        let answer = Answer::Leave(LeaveGroupResponse { members, ..LeaveGroupResponse::default() });
        match record {
            Some(record) => self.effects.write(vec![record], AfterWrite::Reply(to, answer)),
            None => self.effects.reply(to, answer),
        }
    }

    fn leave_one(&mut self, identity: &MemberIdentity) -> Result<(), ErrorCode> {
        let instance_id = identity.group_instance_id.as_deref();
        let id = if identity.member_id.is_empty() {
            let instance_id = instance_id.ok_or(ErrorCode::UnknownMemberId)?;
            self.group.static_member(instance_id).ok_or(ErrorCode::UnknownMemberId)?.to_string()
        } else {
            if !self.group.pending_join.contains(identity.member_id.as_str()) {
                self.group.check_member(&identity.member_id, instance_id)?;
            }
            identity.member_id.clone()
        };
        let reason = identity.reason.as_deref().unwrap_or_default();
        info!(group = %self.group.id, member = id, client_reason = reason, "a member leaves");
        self.remove(&id);
        Ok(())
    }
}

fn answer_for(identity: MemberIdentity, code: ErrorCode) -> MemberResponse {
    MemberResponse {
        member_id: identity.member_id,
        group_instance_id: identity.group_instance_id,
        error_code: code.code(),
    }
}
