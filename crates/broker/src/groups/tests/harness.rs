//! A coordinator with a clock, a log and clients that are none of them real.

use std::collections::{BTreeMap, HashSet, VecDeque};

use bytes::Bytes;
use protocol::messages::heartbeat::HeartbeatRequest;
use protocol::messages::join_group::request::JoinGroupRequestProtocol;
use protocol::messages::join_group::{JoinGroupRequest, JoinGroupResponse};
use protocol::messages::leave_group::request::MemberIdentity;
use protocol::messages::leave_group::{LeaveGroupRequest, LeaveGroupResponse};
use protocol::messages::offset_commit::request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use protocol::messages::offset_commit::{OffsetCommitRequest, OffsetCommitResponse};
use protocol::messages::offset_fetch::request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use protocol::messages::sync_group::request::SyncGroupRequestAssignment;
use protocol::messages::sync_group::{SyncGroupRequest, SyncGroupResponse};
use protocol::{ErrorCode, Offset};
use uuid::Uuid;

use crate::groups::{Action, Answer, Client, Coordinator, Loader, Now, Record, ReplyTo, Settings, WriteId};

pub(super) const GROUP: &str = "readers";
pub(super) const SESSION_MS: i32 = 10_000;
pub(super) const REBALANCE_MS: i32 = 60_000;
/// The virtual clock starts here, so that times since 1970 look like ones.
pub(super) const EPOCH_MS: i64 = 1_700_000_000_000;

/// How a client joins.
#[derive(Clone)]
pub(super) struct Join {
    pub(super) version: i16,
    pub(super) request: JoinGroupRequest,
}

/// The request of a consumer that is not a member yet, at the newest version.
pub(super) fn consumer() -> Join {
    let request = JoinGroupRequest {
        group_id: GROUP.to_owned(),
        session_timeout_ms: SESSION_MS,
        rebalance_timeout_ms: REBALANCE_MS,
        protocol_type: "consumer".to_owned(),
        protocols: vec![protocol("range", &["orders"])],
        ..JoinGroupRequest::default()
    };
    Join { version: 9, request }
}

/// A protocol whose metadata is a subscription to topics.
pub(super) fn protocol(name: &str, topics: &[&str]) -> JoinGroupRequestProtocol {
    let mut metadata = vec![0, 0];
    metadata.extend((topics.len() as i32).to_be_bytes());
    for topic in topics {
        metadata.extend((topic.len() as i16).to_be_bytes());
        metadata.extend(topic.as_bytes());
    }
    metadata.extend((-1i32).to_be_bytes());
    JoinGroupRequestProtocol { name: name.to_owned(), metadata: metadata.into() }
}

impl Join {
    pub(super) fn version(mut self, version: i16) -> Self {
        self.version = version;
        self
    }

    pub(super) fn id(mut self, id: &str) -> Self {
        self.request.member_id = id.to_owned();
        self
    }

    pub(super) fn instance(mut self, instance_id: &str) -> Self {
        self.request.group_instance_id = Some(instance_id.to_owned());
        self
    }

    pub(super) fn protocols(mut self, protocols: &[JoinGroupRequestProtocol]) -> Self {
        self.request.protocols = protocols.to_vec();
        self
    }

    pub(super) fn with(mut self, change: impl FnOnce(&mut JoinGroupRequest)) -> Self {
        change(&mut self.request);
        self
    }
}

/// A coordinator and the world around it.
pub(super) struct World {
    pub(super) coordinator: Coordinator,
    pub(super) settings: Settings,
    pub(super) now_ms: i64,
    /// What has been written, in order.
    pub(super) log: Vec<Record>,
    /// Writes that have been asked for and not done.
    pub(super) writes: VecDeque<(WriteId, Vec<Record>)>,
    /// Writes wait for [`World::finish_writes`].
    pub(super) hold_writes: bool,
    asked: u64,
    open: HashSet<ReplyTo>,
    answers: BTreeMap<ReplyTo, Answer>,
}

impl World {
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(super) fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::default();
        change(&mut settings);
        Self::restarted(settings, Vec::new(), 0)
    }

    /// A coordinator that has read `log`.
    pub(super) fn restarted(settings: Settings, log: Vec<Record>, now_ms: i64) -> Self {
        let mut loader = Loader::new(settings.clone());
        for (offset, record) in log.iter().enumerate() {
            let read = loader.record(Offset(offset as i64), None, record.key.clone(), record.value.clone());
            read.expect("what was written can be read");
        }
        let now = Now { timer_ms: now_ms, unix_ms: EPOCH_MS + now_ms };
        let mut world = Self {
            coordinator: loader.finish(now),
            settings,
            now_ms,
            log,
            writes: VecDeque::new(),
            hold_writes: false,
            asked: 0,
            open: HashSet::new(),
            answers: BTreeMap::new(),
        };
        world.settle();
        world
    }

    pub(super) fn restart(self) -> Self {
        Self::restarted(self.settings, self.log, self.now_ms)
    }

    pub(super) fn now(&self) -> Now {
        Now { timer_ms: self.now_ms, unix_ms: EPOCH_MS + self.now_ms }
    }

    /// Lets time pass, with everything that falls due on the way happening in time.
    pub(super) fn pass(&mut self, ms: i64) {
        let end_ms = self.now_ms + ms;
        while let Some(deadline_ms) =
            self.coordinator.next_deadline_ms().filter(|deadline| *deadline <= end_ms)
        {
            self.now_ms = deadline_ms.max(self.now_ms);
            self.coordinator.tick(self.now());
            self.settle();
        }
        self.now_ms = end_ms;
    }

    /// Has an event happen and does what follows. Gives the token of its answer.
    pub(super) fn ask(&mut self, event: impl FnOnce(&mut Coordinator, Now, ReplyTo)) -> ReplyTo {
        let to = ReplyTo(self.asked);
        self.asked += 1;
        self.open.insert(to);
        let now = self.now();
        event(&mut self.coordinator, now, to);
        self.settle();
        to
    }

    /// Does everything that the coordinator wants done.
    pub(super) fn settle(&mut self) {
        self.perform();
        while !self.hold_writes && !self.writes.is_empty() {
            self.finish_write(Ok(()));
        }
    }

    /// Does the next write, or fails it.
    pub(super) fn finish_write(&mut self, result: Result<(), ErrorCode>) {
        let (id, records) = self.writes.pop_front().expect("a write is waiting");
        if result.is_ok() {
            self.log.extend(records);
        }
        self.coordinator.written(self.now(), id, result);
        self.perform();
    }

    fn perform(&mut self) {
        for action in self.coordinator.take_actions() {
            match action {
                Action::Reply { to, answer } => {
                    assert!(self.open.remove(&to), "{to:?} is answered once: {answer:?}");
                    self.answers.insert(to, answer);
                }
                Action::Write { id, records } => {
                    assert!(!records.is_empty(), "a write has records");
                    self.writes.push_back((id, records));
                }
            }
        }
    }

    /// Takes the answer to a request, if there is one by now.
    pub(super) fn answer(&mut self, to: ReplyTo) -> Option<Answer> {
        self.answers.remove(&to)
    }

    /// Requests that have no answer yet.
    pub(super) fn open(&self) -> usize {
        self.open.len()
    }

    pub(super) fn join(&mut self, join: &Join) -> ReplyTo {
        let Join { version, request } = join.clone();
        // Not the same again after a restart: an id that was stored made the log longer.
        let fresh = Uuid::from_u64_pair(self.log.len() as u64, self.asked);
        self.ask(|coordinator, now, to| {
            let client = Client { id: "client", host: "/127.0.0.1", version };
            coordinator.join_group(now, client, request, fresh, to);
        })
    }

    /// Joins and has the answer.
    pub(super) fn joined(&mut self, join: &Join) -> JoinGroupResponse {
        let to = self.join(join);
        self.join_answer(to).expect("the join has an answer")
    }

    pub(super) fn join_answer(&mut self, to: ReplyTo) -> Option<JoinGroupResponse> {
        self.answer(to).map(|answer| match answer {
            Answer::Join(response) => response,
            other => panic!("not an answer to a join: {other:?}"),
        })
    }

    /// Asks for a member id and joins with it. Gives the id and the token of the second answer.
    pub(super) fn join_dynamic(&mut self, join: &Join) -> (String, ReplyTo) {
        let told = self.joined(join);
        assert_eq!(told.error_code, ErrorCode::MemberIdRequired.code());
        let to = self.join(&join.clone().id(&told.member_id));
        (told.member_id, to)
    }

    pub(super) fn sync(&mut self, member: &JoinGroupResponse, assignments: &[(&str, &str)]) -> ReplyTo {
        let assignments = assignments
            .iter()
            .map(|(member_id, assignment)| SyncGroupRequestAssignment {
                member_id: (*member_id).to_owned(),
                assignment: Bytes::copy_from_slice(assignment.as_bytes()),
            })
            .collect();
        let request = SyncGroupRequest {
            group_id: GROUP.to_owned(),
            generation_id: member.generation_id,
            member_id: member.member_id.clone(),
            protocol_type: member.protocol_type.clone(),
            protocol_name: member.protocol_name.clone(),
            assignments,
            ..SyncGroupRequest::default()
        };
        self.ask(|coordinator, now, to| coordinator.sync_group(now, 5, request, to))
    }

    pub(super) fn sync_answer(&mut self, to: ReplyTo) -> Option<SyncGroupResponse> {
        self.answer(to).map(|answer| match answer {
            Answer::Sync(response) => response,
            other => panic!("not an answer to a sync: {other:?}"),
        })
    }

    pub(super) fn heartbeat(&mut self, member: &JoinGroupResponse) -> ErrorCode {
        let request = HeartbeatRequest {
            group_id: GROUP.to_owned(),
            generation_id: member.generation_id,
            member_id: member.member_id.clone(),
            ..HeartbeatRequest::default()
        };
        let code = self.coordinator.heartbeat(self.now(), &request);
        self.settle();
        code
    }

    pub(super) fn leave(&mut self, members: &[MemberIdentity]) -> LeaveGroupResponse {
        let request = LeaveGroupRequest {
            group_id: GROUP.to_owned(),
            members: members.to_vec(),
            ..LeaveGroupRequest::default()
        };
        let to = self.ask(|coordinator, now, to| coordinator.leave_group(now, request, to));
        match self.answer(to) {
            Some(Answer::Leave(response)) => response,
            other => panic!("not an answer to a leave: {other:?}"),
        }
    }

    /// A request to commit one offset of `orders-0`, as a client that is no member.
    pub(super) fn commit_request(offset: i64) -> OffsetCommitRequest {
        let partition = OffsetCommitRequestPartition {
            committed_offset: offset,
            ..OffsetCommitRequestPartition::default()
        };
        OffsetCommitRequest {
            group_id: GROUP.to_owned(),
            topics: vec![OffsetCommitRequestTopic {
                name: "orders".to_owned(),
                topic_id: Uuid::from_u128(7),
                partitions: vec![partition],
            }],
            ..OffsetCommitRequest::default()
        }
    }

    pub(super) fn commit(&mut self, request: OffsetCommitRequest) -> ReplyTo {
        self.ask(|coordinator, now, to| {
            let client = Client { id: "client", host: "/127.0.0.1", version: 10 };
            coordinator.commit_offsets(now, client, request, to);
        })
    }

    pub(super) fn commit_answer(&mut self, to: ReplyTo) -> Option<OffsetCommitResponse> {
        self.answer(to).map(|answer| match answer {
            Answer::CommitOffsets(response) => response,
            other => panic!("not an answer to a commit: {other:?}"),
        })
    }

    /// Commits and has the code of the first partition.
    pub(super) fn committed(&mut self, request: OffsetCommitRequest) -> i16 {
        let to = self.commit(request);
        self.commit_answer(to).expect("the commit has an answer").topics[0].partitions[0].error_code
    }

    /// Commits as a member.
    pub(super) fn committed_by(&mut self, member: &JoinGroupResponse, offset: i64) -> i16 {
        self.committed(OffsetCommitRequest {
            generation_id_or_member_epoch: member.generation_id,
            member_id: member.member_id.clone(),
            ..Self::commit_request(offset)
        })
    }

    /// The committed offset of `orders-0`; −1 if there is none.
    pub(super) fn fetched(&self) -> i64 {
        let topics = vec![OffsetFetchRequestTopics {
            name: "orders".to_owned(),
            partition_indexes: vec![0],
            ..OffsetFetchRequestTopics::default()
        }];
        let group = OffsetFetchRequestGroup {
            group_id: GROUP.to_owned(),
            topics: Some(topics),
            ..OffsetFetchRequestGroup::default()
        };
        self.coordinator.fetch_offsets(group).topics[0].partitions[0].committed_offset
    }

    pub(super) fn state(&self) -> String {
        self.coordinator.describe_group(GROUP, 6).group_state
    }

    /// Members join, in the order of the requests, wait for the first rebalance, and are assigned their own ids. Gives
    /// what each was told when it joined; the first one leads.
    pub(super) fn stable<const N: usize>(&mut self, joins: [Join; N]) -> [JoinGroupResponse; N] {
        let waiting = joins.map(|join| {
            if join.request.group_instance_id.is_some() || join.version < 4 {
                self.join(&join)
            } else {
                self.join_dynamic(&join).1
            }
        });
        while self.state() != "CompletingRebalance" {
            self.pass(1_000);
        }
        let members = waiting.map(|to| self.join_answer(to).expect("the first rebalance is over"));
        self.assign(&members);
        members
    }

    /// Has the leader assign to each member its own id, and everybody ask for it.
    pub(super) fn assign(&mut self, members: &[JoinGroupResponse]) {
        let assignments: Vec<_> =
            members.iter().map(|member| (member.member_id.as_str(), member.member_id.as_str())).collect();
        let waiting: Vec<_> = members
            .iter()
            .map(|member| {
                let leads = member.member_id == member.leader;
                self.sync(member, if leads { &assignments } else { &[] })
            })
            .collect();
        for (member, to) in members.iter().zip(waiting) {
            let answer = self.sync_answer(to).expect("the leader has assigned");
            assert_eq!(answer.error_code, 0);
            assert_eq!(answer.assignment, member.member_id.as_bytes());
        }
    }
}

/// Somebody who leaves by member id.
pub(super) fn by_id(member: &JoinGroupResponse) -> MemberIdentity {
    MemberIdentity { member_id: member.member_id.clone(), ..MemberIdentity::default() }
}

/// Somebody who is sent away by instance id.
pub(super) fn by_instance(instance_id: &str) -> MemberIdentity {
    MemberIdentity { group_instance_id: Some(instance_id.to_owned()), ..MemberIdentity::default() }
}
