//! A classic group: its state, its members, and what follows from both.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use protocol::ErrorCode;
use protocol::messages::join_group::request::JoinGroupRequestProtocol;
use protocol::messages::join_group::response::JoinGroupResponseMember;

use super::answers::ReplyTo;
use super::member::Member;
use super::subscription::{self, CONSUMER_PROTOCOL_TYPE};

/// Where a group is in its life.
///
/// ```text
///          join                 all joined, or time is up             assignment is in the log
///  Empty ───────► Preparing ─────────────────────────► Completing ─────────────────────────► Stable
///    ▲             Rebalance ◄──── join, leave, death ── Rebalance                              │
///    └── nobody left ──┘ ▲                                                                      │
///                        └───────────────────── join, leave, death ─────────────────────────────┘
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// No members; perhaps offsets.
    Empty,
    /// Members are (re)joining.
    PreparingRebalance,
    /// The generation is fixed and its leader's assignment is awaited.
    CompletingRebalance,
    /// Every member has its assignment.
    Stable,
    /// On its way out: deleted, or handed to another coordinator.
    Dead,
}

impl State {
    /// The name that clients are shown.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::PreparingRebalance => "PreparingRebalance",
            Self::CompletingRebalance => "CompletingRebalance",
            Self::Stable => "Stable",
            Self::Dead => "Dead",
        }
    }
}

/// How the first rebalance of a group waits for more members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InitialDelay {
    /// The delay that runs.
    pub(super) delay_ms: i64,
    /// How much longer the rebalance may be put off.
    pub(super) remaining_ms: i64,
}

/// A group of Kafka's classic protocol. One that was never joined, and only commits offsets, has no protocol type.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ClassicGroup {
    pub(super) id: Arc<str>,
    state: State,
    previous_state: State,
    /// When the state was entered, in milliseconds since 1970; unknown for groups from very old records.
    pub(super) state_since_ms: Option<i64>,
    pub(super) generation: i32,
    pub(super) protocol_type: Option<String>,
    pub(super) protocol: Option<String>,
    pub(super) leader: Option<Arc<str>>,
    members: BTreeMap<Arc<str>, Member>,
    /// Member ids by instance id.
    static_members: HashMap<Arc<str>, Arc<str>>,
    /// Ids that were given and have not been joined with.
    pub(super) pending_join: BTreeSet<Arc<str>>,
    /// Members of this generation that have not asked for their assignment.
    pub(super) pending_sync: BTreeSet<Arc<str>>,
    /// How many members support each protocol.
    support: HashMap<String, usize>,
    /// How many members wait for the join phase to end.
    awaiting_join: usize,
    /// A member came while the first rebalance waited for members.
    pub(super) new_member_added: bool,
    /// Runs until the first rebalance of an empty group completes.
    pub(super) initial_delay: Option<InitialDelay>,
    /// What the members subscribe to; `None` when that cannot be known.
    pub(super) subscribed_topics: Option<BTreeSet<String>>,
}

impl ClassicGroup {
    /// An empty group.
    pub(super) fn new(id: Arc<str>, unix_ms: i64) -> Self {
        Self {
            id,
            state: State::Empty,
            previous_state: State::Dead,
            state_since_ms: Some(unix_ms),
            generation: 0,
            protocol_type: None,
            protocol: None,
            leader: None,
            members: BTreeMap::new(),
            static_members: HashMap::new(),
            pending_join: BTreeSet::new(),
            pending_sync: BTreeSet::new(),
            support: HashMap::new(),
            awaiting_join: 0,
            new_member_added: false,
            initial_delay: None,
            subscribed_topics: None,
        }
    }

    /// A group as a record describes it: stable if it has members, else empty.
    pub(super) fn restored(
        id: Arc<str>,
        state_since_ms: Option<i64>,
        generation: i32,
        protocol_type: Option<String>,
        protocol: Option<String>,
        leader: Option<Arc<str>>,
        members: Vec<Member>,
    ) -> Self {
        let state = if members.is_empty() { State::Empty } else { State::Stable };
        let mut group =
            Self { state, state_since_ms, generation, protocol_type, protocol, leader, ..Self::new(id, 0) };
        for member in members {
            group.insert(member);
        }
        group.subscribed_topics = group.compute_subscribed_topics();
        group
    }

    pub(super) fn state(&self) -> State {
        self.state
    }

    /// Enters a state.
    pub(super) fn transition_to(&mut self, state: State, unix_ms: i64) {
        self.previous_state = self.state;
        self.state = state;
        self.state_since_ms = Some(unix_ms);
    }

    /// The rebalance under way is the first since the group was empty.
    pub(super) fn is_initial_rebalance(&self) -> bool {
        self.state == State::PreparingRebalance && self.previous_state == State::Empty
    }

    /// A rebalance can begin.
    pub(super) fn can_rebalance(&self) -> bool {
        matches!(self.state, State::Empty | State::CompletingRebalance | State::Stable)
    }

    pub(super) fn members(&self) -> impl ExactSizeIterator<Item = &Member> {
        self.members.values()
    }

    pub(super) fn members_mut(&mut self) -> impl Iterator<Item = &mut Member> {
        self.members.values_mut()
    }

    pub(super) fn member_ids(&self) -> Vec<Arc<str>> {
        self.members.keys().cloned().collect()
    }

    pub(super) fn member(&self, id: &str) -> Option<&Member> {
        self.members.get(id)
    }

    pub(super) fn static_member(&self, instance_id: &str) -> Option<&Arc<str>> {
        self.static_members.get(instance_id)
    }

    pub(super) fn is_leader(&self, id: &str) -> bool {
        self.leader.as_deref() == Some(id)
    }

    pub(super) fn awaiting_join(&self) -> usize {
        self.awaiting_join
    }

    /// Nobody is missing from the join phase.
    pub(super) fn has_all_joined(&self) -> bool {
        self.members.len() == self.awaiting_join && self.pending_join.is_empty()
    }

    /// The longest time that any member wants to be given to rejoin.
    pub(super) fn rebalance_timeout_ms(&self) -> i64 {
        self.members.values().map(|member| i64::from(member.rebalance_timeout_ms)).max().unwrap_or(0).max(0)
    }

    /// Whether `member_id`, under `instance_id` if it has one, is a member.
    ///
    /// # Errors
    ///
    /// `UNKNOWN_MEMBER_ID`, or `FENCED_INSTANCE_ID` when the instance has another member id by now.
    pub(super) fn check_member(&self, member_id: &str, instance_id: Option<&str>) -> Result<(), ErrorCode> {
        if let Some(instance_id) = instance_id {
            let current = self.static_member(instance_id).ok_or(ErrorCode::UnknownMemberId)?;
            if **current != *member_id {
                return Err(ErrorCode::FencedInstanceId);
            }
        }
        if self.members.contains_key(member_id) { Ok(()) } else { Err(ErrorCode::UnknownMemberId) }
    }

    /// Whether a member with these protocols can live with the members that there are.
    pub(super) fn supports(&self, protocol_type: &str, protocols: &[JoinGroupRequestProtocol]) -> bool {
        if self.state == State::Empty {
            return !protocol_type.is_empty() && !protocols.is_empty();
        }
        let everyone = self.members.len();
        self.protocol_type.as_deref() == Some(protocol_type)
            && protocols.iter().any(|own| self.support.get(&own.name).copied().unwrap_or(0) == everyone)
    }

    /// Adds a member whose protocols are supported.
    pub(super) fn add(&mut self, member: Member, protocol_type: String) {
        if self.members.is_empty() {
            self.protocol_type = Some(protocol_type);
        }
        self.insert(member);
    }

    fn insert(&mut self, member: Member) {
        self.remove(&member.id);
        if let Some(instance_id) = &member.instance_id {
            self.static_members.insert(Arc::clone(instance_id), Arc::clone(&member.id));
        }
        if self.leader.is_none() {
            self.leader = Some(Arc::clone(&member.id));
        }
        self.awaiting_join += usize::from(member.awaiting_join.is_some());
        self.count_support(&member.protocols);
        self.members.insert(Arc::clone(&member.id), member);
    }

    /// Takes a member, or an id that was not joined with yet, out of the group. Another member leads if it led.
    pub(super) fn remove(&mut self, id: &str) -> Option<Member> {
        self.pending_join.remove(id);
        self.pending_sync.remove(id);
        let member = self.members.remove(id)?;
        self.discount_support(&member.protocols);
        self.awaiting_join -= usize::from(member.awaiting_join.is_some());
        if let Some(instance_id) = &member.instance_id {
            self.static_members.remove(instance_id);
        }
        if self.is_leader(id) {
            self.leader = self.members.keys().next().cloned();
        }
        Some(member)
    }

    /// Gives a static member another id. It takes over everything but the requests that the old one waits for.
    pub(super) fn rename(&mut self, old_id: &str, new_id: &Arc<str>) -> Option<Member> {
        let led = self.is_leader(old_id);
        let old = self.remove(old_id)?;
        let renamed = Member {
            id: Arc::clone(new_id),
            awaiting_join: None,
            awaiting_sync: None,
            is_new: false,
            ..old.clone()
        };
        self.insert(renamed);
        if led {
            self.leader = Some(Arc::clone(new_id));
        }
        Some(old)
    }

    /// Has a member say something new. Gives back the join request that it waited for until now, if it did.
    pub(super) fn update(
        &mut self,
        id: &str,
        protocols: Vec<JoinGroupRequestProtocol>,
        rebalance_timeout_ms: i32,
        session_timeout_ms: i32,
        awaiting_join: Option<ReplyTo>,
    ) -> Option<ReplyTo> {
        let before = self.members.get_mut(id).map(|member| std::mem::take(&mut member.protocols))?;
        self.discount_support(&before);
        self.count_support(&protocols);
        let member = self.members.get_mut(id)?;
        member.protocols = protocols;
        member.rebalance_timeout_ms = rebalance_timeout_ms;
        member.session_timeout_ms = session_timeout_ms;
        let displaced = std::mem::replace(&mut member.awaiting_join, awaiting_join);
        self.awaiting_join += usize::from(awaiting_join.is_some());
        self.awaiting_join -= usize::from(displaced.is_some());
        displaced
    }

    /// The join request that a member waits for; it then waits no longer.
    pub(super) fn take_awaiting_join(&mut self, id: &str) -> Option<ReplyTo> {
        let to = self.members.get_mut(id)?.awaiting_join.take()?;
        self.awaiting_join -= 1;
        Some(to)
    }

    /// Has a member wait for its assignment. Gives back the request that waited for it until now, if there is one.
    pub(super) fn await_sync(&mut self, id: &str, to: ReplyTo) -> Option<ReplyTo> {
        self.members.get_mut(id)?.awaiting_sync.replace(to)
    }

    /// The request that a member waits with for its assignment; it then waits no longer.
    pub(super) fn take_awaiting_sync(&mut self, id: &str) -> Option<ReplyTo> {
        self.members.get_mut(id)?.awaiting_sync.take()
    }

    /// The members with what they said with the selected protocol: what a leader assigns by.
    pub(super) fn members_for_leader(&self) -> Vec<JoinGroupResponseMember> {
        let protocol = self.protocol.as_deref().unwrap_or_default();
        self.members()
            .map(|member| JoinGroupResponseMember {
                member_id: member.id.to_string(),
                group_instance_id: member.instance_id.as_deref().map(str::to_owned),
                metadata: member.metadata(protocol),
            })
            .collect()
    }

    /// What each member has been assigned.
    pub(super) fn assignments(&self) -> BTreeMap<Arc<str>, Bytes> {
        self.members().map(|member| (Arc::clone(&member.id), member.assignment.clone())).collect()
    }

    /// Makes sure that the leader is among those who have joined. `false` when nobody has.
    pub(super) fn elect_joined_leader(&mut self) -> bool {
        let joined = |member: &&Member| member.awaiting_join.is_some();
        if self.leader.as_deref().and_then(|id| self.member(id)).as_ref().is_some_and(joined) {
            return true;
        }
        let elected = self.members().find(joined).map(|member| Arc::clone(&member.id));
        if elected.is_some() {
            self.leader = elected;
            return true;
        }
        false
    }

    /// Begins the next generation with the members that there are.
    pub(super) fn next_generation(&mut self, unix_ms: i64) {
        self.generation = self.generation.checked_add(1).unwrap_or(0);
        self.protocol = self.select_protocol();
        self.subscribed_topics = self.compute_subscribed_topics();
        self.pending_sync.clear();
        let state = if self.members.is_empty() { State::Empty } else { State::CompletingRebalance };
        self.transition_to(state, unix_ms);
    }

    /// The protocol that gets most votes: each member has one, for the first of its protocols that everybody supports.
    /// Of several with equally many, the one that the leader prefers.
    pub(super) fn select_protocol(&self) -> Option<String> {
        let everyone = self.members.len();
        let mut votes: HashMap<&str, usize> = HashMap::new();
        for member in self.members() {
            let vote = member.protocols.iter().find(|own| self.support.get(&own.name) == Some(&everyone))?;
            *votes.entry(&vote.name).or_default() += 1;
        }
        let leader =
            self.leader.as_deref().and_then(|id| self.member(id)).or_else(|| self.members().next())?;
        // `max_by_key` takes the last of equals, so the most preferred comes last.
        let preferences = leader.protocols.iter().rev();
        preferences.max_by_key(|own| votes.get(own.name.as_str()).copied()).map(|own| own.name.clone())
    }

    /// Whether the group reads a topic. A consumer group of which that cannot be known is taken to read all.
    pub(super) fn is_subscribed_to(&self, topic: &str) -> bool {
        match &self.subscribed_topics {
            Some(topics) => topics.contains(topic),
            None => self.is_consumer_group(),
        }
    }

    /// The members are consumers: their metadata is a subscription.
    pub(super) fn is_consumer_group(&self) -> bool {
        self.protocol_type.as_deref() == Some(CONSUMER_PROTOCOL_TYPE)
    }

    fn compute_subscribed_topics(&self) -> Option<BTreeSet<String>> {
        if !self.is_consumer_group() {
            return None;
        }
        if self.members.is_empty() {
            return Some(BTreeSet::new());
        }
        let protocol = self.protocol.as_deref()?;
        let mut all = BTreeSet::new();
        for member in self.members() {
            all.extend(subscription::topics(member.metadata(protocol))?);
        }
        Some(all)
    }

    fn count_support(&mut self, protocols: &[JoinGroupRequestProtocol]) {
        for protocol in protocols {
            *self.support.entry(protocol.name.clone()).or_default() += 1;
        }
    }

    fn discount_support(&mut self, protocols: &[JoinGroupRequestProtocol]) {
        for protocol in protocols {
            if let Some(count) = self.support.get_mut(&protocol.name) {
                *count -= 1;
                if *count == 0 {
                    self.support.remove(&protocol.name);
                }
            }
        }
    }
}
