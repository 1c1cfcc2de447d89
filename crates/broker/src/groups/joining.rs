//! JoinGroup: somebody wants to be a member, or a member wants a new generation.

use std::sync::Arc;

use bytes::Bytes;
use protocol::ErrorCode;
use protocol::messages::join_group::JoinGroupRequest;
use tracing::info;
use uuid::Uuid;

use super::answers::{Answer, ReplyTo};
use super::classic::State;
use super::coordinator::{Client, Coordinator, Membership, Now, Turn};
use super::member::{Member, own_protocols};
use super::records;
use super::written::AfterWrite;

/// From this version on, a dynamic member joins with an id that it was given before (KIP-394).
const FIRST_VERSION_WITH_KNOWN_MEMBER_ID: i16 = 4;
/// The last version without `RebalanceTimeoutMs`; the session timeout stands for it.
const LAST_VERSION_WITHOUT_REBALANCE_TIMEOUT: i16 = 0;

/// How long a new member's first join may wait. Its session cannot be watched, for it does not know its id and sends no
/// heartbeats; and a client that has given up and retried would otherwise be a member for ever.
const NEW_MEMBER_JOIN_TIMEOUT_MS: i64 = 5 * 60_000;

/// How many ids of a group may be given and not joined with. Each lasts for a session timeout of the client's choice,
/// up to half an hour by default, and costs nothing to ask for.
pub(super) const PENDING_MEMBERS_MAX: usize = 10_000;

impl Coordinator {
    /// A client wants to join. Answers [`Answer::Join`], which may take until the group's rebalance completes.
    ///
    /// `fresh` is the random part of a new member's id.
    pub fn join_group(
        &mut self,
        now: Now,
        client: Client<'_>,
        mut request: JoinGroupRequest,
        fresh: Uuid,
        to: ReplyTo,
    ) {
        if client.version <= LAST_VERSION_WITHOUT_REBALANCE_TIMEOUT {
            request.rebalance_timeout_ms = request.session_timeout_ms;
        }
        if let Err(code) = self.check_join(&request) {
            return self.reply(to, Answer::join_error(&request.member_id, code));
        }
        let group_id = std::mem::take(&mut request.group_id);
        let is_new_member = request.member_id.is_empty();

        let mut records = Vec::new();
        let is_new_group = match self.groups.get(group_id.as_str()).map(|group| &group.membership) {
            None => true,
            Some(Membership::Classic(_)) => false,
            Some(Membership::Foreign(group)) if group.gives_way(now.timer_ms) => {
                records = group.tombstones();
                true
            }
            Some(Membership::Foreign(_)) => {
                return self.reply(to, Answer::join_error("", ErrorCode::InconsistentGroupProtocol));
            }
        };
        if is_new_group && !is_new_member {
            return self.reply(to, Answer::join_error(&request.member_id, ErrorCode::UnknownMemberId));
        }
        if is_new_group {
            self.create(&group_id, now);
        }
        let Some(turn) = self.turn_at(&group_id, now) else { return };
        if is_new_group {
            // The first rebalance of a group always waits, so nothing else that is written can be newer than this.
            records.push(records::new_group(turn.group));
        }
        turn.join(client, request, fresh, to);
        if !records.is_empty() {
            self.effects.write(records, AfterWrite::Nothing);
        }
    }

    fn check_join(&self, request: &JoinGroupRequest) -> Result<(), ErrorCode> {
        if request.group_id.is_empty() {
            return Err(ErrorCode::InvalidGroupId);
        }
        let allowed = self.settings.group_min_session_timeout_ms..=self.settings.group_max_session_timeout_ms;
        if allowed.contains(&request.session_timeout_ms) {
            Ok(())
        } else {
            Err(ErrorCode::InvalidSessionTimeout)
        }
    }
}

impl Turn<'_> {
    fn join(mut self, client: Client<'_>, mut request: JoinGroupRequest, fresh: Uuid, to: ReplyTo) {
        request.protocols = own_protocols(request.protocols);
        if !self.has_room_for(&request.member_id) {
            self.remove(&request.member_id);
            return self.effects.reply(to, Answer::join_error("", ErrorCode::GroupMaxSizeReached));
        }
        let joined = if self.group.state() == State::Dead {
            Err(ErrorCode::CoordinatorNotAvailable)
        } else if !self.group.supports(&request.protocol_type, &request.protocols) {
            Err(ErrorCode::InconsistentGroupProtocol)
        } else if request.member_id.is_empty() {
            self.join_new(client, request, fresh, to);
            return;
        } else {
            self.join_known(client, &mut request, to)
        };
        if let Err(code) = joined {
            self.effects.reply(to, Answer::join_error(&request.member_id, code));
        }
    }

    /// Whether the group is large enough for one more, or has the member already.
    fn has_room_for(&self, member_id: &str) -> bool {
        let max = usize::try_from(self.settings.group_max_size).unwrap_or(0);
        let member = self.group.member(member_id);
        match self.group.state() {
            State::Empty | State::Dead => true,
            // Those who are back count, not those who were there: if the limit was lowered, the last to rejoin are out.
            State::PreparingRebalance => {
                member.is_some_and(|member| member.awaiting_join.is_some())
                    || self.group.awaiting_join() < max
            }
            State::CompletingRebalance | State::Stable => {
                member.is_some() || self.group.members().len() < max
            }
        }
    }

    fn join_new(&mut self, client: Client<'_>, request: JoinGroupRequest, fresh: Uuid, to: ReplyTo) {
        let prefix = request.group_instance_id.as_deref().unwrap_or(client.id);
        let id: Arc<str> = Arc::from(format!("{prefix}-{fresh}"));
        if let Some(instance_id) = &request.group_instance_id {
            match self.group.static_member(instance_id).cloned() {
                Some(old_id) => self.replace_static(client, request, &old_id, id, to),
                None => self.add(client, request, id, to),
            }
        } else if client.version < FIRST_VERSION_WITH_KNOWN_MEMBER_ID {
            self.add(client, request, id, to);
        } else {
            self.give_id(&request, id, to);
        }
    }

    /// Gives a member its id and has it join again: a client that retries its first join would else be several members.
    fn give_id(&mut self, request: &JoinGroupRequest, id: Arc<str>, to: ReplyTo) {
        if self.group.pending_join.len() >= PENDING_MEMBERS_MAX {
            return self.effects.reply(to, Answer::join_error("", ErrorCode::GroupMaxSizeReached));
        }
        let deadline_ms = self.now.timer_ms.saturating_add(i64::from(request.session_timeout_ms));
        self.effects.watch_session(&self.group.id, &id, deadline_ms);
        self.effects.reply(to, Answer::join_error(&id, ErrorCode::MemberIdRequired));
        self.group.pending_join.insert(id);
    }

    fn add(&mut self, client: Client<'_>, request: JoinGroupRequest, id: Arc<str>, to: ReplyTo) {
        if self.group.is_initial_rebalance() {
            self.group.new_member_added = true;
        }
        let reason = request.reason.unwrap_or_default();
        info!(
            group = %self.group.id, member = %id, instance = request.group_instance_id, client_reason = reason,
            "a new member joins"
        );
        let member = Member {
            id: Arc::clone(&id),
            instance_id: request.group_instance_id.map(Arc::from),
            client_id: client.id.to_owned(),
            client_host: client.host.to_owned(),
            rebalance_timeout_ms: request.rebalance_timeout_ms,
            session_timeout_ms: request.session_timeout_ms,
            protocols: request.protocols,
            assignment: Bytes::new(),
            awaiting_join: Some(to),
            awaiting_sync: None,
            is_new: true,
        };
        self.group.add(member, request.protocol_type);
        let deadline_ms = self.now.timer_ms.saturating_add(NEW_MEMBER_JOIN_TIMEOUT_MS);
        self.effects.watch_session(&self.group.id, &id, deadline_ms);
        let record = self.rebalance_or_complete("a new member joins");
        self.persist(record);
    }

    fn join_known(
        &mut self,
        client: Client<'_>,
        request: &mut JoinGroupRequest,
        to: ReplyTo,
    ) -> Result<(), ErrorCode> {
        if let Some(id) = self.group.pending_join.get(request.member_id.as_str()).cloned() {
            if request.group_instance_id.is_some() {
                // Ids are given to dynamic members only. Kafka, too, has no better code for a client that mixes both.
                self.effects.reply(to, Answer::join_error("", ErrorCode::UnknownServerError));
                return Ok(());
            }
            self.add(client, std::mem::take(request), id, to);
            return Ok(());
        }
        self.group.check_member(&request.member_id, request.group_instance_id.as_deref())?;
        let says_the_same =
            self.group.member(&request.member_id).is_some_and(|member| member.matches(&request.protocols));
        match self.group.state() {
            State::PreparingRebalance => self.rejoin(request, to, "a member rejoins"),
            State::CompletingRebalance if says_the_same => {
                // The answer to its first join may have been lost.
                let answer = self.generation_to_assign(&request.member_id);
                self.effects.reply(to, Answer::Join(answer));
            }
            // A leader rejoins when something changed that its metadata does not show, such as a topic's partitions.
            State::Stable if self.group.is_leader(&request.member_id) => {
                self.rejoin(request, to, "the leader rejoins");
            }
            State::Stable if says_the_same => {
                let answer = self.current_generation(&request.member_id);
                self.effects.reply(to, Answer::Join(answer));
            }
            State::CompletingRebalance | State::Stable => {
                self.rejoin(request, to, "a member's metadata changes")
            }
            State::Empty | State::Dead => return Err(ErrorCode::UnknownMemberId),
        }
        Ok(())
    }

    fn rejoin(&mut self, request: &mut JoinGroupRequest, to: ReplyTo, reason: &str) {
        self.update(request, to);
        let record = self.rebalance_or_complete(reason);
        self.persist(record);
    }

    /// Has a member say what its request says, and wait for the join phase to end.
    pub(super) fn update(&mut self, request: &mut JoinGroupRequest, to: ReplyTo) {
        let displaced = self.group.update(
            &request.member_id,
            std::mem::take(&mut request.protocols),
            request.rebalance_timeout_ms,
            request.session_timeout_ms,
            Some(to),
        );
        if let Some(displaced) = displaced {
            // The member has asked again, most likely because this connection was lost.
            let answer = Answer::join_error(&request.member_id, ErrorCode::RebalanceInProgress);
            self.effects.reply(displaced, answer);
        }
    }
}
