//! Promises to those who join.

use protocol::ErrorCode;
use protocol::messages::join_group::JoinGroupRequest;

use super::harness::{GROUP, REBALANCE_MS, World, consumer, protocol};
use crate::groups::joining::PENDING_MEMBERS_MAX;

#[test]
fn a_new_member_is_given_an_id_to_join_with_from_version_4() {
    let mut world = World::new();
    let told = world.joined(&consumer());
    assert_eq!(told.error_code, ErrorCode::MemberIdRequired.code());
    assert!(told.member_id.starts_with("client-"), "{}", told.member_id);

    let to = world.join(&consumer().version(3));
    world.pass(3_000);
    let joined = world.join_answer(to).unwrap();
    assert_eq!(joined.error_code, ErrorCode::None.code(), "older clients are members at once");
}

#[test]
fn the_first_rebalance_waits_for_more_members_and_longer_when_they_come() {
    let mut world = World::new();
    let (first_id, first) = world.join_dynamic(&consumer());
    world.pass(2_999);
    assert!(world.join_answer(first).is_none());
    let (_, second) = world.join_dynamic(&consumer());
    world.pass(2_999);
    assert!(world.join_answer(first).is_none(), "the delay began anew when it ran out");
    world.pass(2);
    let (first, second) = (world.join_answer(first).unwrap(), world.join_answer(second).unwrap());
    assert_eq!((first.generation_id, second.generation_id), (1, 1));
    assert_eq!((&first.leader, &second.leader), (&first_id, &first_id));
    assert_eq!(first.members.len(), 2, "the leader is told the members");
    assert!(second.members.is_empty(), "nobody else is");
    assert_eq!(first.protocol_type.as_deref(), Some("consumer"));
    assert_eq!(first.protocol_name.as_deref(), Some("range"));
    assert!(!first.skip_assignment);
}

#[test]
fn the_first_rebalance_waits_no_longer_than_the_rebalance_timeout() {
    let mut world = World::with(|settings| settings.group_initial_rebalance_delay_ms = 4_000);
    let impatient = consumer().with(|request| request.rebalance_timeout_ms = 10_000);
    let (_, first) = world.join_dynamic(&impatient);
    for _ in 0..3 {
        world.pass(2_500);
        world.join_dynamic(&impatient);
    }
    world.pass(2_499);
    assert!(world.join_answer(first).is_none());
    world.pass(1);
    assert_eq!(world.join_answer(first).unwrap().members.len(), 4, "10 s are over");
}

#[test]
fn versions_without_a_rebalance_timeout_have_the_session_timeout_for_it() {
    let mut world = World::new();
    let old = consumer().version(0).with(|request| request.rebalance_timeout_ms = -1);
    let [member] = world.stable([old]);
    let to = world.join(&consumer().version(3));
    world.pass(9_999);
    assert!(world.join_answer(to).is_none());
    assert_eq!(world.heartbeat(&member), ErrorCode::RebalanceInProgress, "the old member has 10 s to rejoin");
}

#[test]
fn what_a_join_must_not_say_is_refused() {
    let refused = |change: fn(&mut JoinGroupRequest)| {
        let mut world = World::new();
        let answer = world.joined(&consumer().with(change));
        assert!(world.log.is_empty() || answer.error_code == ErrorCode::InconsistentGroupProtocol.code());
        answer.error_code
    };
    assert_eq!(refused(|request| request.group_id.clear()), ErrorCode::InvalidGroupId.code());
    assert_eq!(
        refused(|request| request.session_timeout_ms = 5_999),
        ErrorCode::InvalidSessionTimeout.code()
    );
    assert_eq!(
        refused(|request| request.session_timeout_ms = 1_800_001),
        ErrorCode::InvalidSessionTimeout.code()
    );
    assert_eq!(refused(|request| request.protocols.clear()), ErrorCode::InconsistentGroupProtocol.code());
    assert_eq!(refused(|request| request.protocol_type.clear()), ErrorCode::InconsistentGroupProtocol.code());
    assert_eq!(refused(|request| request.member_id = "who".to_owned()), ErrorCode::UnknownMemberId.code());
}

#[test]
fn a_member_that_shares_no_protocol_with_the_others_is_refused() {
    let mut world = World::new();
    world.stable([consumer()]);
    let sticky = consumer().protocols(&[protocol("sticky", &["orders"])]);
    assert_eq!(world.joined(&sticky).error_code, ErrorCode::InconsistentGroupProtocol.code());
    let connect = consumer().with(|request| request.protocol_type = "connect".to_owned());
    assert_eq!(world.joined(&connect).error_code, ErrorCode::InconsistentGroupProtocol.code());
    assert_eq!(world.state(), "Stable");
}

#[test]
fn the_protocol_is_the_one_with_most_votes_that_all_support() {
    let (range, sticky, robin) =
        (protocol("range", &["a"]), protocol("sticky", &["a"]), protocol("roundrobin", &["a"]));
    let mut world = World::new();
    let members = world.stable([
        consumer().protocols(&[robin, range.clone(), sticky.clone()]),
        consumer().protocols(&[sticky.clone(), range.clone()]),
        consumer().protocols(&[sticky, range]),
    ]);
    for member in members {
        assert_eq!(member.protocol_name.as_deref(), Some("sticky"));
    }
}

#[test]
fn a_member_that_says_the_same_again_is_told_the_generation_without_a_rebalance() {
    let mut world = World::new();
    let [leader, follower] = world.stable([consumer(), consumer()]);

    let again = world.joined(&consumer().id(&follower.member_id));
    assert_eq!(again.error_code, 0);
    assert_eq!((again.generation_id, again.leader), (1, leader.member_id));
    assert!(again.members.is_empty());
    assert_eq!(world.state(), "Stable");
}

#[test]
fn a_rebalance_follows_when_a_member_changes_its_mind_or_the_leader_rejoins() {
    let mut world = World::new();
    let [leader, follower] = world.stable([consumer(), consumer()]);
    let changed = consumer().id(&follower.member_id).protocols(&[protocol("range", &["orders", "returns"])]);
    let waiting = world.join(&changed);
    assert_eq!(world.state(), "PreparingRebalance");
    assert_eq!(world.heartbeat(&leader), ErrorCode::RebalanceInProgress);
    let leader = world.joined(&consumer().id(&leader.member_id));
    let follower = world.join_answer(waiting).unwrap();
    assert_eq!((leader.generation_id, follower.generation_id), (2, 2));
    world.assign(&[leader.clone(), follower]);

    world.join(&consumer().id(&leader.member_id));
    assert_eq!(world.state(), "PreparingRebalance", "the leader has reasons that its metadata does not show");
}

#[test]
fn members_that_do_not_rejoin_in_time_are_out() {
    let mut world = World::new();
    let [leader, follower] = world.stable([consumer(), consumer()]);
    let waiting = world.join(&consumer().id(&leader.member_id));
    for _ in 0..12 {
        // Living is not enough: the follower must rejoin.
        assert_eq!(world.heartbeat(&follower), ErrorCode::RebalanceInProgress);
        world.pass(i64::from(REBALANCE_MS) / 12);
    }
    let leader = world.join_answer(waiting).unwrap();
    assert_eq!((leader.generation_id, leader.members.len()), (2, 1));
    assert_eq!(world.heartbeat(&follower), ErrorCode::UnknownMemberId);
}

#[test]
fn another_leads_when_the_leader_does_not_rejoin() {
    let mut world = World::new();
    let [leader, follower] = world.stable([consumer(), consumer()]);
    let changed = consumer().id(&follower.member_id).protocols(&[protocol("range", &["returns"])]);
    let waiting = world.join(&changed);
    world.pass(i64::from(REBALANCE_MS));
    let follower = world.join_answer(waiting).unwrap();
    assert_eq!(follower.leader, follower.member_id);
    assert_ne!(follower.leader, leader.member_id);
    assert_eq!(follower.members.len(), 1);
}

#[test]
fn a_lost_answer_can_be_asked_for_again_before_the_assignment() {
    let mut world = World::new();
    let (id, first) = world.join_dynamic(&consumer());
    world.pass(3_000);
    let first = world.join_answer(first).unwrap();
    let again = world.joined(&consumer().id(&id));
    assert_eq!(again, first);
    assert_eq!(world.state(), "CompletingRebalance");
}

#[test]
fn a_full_group_takes_nobody_new_and_keeps_its_members() {
    let mut world = World::with(|settings| settings.group_max_size = 2);
    let [leader, _follower] = world.stable([consumer(), consumer()]);
    let refused = world.joined(&consumer());
    assert_eq!(refused.error_code, ErrorCode::GroupMaxSizeReached.code());
    assert_eq!(refused.member_id, "");

    world.join(&consumer().id(&leader.member_id));
    assert_eq!(world.state(), "PreparingRebalance", "members may rejoin");
}

#[test]
fn ids_that_are_asked_for_and_never_used_are_bounded_and_forgotten() {
    let mut world = World::new();
    for _ in 0..PENDING_MEMBERS_MAX {
        assert_eq!(world.joined(&consumer()).error_code, ErrorCode::MemberIdRequired.code());
    }
    assert_eq!(world.joined(&consumer()).error_code, ErrorCode::GroupMaxSizeReached.code());
    world.pass(i64::from(super::harness::SESSION_MS));
    assert_eq!(world.joined(&consumer()).error_code, ErrorCode::MemberIdRequired.code());
}

#[test]
fn a_rebalance_waits_for_those_who_were_given_an_id() {
    let mut world = World::new();
    let [leader] = world.stable([consumer()]);
    let pending = world.joined(&consumer());
    let waiting = world.join(&consumer().id(&leader.member_id));
    assert!(world.join_answer(waiting).is_none(), "somebody is about to join");
    let second = world.joined(&consumer().id(&pending.member_id));
    assert_eq!(second.generation_id, 2);
    assert_eq!(world.join_answer(waiting).unwrap().members.len(), 2);
}

#[test]
fn an_id_that_was_given_is_no_static_member() {
    let mut world = World::new();
    let pending = world.joined(&consumer());
    let mixed = consumer().id(&pending.member_id).instance("i");
    let refused = world.joined(&mixed);
    assert_eq!((refused.error_code, refused.member_id.as_str()), (ErrorCode::UnknownServerError.code(), ""));
}

#[test]
fn a_join_that_is_sent_again_gets_the_answer_and_the_first_one_is_let_go() {
    let mut world = World::new();
    let (id, first) = world.join_dynamic(&consumer());
    let second = world.join(&consumer().id(&id));
    let displaced = world.join_answer(first).unwrap();
    assert_eq!(displaced.error_code, ErrorCode::RebalanceInProgress.code());
    world.pass(3_000);
    assert_eq!(world.join_answer(second).unwrap().error_code, 0);
}

#[test]
fn a_protocol_named_twice_counts_once() {
    let mut world = World::new();
    let twice = consumer().protocols(&[protocol("range", &["a"]), protocol("range", &["b"])]);
    let [leader, _] = world.stable([twice, consumer()]);
    assert_eq!(leader.protocol_name.as_deref(), Some("range"));
    world.leave(&[super::harness::by_id(&leader)]);
    assert_eq!(world.state(), "PreparingRebalance");
    assert_eq!(world.coordinator.describe_group(GROUP, 6).members.len(), 1);
}
