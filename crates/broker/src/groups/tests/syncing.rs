//! Promises to members that wait for their assignment.

use protocol::ErrorCode;
use protocol::messages::sync_group::SyncGroupRequest;

use super::harness::{GROUP, REBALANCE_MS, World, by_id, consumer};
use crate::groups::Answer;

/// Two members of a first generation that has no assignment yet; the first leads.
fn joined_pair(world: &mut World) -> [protocol::messages::join_group::JoinGroupResponse; 2] {
    let waiting = [world.join_dynamic(&consumer()).1, world.join_dynamic(&consumer()).1];
    world.pass(6_000);
    waiting.map(|to| world.join_answer(to).unwrap())
}

#[test]
fn everybody_gets_what_the_leader_assigned_once_it_is_written() {
    let mut world = World::new();
    let [leader, follower] = joined_pair(&mut world);
    world.hold_writes = true;
    let early = world.sync(&follower, &[]);
    assert!(world.sync_answer(early).is_none(), "the leader has not assigned");
    let assigned = [(leader.member_id.as_str(), "one"), (follower.member_id.as_str(), "two")];
    let leads = world.sync(&leader, &assigned);
    assert!(world.sync_answer(leads).is_none(), "the assignment is not written");
    assert_eq!(world.state(), "CompletingRebalance");

    world.finish_write(Ok(()));
    assert_eq!(world.sync_answer(leads).unwrap().assignment, "one");
    let early = world.sync_answer(early).unwrap();
    assert_eq!(early.assignment, "two");
    assert_eq!(early.protocol_type.as_deref(), Some("consumer"));
    assert_eq!(early.protocol_name.as_deref(), Some("range"));
    assert_eq!(world.state(), "Stable");

    let late = world.sync(&follower, &[]);
    assert_eq!(world.sync_answer(late).unwrap().assignment, "two", "a stable group answers at once");
}

#[test]
fn a_member_that_the_leader_forgot_has_an_empty_assignment() {
    let mut world = World::new();
    let [leader, follower] = joined_pair(&mut world);
    let to = world.sync(&follower, &[]);
    world.sync(&leader, &[(leader.member_id.as_str(), "all"), ("nobody", "lost")]);
    let answer = world.sync_answer(to).unwrap();
    assert_eq!((answer.error_code, answer.assignment.len()), (0, 0));
}

#[test]
fn an_assignment_that_cannot_be_written_makes_everybody_join_again() {
    let mut world = World::new();
    let [leader, follower] = joined_pair(&mut world);
    let early = world.sync(&follower, &[]);
    world.hold_writes = true;
    let leads = world.sync(&leader, &[]);
    world.finish_write(Err(ErrorCode::MessageTooLarge));
    for to in [early, leads] {
        assert_eq!(world.sync_answer(to).unwrap().error_code, ErrorCode::UnknownServerError.code());
    }
    assert_eq!(world.state(), "PreparingRebalance");
}

#[test]
fn an_assignment_that_comes_too_late_is_not_anybodys() {
    let mut world = World::new();
    let [leader, follower] = joined_pair(&mut world);
    world.hold_writes = true;
    let leads = world.sync(&leader, &[(follower.member_id.as_str(), "stale")]);
    world.leave(&[by_id(&follower)]);
    let told = world.sync_answer(leads).unwrap();
    assert_eq!(told.error_code, ErrorCode::RebalanceInProgress.code());
    world.finish_write(Ok(()));
    assert_eq!(world.state(), "PreparingRebalance", "the group has moved on");
}

#[test]
fn those_who_do_not_ask_for_their_assignment_are_out() {
    let mut world = World::new();
    let [leader, follower] = joined_pair(&mut world);
    let to = world.sync(&leader, &[]);
    assert_eq!(world.sync_answer(to).unwrap().error_code, 0);
    for _ in 0..12 {
        assert_eq!(world.heartbeat(&leader), ErrorCode::None);
        assert_eq!(world.heartbeat(&follower), ErrorCode::None);
        world.pass(i64::from(REBALANCE_MS) / 12);
    }
    assert_eq!(world.heartbeat(&follower), ErrorCode::UnknownMemberId);
    assert_eq!(world.heartbeat(&leader), ErrorCode::RebalanceInProgress);
}

#[test]
fn a_sync_that_does_not_fit_the_generation_is_refused() {
    let mut world = World::new();
    let [leader, follower] = world.stable([consumer(), consumer()]);
    let refused_at = |world: &mut World, version: i16, change: &dyn Fn(&mut SyncGroupRequest)| {
        let mut request = SyncGroupRequest {
            group_id: GROUP.to_owned(),
            generation_id: follower.generation_id,
            member_id: follower.member_id.clone(),
            ..SyncGroupRequest::default()
        };
        change(&mut request);
        let to = world.ask(|coordinator, now, to| coordinator.sync_group(now, version, request, to));
        match world.answer(to) {
            Some(Answer::Sync(answer)) => answer.error_code,
            other => panic!("{other:?}"),
        }
    };
    let refused = |world: &mut World, change: &dyn Fn(&mut SyncGroupRequest)| refused_at(world, 4, change);
    let code = |code: ErrorCode| code.code();
    assert_eq!(refused(&mut world, &|_| {}), 0);
    assert_eq!(refused(&mut world, &|request| request.group_id.clear()), code(ErrorCode::InvalidGroupId));
    assert_eq!(refused(&mut world, &|request| request.group_id.push('x')), code(ErrorCode::UnknownMemberId));
    assert_eq!(refused(&mut world, &|request| request.member_id.clear()), code(ErrorCode::UnknownMemberId));
    assert_eq!(refused(&mut world, &|request| request.generation_id = 0), code(ErrorCode::IllegalGeneration));
    let type_of = |name: &str| Some(name.to_owned());
    let inconsistent = code(ErrorCode::InconsistentGroupProtocol);
    assert_eq!(refused(&mut world, &|request| request.protocol_type = type_of("connect")), inconsistent);
    assert_eq!(refused(&mut world, &|request| request.protocol_name = type_of("sticky")), inconsistent);
    assert_eq!(refused(&mut world, &|request| request.protocol_name = type_of("range")), 0);
    assert_eq!(refused_at(&mut world, 5, &|_| {}), inconsistent, "from version 5 on, both must be said");

    world.join(&consumer().id(&leader.member_id));
    assert_eq!(refused(&mut world, &|_| {}), code(ErrorCode::RebalanceInProgress));
}

#[test]
fn a_sync_that_is_sent_again_gets_the_answer_and_the_first_one_is_let_go() {
    let mut world = World::new();
    let [leader, follower] = joined_pair(&mut world);
    let first = world.sync(&follower, &[]);
    let second = world.sync(&follower, &[]);
    assert_eq!(world.sync_answer(first).unwrap().error_code, ErrorCode::RebalanceInProgress.code());
    world.sync(&leader, &[]);
    assert_eq!(world.sync_answer(second).unwrap().error_code, 0);
}
