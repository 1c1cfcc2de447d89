//! The promises under random histories: clients that join, sync, commit, leave, die and come back, writes that fail,
//! restarts, and time.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use protocol::ErrorCode;
use protocol::messages::join_group::JoinGroupResponse;
use protocol::messages::offset_commit::OffsetCommitRequest;

use super::harness::{GROUP, Join, REBALANCE_MS, SESSION_MS, World, by_id, consumer, protocol};
use crate::groups::ReplyTo;

/// How many clients there are; the odd ones are static.
const CLIENTS: usize = 5;

#[derive(Clone, Debug)]
enum Step {
    /// A client goes on: asks for an id, joins, syncs, or sends a heartbeat, whichever is next.
    GoOn(usize),
    /// A client joins again although it need not, perhaps with other topics.
    Rejoin(usize, bool),
    /// A client loses its memory and with it its answers.
    Crash(usize),
    Leave(usize),
    Commit(usize, i64),
    CommitAsNobody(i64),
    DeleteGroup,
    Pass(i64),
    HoldWrites(bool),
    FinishWrite(bool),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let client = 0..CLIENTS;
    prop_oneof![
        20 => client.clone().prop_map(Step::GoOn),
        3 => (client.clone(), any::<bool>()).prop_map(|(client, changed)| Step::Rejoin(client, changed)),
        1 => client.clone().prop_map(Step::Crash),
        1 => client.clone().prop_map(Step::Leave),
        4 => (client, 0..100i64).prop_map(|(client, offset)| Step::Commit(client, offset)),
        1 => (0..100i64).prop_map(Step::CommitAsNobody),
        1 => Just(Step::DeleteGroup),
        8 => (0..4_000i64).prop_map(Step::Pass),
        1 => (0..i64::from(REBALANCE_MS)).prop_map(Step::Pass),
        2 => any::<bool>().prop_map(Step::HoldWrites),
        4 => prop::bool::weighted(0.9).prop_map(Step::FinishWrite),
        1 => Just(Step::Restart),
    ]
}

/// What a client knows.
#[derive(Clone, Debug, Default)]
enum Mind {
    #[default]
    Blank,
    /// It waits for the answer to a join.
    Joining(ReplyTo),
    HasId(String),
    Joined(JoinGroupResponse),
    /// It waits for its assignment.
    Syncing(JoinGroupResponse, ReplyTo),
    Assigned(JoinGroupResponse),
}

struct Model {
    world: World,
    minds: Vec<Mind>,
    /// The leader of each generation, as whoever was told to lead knows it.
    leaders: HashMap<i32, String>,
    /// What the leader of each generation assigned.
    assigned: HashMap<i32, BTreeMap<String, String>>,
    /// Commits without an answer, and what the log may therefore hold besides `acknowledged`.
    commits: Vec<(ReplyTo, i64)>,
    acknowledged: i64,
}

impl Model {
    fn new() -> Self {
        Self {
            world: World::new(),
            minds: vec![Mind::Blank; CLIENTS],
            leaders: HashMap::new(),
            assigned: HashMap::new(),
            commits: Vec::new(),
            acknowledged: -1,
        }
    }

    fn join(&self, client: usize) -> Join {
        if client.is_multiple_of(2) { consumer() } else { consumer().instance(&format!("instance{client}")) }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::GoOn(client) => self.go_on(client),
            Step::Rejoin(client, changed) => {
                if let Mind::Joined(member) | Mind::Assigned(member) = self.minds[client].clone() {
                    let topics: &[&str] = if changed { &["orders", "returns"] } else { &["orders"] };
                    let join =
                        self.join(client).id(&member.member_id).protocols(&[protocol("range", topics)]);
                    self.minds[client] = Mind::Joining(self.world.join(&join));
                }
            }
            Step::Crash(client) => self.minds[client] = Mind::Blank,
            Step::Leave(client) => {
                if !self.world.hold_writes
                    && let Mind::Joined(member) | Mind::Assigned(member) =
                        std::mem::take(&mut self.minds[client])
                {
                    self.world.leave(&[by_id(&member)]);
                }
            }
            Step::Commit(client, offset) => {
                if let Mind::Assigned(member) = &self.minds[client] {
                    let request = OffsetCommitRequest {
                        generation_id_or_member_epoch: member.generation_id,
                        member_id: member.member_id.clone(),
                        ..World::commit_request(offset)
                    };
                    self.commits.push((self.world.commit(request), offset));
                }
            }
            Step::CommitAsNobody(offset) => {
                self.commits.push((self.world.commit(World::commit_request(offset)), offset));
            }
            Step::DeleteGroup => {
                self.world.ask(|coordinator, now, to| {
                    coordinator.delete_groups(now, vec![GROUP.to_owned()], to);
                });
            }
            Step::Pass(ms) => self.world.pass(ms),
            Step::HoldWrites(hold) => {
                self.world.hold_writes = hold;
                self.world.settle();
            }
            Step::FinishWrite(works) => {
                if !self.world.writes.is_empty() {
                    self.world.finish_write(if works { Ok(()) } else { Err(ErrorCode::NotEnoughReplicas) });
                }
            }
            Step::Restart => self.restart(),
        }
        self.hear();
        self.check();
    }

    fn go_on(&mut self, client: usize) {
        let mind = std::mem::take(&mut self.minds[client]);
        self.minds[client] = match mind {
            Mind::Blank => Mind::Joining(self.world.join(&self.join(client))),
            Mind::HasId(id) => Mind::Joining(self.world.join(&self.join(client).id(&id))),
            waiting @ (Mind::Joining(_) | Mind::Syncing(..)) => waiting,
            Mind::Joined(member) => {
                let leads = member.leader == member.member_id && !member.skip_assignment;
                let assignments: BTreeMap<String, String> = member
                    .members
                    .iter()
                    .filter(|_| leads)
                    .map(|one| (one.member_id.clone(), format!("{}@{}", one.member_id, member.generation_id)))
                    .collect();
                let borrowed: Vec<_> =
                    assignments.iter().map(|(id, assignment)| (id.as_str(), assignment.as_str())).collect();
                let to = self.world.sync(&member, &borrowed);
                if leads {
                    self.assigned.insert(member.generation_id, assignments);
                }
                Mind::Syncing(member, to)
            }
            Mind::Assigned(member) => match self.world.heartbeat(&member) {
                ErrorCode::None => Mind::Assigned(member),
                ErrorCode::RebalanceInProgress => {
                    Mind::Joining(self.world.join(&self.join(client).id(&member.member_id)))
                }
                _ => Mind::Blank,
            },
        };
    }

    /// Clients read their answers.
    fn hear(&mut self) {
        for client in 0..CLIENTS {
            let mind = std::mem::take(&mut self.minds[client]);
            self.minds[client] = match mind {
                Mind::Joining(to) => match self.world.join_answer(to) {
                    Some(answer) => self.heard_join(answer),
                    None => Mind::Joining(to),
                },
                Mind::Syncing(member, to) => match self.world.sync_answer(to) {
                    Some(answer) if answer.error_code == 0 => {
                        let expected = self.assigned.get(&member.generation_id);
                        let assignment = String::from_utf8(answer.assignment.to_vec()).unwrap();
                        // A static member under a new id has the assignment that was made for its old one.
                        let is_whose = expected.is_some_and(|all| all.values().any(|one| *one == assignment));
                        assert!(is_whose || assignment.is_empty(), "{assignment} is not of {member:?}");
                        Mind::Assigned(member)
                    }
                    Some(_) => Mind::HasId(member.member_id),
                    None => Mind::Syncing(member, to),
                },
                other => other,
            };
        }
        let mut commits = std::mem::take(&mut self.commits);
        commits.retain(|(to, offset)| match self.world.commit_answer(*to) {
            None => true,
            Some(answer) => {
                if answer.topics[0].partitions[0].error_code == 0 {
                    self.acknowledged = *offset;
                }
                false
            }
        });
        self.commits = commits;
    }

    fn heard_join(&mut self, answer: JoinGroupResponse) -> Mind {
        if answer.error_code == ErrorCode::MemberIdRequired.code() {
            return Mind::HasId(answer.member_id);
        }
        if answer.error_code != 0 {
            return Mind::Blank;
        }
        assert!(!answer.member_id.is_empty());
        if answer.leader == answer.member_id && !answer.skip_assignment {
            let known = self.leaders.insert(answer.generation_id, answer.member_id.clone());
            assert!(
                known.as_ref().is_none_or(|known| *known == answer.member_id),
                "generation {} has two leaders: {known:?} and {}",
                answer.generation_id,
                answer.member_id
            );
        }
        Mind::Joined(answer)
    }

    fn check(&mut self) {
        if self.world.coordinator.describe_group(GROUP, 6).error_code != 0 {
            self.forget_group();
        }
        if self.commits.is_empty() && self.world.writes.is_empty() {
            assert_eq!(self.world.fetched(), self.acknowledged, "what was acknowledged is what is read");
        }
        let group = self.world.coordinator.describe_group(GROUP, 6);
        if group.group_state == "Stable" {
            assert!(!group.members.is_empty());
            assert_eq!(group.protocol_data, "range");
        }
        if group.group_state == "Empty" || group.group_state == "Dead" {
            assert!(group.members.is_empty());
        }
        let mut ids: Vec<_> = group.members.iter().filter_map(|one| one.group_instance_id.clone()).collect();
        ids.sort_unstable();
        ids.dedup();
        let fixed = group.members.iter().filter(|one| one.group_instance_id.is_some()).count();
        assert_eq!(ids.len(), fixed, "each instance is one member");
    }

    /// There is no group any more: numbers begin anew.
    fn forget_group(&mut self) {
        self.acknowledged = -1;
        self.leaders.clear();
        self.assigned.clear();
        for mind in &mut self.minds {
            if !matches!(mind, Mind::Joining(_) | Mind::Syncing(..)) {
                *mind = Mind::Blank;
            }
        }
    }

    /// A restart loses what was not written, and every answer that was owed.
    fn restart(&mut self) {
        let hold_writes = self.world.hold_writes;
        let (log, settings, now_ms) =
            (self.world.log.clone(), self.world.settings.clone(), self.world.now_ms);
        let before = (self.world.writes.is_empty() && self.world.state() == "Stable")
            .then(|| self.world.coordinator.describe_group(GROUP, 6));
        self.world = World::restarted(settings, log, now_ms);
        if let Some(before) = before {
            assert_eq!(
                self.world.coordinator.describe_group(GROUP, 6),
                before,
                "a stable group is in the log"
            );
        }
        self.world.hold_writes = hold_writes;
        self.commits.clear();
        self.acknowledged = self.world.fetched();
        for mind in &mut self.minds {
            *mind = match std::mem::take(mind) {
                Mind::Joining(_) | Mind::Syncing(..) => Mind::Blank,
                // Its generation was perhaps never stored, and then happens again.
                Mind::Joined(member) => Mind::HasId(member.member_id),
                other => other,
            };
        }
        self.leaders.clear();
    }

    /// Everybody is gone, every write works, and time goes by.
    fn end(mut self) {
        self.world.hold_writes = false;
        self.world.settle();
        self.world.pass(i64::from(SESSION_MS + 6 * REBALANCE_MS));
        self.hear();
        assert_eq!(self.world.open(), 0, "every request has its answer");
        assert_ne!(self.world.state(), "Stable", "nobody is left");
        let fetched = self.world.fetched();
        let mut again = self.world.restart();
        assert_eq!(again.fetched(), fetched, "the log has every offset");
        // That the last member left is told to the log once and not again if that fails; its session then ends again.
        again.pass(i64::from(SESSION_MS + 6 * REBALANCE_MS));
        assert_ne!(again.state(), "Stable", "nobody comes back by a restart");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn no_history_breaks_a_promise(steps in prop::collection::vec(step(), 0..300)) {
        let mut model = Model::new();
        for step in steps {
            model.step(step);
        }
        model.end();
    }
}
