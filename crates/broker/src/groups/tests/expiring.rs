//! Promises about what is forgotten with time, and what is not.

use protocol::messages::offset_commit::OffsetCommitRequest;

use super::harness::{SESSION_MS, World, by_id, consumer, protocol};

const HOUR_MS: i64 = 3_600_000;

/// Offsets are kept for an hour and looked at each minute.
fn world() -> World {
    World::with(|settings| {
        settings.offsets_retention_ms = HOUR_MS;
        settings.offsets_retention_check_interval_ms = 60_000;
    })
}

/// Lets time pass in which a member is heard of.
fn live(world: &mut World, member: &protocol::messages::join_group::JoinGroupResponse, ms: i64) {
    let end_ms = world.now_ms + ms;
    while world.now_ms < end_ms {
        world.pass((end_ms - world.now_ms).min(i64::from(SESSION_MS) - 1));
        world.heartbeat(member);
    }
}

#[test]
fn offsets_of_a_client_that_is_no_member_last_from_their_commit() {
    let mut world = world();
    world.committed(World::commit_request(1));
    world.pass(HOUR_MS / 2);
    world.committed(World::commit_request(2));
    world.pass(HOUR_MS - 60_000);
    assert_eq!(world.fetched(), 2);
    world.pass(60_000);
    assert_eq!((world.fetched(), world.state().as_str()), (-1, "Dead"), "the group has nothing left");
    assert_eq!(world.restart().state(), "Dead");
}

#[test]
fn offsets_of_a_group_last_from_when_its_last_member_left() {
    let mut world = world();
    let [member] = world.stable([consumer()]);
    assert_eq!(world.committed_by(&member, 1), 0);
    live(&mut world, &member, 2 * HOUR_MS);
    assert_eq!(world.fetched(), 1, "the group reads the topic");
    world.leave(&[by_id(&member)]);
    world.pass(HOUR_MS - 60_000);
    assert_eq!(world.fetched(), 1);
    world.pass(2 * 60_000);
    assert_eq!((world.fetched(), world.state().as_str()), (-1, "Dead"));
}

#[test]
fn the_time_that_a_group_is_empty_goes_on_over_restarts() {
    let mut world = world();
    let [member] = world.stable([consumer()]);
    assert_eq!(world.committed_by(&member, 1), 0);
    world.leave(&[by_id(&member)]);
    world.pass(HOUR_MS / 2);
    let mut world = world.restart();
    world.pass(HOUR_MS / 2 - 60_000);
    assert_eq!(world.fetched(), 1);
    world.pass(2 * 60_000);
    assert_eq!(world.fetched(), -1);
}

#[test]
fn offsets_of_topics_that_a_group_reads_no_more_expire_while_it_lives() {
    let mut world = world();
    let [member] = world.stable([consumer()]);
    assert_eq!(world.committed_by(&member, 1), 0);
    let changed = consumer().id(&member.member_id).protocols(&[protocol("range", &["returns"])]);
    let member = world.joined(&changed);
    world.assign(std::slice::from_ref(&member));
    live(&mut world, &member, HOUR_MS + 60_000);
    assert_eq!((world.fetched(), world.state().as_str()), (-1, "Stable"));
}

#[test]
fn offsets_of_groups_that_are_not_consumers_last_as_long_as_the_group_has_members() {
    let mut world = world();
    let connect = consumer().with(|request| request.protocol_type = "connect".to_owned());
    let [member] = world.stable([connect]);
    assert_eq!(world.committed_by(&member, 1), 0);
    live(&mut world, &member, 3 * HOUR_MS);
    assert_eq!(world.fetched(), 1);
}

#[test]
fn an_offset_with_its_own_expiry_time_goes_by_that() {
    let mut world = world();
    world.committed(OffsetCommitRequest { retention_time_ms: 5 * 60_000, ..World::commit_request(1) });
    world.pass(4 * 60_000);
    assert_eq!(world.fetched(), 1);
    world.pass(2 * 60_000);
    assert_eq!(world.fetched(), -1);
}

#[test]
fn an_empty_group_without_offsets_is_forgotten_at_the_next_look() {
    let mut world = world();
    world.joined(&consumer());
    assert_eq!(world.state(), "Empty");
    world.pass(60_000);
    assert_eq!(world.state(), "Dead");
    assert_eq!(world.coordinator.next_deadline_ms(), Some(120_000), "and the next look is planned");
}

#[test]
fn an_offset_that_is_being_committed_does_not_expire() {
    let mut world = world();
    world.committed(World::commit_request(1));
    world.pass(HOUR_MS - 60_000);
    world.hold_writes = true;
    world.commit(World::commit_request(2));
    world.pass(2 * 60_000);
    world.hold_writes = false;
    world.settle();
    assert_eq!(world.fetched(), 2);
    assert_eq!(world.restart().fetched(), 2);
}
