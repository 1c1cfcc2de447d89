//! Promises to static members: a restart is no reason to rebalance.

use protocol::ErrorCode;
use protocol::messages::heartbeat::HeartbeatRequest;

use super::harness::{GROUP, REBALANCE_MS, SESSION_MS, World, by_instance, consumer, protocol};

#[test]
fn a_static_member_needs_no_id_to_join() {
    let mut world = World::new();
    let [member] = world.stable([consumer().instance("i")]);
    assert!(member.member_id.starts_with("i-"), "{}", member.member_id);
}

#[test]
fn a_restarted_follower_takes_its_place_without_a_rebalance() {
    let mut world = World::new();
    let [leader, old] = world.stable([consumer().instance("a"), consumer().instance("b")]);
    world.hold_writes = true;
    let waiting = world.join(&consumer().instance("b"));
    assert!(world.join_answer(waiting).is_none(), "the new id is not written");
    world.finish_write(Ok(()));
    let new = world.join_answer(waiting).unwrap();
    assert_eq!((new.error_code, new.generation_id), (0, 1));
    assert_ne!(new.member_id, old.member_id);
    assert_eq!(new.leader, leader.member_id);
    assert!(!new.skip_assignment);
    assert_eq!(world.state(), "Stable");

    let to = world.sync(&new, &[]);
    let assigned = world.sync_answer(to).unwrap().assignment;
    assert_eq!(assigned, old.member_id.as_bytes(), "it has the assignment that it had");
}

#[test]
fn a_restarted_leader_is_told_not_to_assign_from_version_9() {
    let mut world = World::new();
    let [old, _] = world.stable([consumer().instance("a"), consumer().instance("b")]);
    let new = world.joined(&consumer().instance("a"));
    assert_eq!(new.leader, new.member_id);
    assert!(new.skip_assignment);
    assert_eq!(new.members.len(), 2, "it watches the topics of all");

    let older = world.joined(&consumer().instance("a").version(8));
    assert_eq!(older.leader, new.member_id, "an older client must not take itself for the leader");
    assert_ne!(older.leader, older.member_id);
    assert!(older.members.is_empty() && !older.skip_assignment);
    assert_ne!(old.member_id, new.member_id);
}

#[test]
fn whoever_has_the_old_id_is_fenced() {
    let mut world = World::new();
    let [old] = world.stable([consumer().instance("a")]);
    world.joined(&consumer().instance("a"));
    let request = HeartbeatRequest {
        group_id: GROUP.to_owned(),
        generation_id: old.generation_id,
        member_id: old.member_id.clone(),
        group_instance_id: Some("a".to_owned()),
    };
    assert_eq!(world.coordinator.heartbeat(world.now(), &request), ErrorCode::FencedInstanceId);
    let rejoin = consumer().id(&old.member_id).instance("a");
    assert_eq!(world.joined(&rejoin).error_code, ErrorCode::FencedInstanceId.code());
}

#[test]
fn a_waiting_twin_is_fenced_at_once() {
    let mut world = World::new();
    let first = world.join(&consumer().instance("a"));
    let second = world.join(&consumer().instance("a"));
    assert_eq!(world.join_answer(first).unwrap().error_code, ErrorCode::FencedInstanceId.code());
    world.pass(3_000);
    assert_eq!(world.join_answer(second).unwrap().error_code, 0);
}

#[test]
fn a_restart_with_another_protocol_is_a_reason_to_rebalance() {
    let mut world = World::new();
    let both = [protocol("range", &["orders"]), protocol("sticky", &["orders"])];
    world.stable([consumer().instance("a").protocols(&both)]);
    let new = world.joined(&consumer().instance("a").protocols(&both[1..]));
    assert_eq!((new.generation_id, new.protocol_name.as_deref()), (2, Some("sticky")));
}

#[test]
fn a_restart_while_the_leader_assigns_starts_over() {
    let mut world = World::new();
    let waiting = [world.join(&consumer().instance("a")), world.join(&consumer().instance("b"))];
    world.pass(6_000);
    let [leader, _] = waiting.map(|to| world.join_answer(to).unwrap());
    let again = world.join(&consumer().instance("b"));
    assert_eq!(world.state(), "PreparingRebalance");
    let leader = world.joined(&consumer().id(&leader.member_id).instance("a"));
    assert_eq!((leader.generation_id, leader.members.len()), (2, 2));
    assert_eq!(world.join_answer(again).unwrap().generation_id, 2);
}

#[test]
fn a_static_member_that_is_away_stays_in_rebalances_until_its_session_ends() {
    let mut world = World::new();
    let long = consumer().instance("a").with(|request| request.session_timeout_ms = 300_000);
    let [away, present] = world.stable([long, consumer()]);
    let changed = consumer().id(&present.member_id).protocols(&[protocol("range", &["returns"])]);
    let waiting = world.join(&changed);
    world.pass(i64::from(REBALANCE_MS));
    let present = world.join_answer(waiting).unwrap();
    assert_eq!(present.leader, present.member_id);
    assert_eq!(present.members.len(), 2, "the one that is away has its share");
    assert_ne!(away.member_id, present.member_id);
}

#[test]
fn a_group_whose_static_members_are_all_away_waits_for_their_sessions() {
    let mut world = World::new();
    let long = |instance| consumer().instance(instance).with(|request| request.session_timeout_ms = 300_000);
    world.stable([long("a"), long("b")]);
    world.leave(&[by_instance("b")]);
    world.pass(4 * i64::from(REBALANCE_MS));
    assert_eq!(world.state(), "PreparingRebalance", "nobody is there to lead a generation");
    let back = world.joined(&consumer().instance("a"));
    assert_eq!((back.error_code, back.generation_id), (0, 2));
}

#[test]
fn a_new_id_that_cannot_be_written_is_taken_back() {
    let mut world = World::new();
    let [old, _] = world.stable([consumer().instance("a"), consumer().instance("b")]);
    world.hold_writes = true;
    let waiting = world.join(&consumer().instance("a"));
    world.finish_write(Err(ErrorCode::NotLeaderOrFollower));
    let told = world.join_answer(waiting).unwrap();
    assert_eq!(told.error_code, ErrorCode::NotCoordinator.code());
    assert_eq!(world.heartbeat(&old), ErrorCode::None, "the old id is good again");
}

#[test]
fn a_new_id_that_a_generation_has_told_stays_though_it_cannot_be_written() {
    let mut world = World::new();
    let [leader, _] = world.stable([consumer().instance("a"), consumer().instance("b")]);
    world.hold_writes = true;
    let follower_joins = world.join(&consumer().instance("b"));
    let leader_joins = world.join(&consumer().instance("a").id(&leader.member_id));
    let (follower, leader) =
        (world.join_answer(follower_joins).unwrap(), world.join_answer(leader_joins).unwrap());
    assert_eq!((follower.generation_id, leader.generation_id), (2, 2));
    let follower_syncs = world.sync(&follower, &[]);

    world.finish_write(Err(ErrorCode::NotEnoughReplicas));
    world.hold_writes = false;
    world.sync(&leader, &[(&leader.member_id, "leader's"), (&follower.member_id, "follower's")]);

    let assigned = world.sync_answer(follower_syncs).expect("the sync has an answer");
    assert_eq!((assigned.error_code, assigned.assignment.as_ref()), (0, b"follower's".as_slice()));
    assert_eq!(world.heartbeat(&follower), ErrorCode::None);
    assert_eq!(world.open(), 0);
}

#[test]
fn a_member_that_died_while_its_new_id_was_written_is_found_out() {
    let mut world = World::new();
    world.stable([consumer().instance("a")]);
    world.hold_writes = true;
    let waiting = world.join(&consumer().instance("a"));
    world.pass(i64::from(SESSION_MS));
    world.finish_write(Ok(()));
    assert_eq!(world.join_answer(waiting).unwrap().error_code, 0);
    world.hold_writes = false;
    world.pass(i64::from(SESSION_MS));
    assert_eq!(world.state(), "Empty");
}
