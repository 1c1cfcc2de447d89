//! Promises to administrators who look at groups.

use protocol::ErrorCode;

use super::harness::{GROUP, World, consumer, protocol};

#[test]
fn a_stable_group_shows_what_was_said_and_assigned() {
    let mut world = World::new();
    let [member, _] = world.stable([consumer(), consumer().instance("a")]);
    let group = world.coordinator.describe_group(GROUP, 6);
    assert_eq!((group.error_code, group.group_state.as_str()), (0, "Stable"));
    assert_eq!((group.protocol_type.as_str(), group.protocol_data.as_str()), ("consumer", "range"));
    assert_eq!(group.authorized_operations, i32::MIN);
    let shown = group.members.iter().find(|shown| shown.member_id == member.member_id).unwrap();
    assert_eq!((shown.client_id.as_str(), shown.client_host.as_str()), ("client", "/127.0.0.1"));
    assert_eq!(shown.member_metadata, protocol("range", &["orders"]).metadata);
    assert_eq!(shown.member_assignment, member.member_id.as_bytes());
    assert!(group.members.iter().any(|member| member.group_instance_id.as_deref() == Some("a")));
}

#[test]
fn a_rebalancing_group_shows_no_protocol() {
    let mut world = World::new();
    let [leader] = world.stable([consumer()]);
    world.joined(&consumer());
    world.join(&consumer().id(&leader.member_id));
    let group = world.coordinator.describe_group(GROUP, 6);
    assert_eq!((group.group_state.as_str(), group.protocol_data.as_str()), ("PreparingRebalance", ""));
    assert!(group.members.iter().all(|member| member.member_metadata.is_empty()));
}

#[test]
fn a_group_that_is_not_there_is_dead_and_from_version_6_on_an_error() {
    let world = World::new();
    let old = world.coordinator.describe_group("nobody", 5);
    assert_eq!((old.error_code, old.group_state.as_str(), old.error_message), (0, "Dead", None));
    let new = world.coordinator.describe_group("nobody", 6);
    assert_eq!((new.error_code, new.group_state.as_str()), (ErrorCode::GroupIdNotFound.code(), "Dead"));
    assert_eq!(new.error_message.as_deref(), Some("Group nobody not found."));
}

#[test]
fn groups_are_listed_by_state_and_type() {
    let mut world = World::new();
    world.stable([consumer()]);
    world.committed(protocol::messages::offset_commit::OffsetCommitRequest {
        group_id: "simple".to_owned(),
        ..World::commit_request(1)
    });
    let list = |states: &[&str], types: &[&str]| {
        let own = |filter: &[&str]| filter.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        let groups = world.coordinator.list_groups(world.now(), &own(states), &own(types));
        groups.into_iter().map(|group| group.group_id).collect::<Vec<_>>()
    };
    assert_eq!(list(&[], &[]), ["readers", "simple"]);
    assert_eq!(list(&["stable"], &[]), ["readers"]);
    assert_eq!(list(&[" EMPTY ", "Stable"], &["Classic"]), ["readers", "simple"]);
    assert_eq!(list(&["dead"], &[]), [""; 0]);
    assert_eq!(list(&[], &["consumer"]), [""; 0]);
    let shown = &world.coordinator.list_groups(world.now(), &[], &[])[0];
    assert_eq!((shown.protocol_type.as_str(), shown.group_type.as_str()), ("consumer", "classic"));
}
