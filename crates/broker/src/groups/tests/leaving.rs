//! Promises to those who leave, and to those who stay.

use protocol::ErrorCode;
use protocol::messages::leave_group::LeaveGroupRequest;
use protocol::messages::leave_group::request::MemberIdentity;

use super::harness::{World, by_id, by_instance, consumer};
use crate::groups::Answer;

#[test]
fn the_others_rebalance_when_one_leaves() {
    let mut world = World::new();
    let [leader, follower] = world.stable([consumer(), consumer()]);
    assert_eq!(world.leave(&[by_id(&leader)]).members[0].error_code, 0);
    assert_eq!(world.heartbeat(&follower), ErrorCode::RebalanceInProgress);
    let alone = world.joined(&consumer().id(&follower.member_id));
    assert_eq!((alone.generation_id, alone.members.len()), (2, 1));
}

#[test]
fn the_group_is_empty_in_the_log_before_the_last_one_has_left() {
    let mut world = World::new();
    let [member] = world.stable([consumer()]);
    world.hold_writes = true;
    let request = LeaveGroupRequest {
        group_id: "readers".to_owned(),
        members: vec![by_id(&member)],
        ..LeaveGroupRequest::default()
    };
    let to = world.ask(|coordinator, now, to| coordinator.leave_group(now, request, to));
    assert!(world.answer(to).is_none());
    world.finish_write(Ok(()));
    assert!(matches!(world.answer(to), Some(Answer::Leave(answer)) if answer.members[0].error_code == 0));
    assert_eq!(world.state(), "Empty");
    assert_eq!(world.restart().state(), "Empty");
}

#[test]
fn each_of_a_batch_is_told_its_own_fate() {
    let mut world = World::new();
    let [dynamic, fixed] = world.stable([consumer(), consumer().instance("a")]);
    let pending = world.joined(&consumer());
    let fenced = MemberIdentity { member_id: "a-old".to_owned(), ..by_instance("a") };
    let answer = world.leave(&[
        by_id(&dynamic),
        fenced,
        by_instance("a"),
        by_instance("a"),
        by_id(&pending),
        MemberIdentity::default(),
    ]);
    let codes: Vec<_> = answer.members.iter().map(|member| member.error_code).collect();
    let (fenced, unknown) = (ErrorCode::FencedInstanceId.code(), ErrorCode::UnknownMemberId.code());
    assert_eq!(codes, [0, fenced, 0, unknown, 0, unknown]);
    assert_eq!(answer.members[2].group_instance_id.as_deref(), Some("a"));
    assert_eq!(world.heartbeat(&fixed), ErrorCode::UnknownMemberId);
    assert_eq!(world.state(), "Empty");
}

#[test]
fn one_who_waits_is_answered_when_it_is_sent_away() {
    let mut world = World::new();
    let joining = world.join(&consumer().instance("a"));
    world.leave(&[by_instance("a")]);
    assert_eq!(world.join_answer(joining).unwrap().error_code, ErrorCode::UnknownMemberId.code());

    let waiting = [world.join(&consumer().instance("b")), world.join(&consumer().instance("c"))];
    world.pass(6_000);
    let [leader, follower] = waiting.map(|to| world.join_answer(to).unwrap());
    assert_eq!(leader.leader, leader.member_id);
    let syncing = world.sync(&follower, &[]);
    assert!(world.sync_answer(syncing).is_none(), "the leader has not assigned");
    world.leave(&[by_instance("c")]);
    assert_eq!(world.sync_answer(syncing).unwrap().error_code, ErrorCode::UnknownMemberId.code());
    assert_eq!(world.open(), 0);
}

#[test]
fn leaving_a_group_that_is_not_there_is_no_error_of_the_group() {
    let mut world = World::new();
    let answer = world.leave(&[by_instance("a")]);
    assert_eq!(answer.error_code, 0);
    assert_eq!(answer.members[0].error_code, ErrorCode::UnknownMemberId.code());
}
