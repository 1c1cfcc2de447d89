//! Promises about who lives and who does not.

use protocol::ErrorCode;

use super::harness::{GROUP, SESSION_MS, World, by_id, consumer};
use protocol::messages::heartbeat::HeartbeatRequest;

#[test]
fn a_member_lives_as_long_as_it_is_heard_of() {
    let mut world = World::new();
    let [member] = world.stable([consumer()]);
    for _ in 0..10 {
        world.pass(i64::from(SESSION_MS) - 1);
        assert_eq!(world.heartbeat(&member), ErrorCode::None);
    }
    world.pass(i64::from(SESSION_MS));
    assert_eq!(world.heartbeat(&member), ErrorCode::UnknownMemberId);
    assert_eq!(world.state(), "Empty");
}

#[test]
fn a_commit_is_a_sign_of_life() {
    let mut world = World::new();
    let [member] = world.stable([consumer()]);
    for offset in 0..10 {
        world.pass(i64::from(SESSION_MS) - 1);
        assert_eq!(world.committed_by(&member, offset), 0);
    }
    assert_eq!(world.heartbeat(&member), ErrorCode::None);
}

#[test]
fn the_others_rebalance_when_one_dies() {
    let mut world = World::new();
    let [leader, follower] = world.stable([consumer(), consumer()]);
    world.pass(i64::from(SESSION_MS) / 2);
    assert_eq!(world.heartbeat(&follower), ErrorCode::None);
    world.pass(i64::from(SESSION_MS) / 2);
    assert_eq!(world.heartbeat(&follower), ErrorCode::RebalanceInProgress);
    let alone = world.joined(&consumer().id(&follower.member_id));
    assert_eq!((alone.generation_id, alone.members.len()), (2, 1));
    assert_eq!(alone.leader, follower.member_id);
    assert_ne!(alone.leader, leader.member_id);
}

#[test]
fn a_member_that_waits_for_the_group_need_not_be_heard_of() {
    let mut world = World::new();
    let [leader, follower] = world.stable([consumer(), consumer()]);
    let waiting = world.join(&consumer().id(&leader.member_id));
    for _ in 0..3 {
        world.pass(i64::from(SESSION_MS) - 1);
        assert_eq!(world.heartbeat(&follower), ErrorCode::RebalanceInProgress);
    }
    let second = world.joined(&consumer().id(&follower.member_id));
    assert_eq!(second.error_code, 0);
    assert_eq!(world.join_answer(waiting).unwrap().error_code, 0, "it waited for three sessions");
}

#[test]
fn a_new_member_whose_first_join_takes_too_long_is_let_go() {
    let mut world = World::with(|settings| settings.group_max_session_timeout_ms = i32::MAX);
    let patient = consumer().with(|request| {
        request.session_timeout_ms = 3_600_000;
        request.rebalance_timeout_ms = 3_600_000;
    });
    world.stable([patient.clone()]);
    // The member that there is never rejoins.
    let (_, waiting) = world.join_dynamic(&patient);
    world.pass(5 * 60_000 - 1);
    assert!(world.join_answer(waiting).is_none());
    world.pass(1);
    let told = world.join_answer(waiting).unwrap();
    assert_eq!((told.error_code, told.member_id.as_str()), (ErrorCode::UnknownMemberId.code(), ""));
}

#[test]
fn heartbeats_say_what_is_wrong() {
    let mut world = World::new();
    let [leader, follower] = world.stable([consumer(), consumer()]);
    let with = |change: fn(&mut HeartbeatRequest)| {
        let mut request = HeartbeatRequest {
            group_id: GROUP.to_owned(),
            generation_id: leader.generation_id,
            member_id: leader.member_id.clone(),
            ..HeartbeatRequest::default()
        };
        change(&mut request);
        request
    };
    let now = world.now();
    let mut code = |request| world.coordinator.heartbeat(now, &request);
    assert_eq!(code(with(|_| {})), ErrorCode::None);
    assert_eq!(code(with(|request| request.group_id.clear())), ErrorCode::InvalidGroupId);
    assert_eq!(code(with(|request| request.group_id = "other".to_owned())), ErrorCode::UnknownMemberId);
    assert_eq!(code(with(|request| request.generation_id = 7)), ErrorCode::IllegalGeneration);
    assert_eq!(code(with(|request| request.member_id.clear())), ErrorCode::UnknownMemberId);
    assert_eq!(
        code(with(|request| request.group_instance_id = Some("i".to_owned()))),
        ErrorCode::UnknownMemberId
    );

    world.leave(&[by_id(&leader), by_id(&follower)]);
    assert_eq!(world.heartbeat(&leader), ErrorCode::UnknownMemberId);
}

#[test]
fn a_member_may_send_heartbeats_before_it_has_its_assignment() {
    let mut world = World::new();
    let (_, to) = world.join_dynamic(&consumer());
    world.pass(3_000);
    let member = world.join_answer(to).unwrap();
    assert_eq!(world.state(), "CompletingRebalance");
    assert_eq!(world.heartbeat(&member), ErrorCode::None);
}
