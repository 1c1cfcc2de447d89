//! Promises about deleting offsets and groups.

use protocol::ErrorCode;
use protocol::messages::offset_delete::request::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic};
use protocol::messages::offset_delete::{OffsetDeleteRequest, OffsetDeleteResponse};
use uuid::Uuid;

use super::harness::{GROUP, World, by_id, consumer, protocol};
use crate::groups::{Answer, ReplyTo};

fn delete_offsets(world: &mut World, topic: &str) -> ReplyTo {
    let request = OffsetDeleteRequest {
        group_id: GROUP.to_owned(),
        topics: vec![OffsetDeleteRequestTopic {
            name: topic.to_owned(),
            partitions: vec![OffsetDeleteRequestPartition { partition_index: 0 }],
        }],
    };
    world.ask(|coordinator, now, to| coordinator.delete_offsets(now, request, to))
}

fn offsets_answer(world: &mut World, to: ReplyTo) -> OffsetDeleteResponse {
    match world.answer(to) {
        Some(Answer::DeleteOffsets(answer)) => answer,
        other => panic!("{other:?}"),
    }
}

fn deleted_offsets(world: &mut World, topic: &str) -> Result<i16, i16> {
    let to = delete_offsets(world, topic);
    let answer = offsets_answer(world, to);
    if answer.error_code == 0 {
        Ok(answer.topics[0].partitions[0].error_code)
    } else {
        Err(answer.error_code)
    }
}

fn delete_group(world: &mut World) -> ReplyTo {
    world.ask(|coordinator, now, to| coordinator.delete_groups(now, vec![GROUP.to_owned()], to))
}

fn group_answer(world: &mut World, to: ReplyTo) -> Option<i16> {
    world.answer(to).map(|answer| match answer {
        Answer::DeleteGroups(answer) => answer.results[0].error_code,
        other => panic!("{other:?}"),
    })
}

#[test]
fn offsets_of_topics_that_the_group_reads_are_kept() {
    let mut world = World::new();
    world.committed(World::commit_request(3));
    world.stable([consumer().protocols(&[protocol("range", &["orders"])])]);
    assert_eq!(deleted_offsets(&mut world, "orders"), Ok(ErrorCode::GroupSubscribedToTopic.code()));
    assert_eq!(deleted_offsets(&mut world, "returns"), Ok(0));
    assert_eq!(world.fetched(), 3);
}

#[test]
fn offsets_of_a_consumer_group_whose_topics_cannot_be_known_are_kept() {
    let mut world = World::new();
    world.stable([consumer().with(|request| request.protocols[0].metadata = "own language".into())]);
    assert_eq!(deleted_offsets(&mut world, "orders"), Ok(ErrorCode::GroupSubscribedToTopic.code()));
}

#[test]
fn offsets_of_other_groups_with_members_are_kept() {
    let mut world = World::new();
    world.stable([consumer().with(|request| request.protocol_type = "connect".to_owned())]);
    assert_eq!(deleted_offsets(&mut world, "orders"), Err(ErrorCode::NonEmptyGroup.code()));
}

#[test]
fn deleted_offsets_are_gone_and_stay_gone() {
    let mut world = World::new();
    assert_eq!(deleted_offsets(&mut world, "orders"), Err(ErrorCode::GroupIdNotFound.code()));
    world.committed(World::commit_request(3));
    assert_eq!(deleted_offsets(&mut world, "orders"), Ok(0));
    assert_eq!(world.fetched(), -1);
    assert_eq!(world.restart().fetched(), -1);
}

#[test]
fn an_offset_that_is_being_committed_can_be_deleted() {
    let mut world = World::new();
    world.hold_writes = true;
    world.commit(World::commit_request(3));
    let to = delete_offsets(&mut world, "orders");
    world.finish_write(Ok(()));
    assert_eq!(world.fetched(), 3);
    world.finish_write(Ok(()));
    assert_eq!(offsets_answer(&mut world, to).error_code, 0);
    assert_eq!(world.fetched(), -1);
    assert_eq!(world.restart().fetched(), -1);
}

#[test]
fn only_groups_without_members_can_be_deleted() {
    let mut world = World::new();
    let to = delete_group(&mut world);
    assert_eq!(group_answer(&mut world, to), Some(ErrorCode::GroupIdNotFound.code()));
    let [member] = world.stable([consumer()]);
    assert_eq!(world.committed_by(&member, 9), 0);
    let to = delete_group(&mut world);
    assert_eq!(group_answer(&mut world, to), Some(ErrorCode::NonEmptyGroup.code()));
    world.leave(&[by_id(&member)]);
    let to = delete_group(&mut world);
    assert_eq!(group_answer(&mut world, to), Some(0));
    assert_eq!((world.state().as_str(), world.fetched()), ("Dead", -1));
    let world = world.restart();
    assert_eq!((world.state().as_str(), world.fetched()), ("Dead", -1));
}

#[test]
fn a_group_that_is_being_deleted_sends_clients_round_again() {
    let mut world = World::new();
    world.committed(World::commit_request(3));
    world.hold_writes = true;
    let to = delete_group(&mut world);
    assert_eq!(world.joined(&consumer()).error_code, ErrorCode::CoordinatorNotAvailable.code());
    assert_eq!(world.committed(World::commit_request(4)), ErrorCode::CoordinatorNotAvailable.code());
    let twice = delete_group(&mut world);
    assert_eq!(group_answer(&mut world, twice), Some(ErrorCode::GroupIdNotFound.code()));
    assert_eq!(group_answer(&mut world, to), None);

    world.finish_write(Ok(()));
    assert_eq!(group_answer(&mut world, to), Some(0));
    assert_eq!(world.joined(&consumer()).error_code, ErrorCode::MemberIdRequired.code(), "a new group");
}

#[test]
fn a_group_whose_end_cannot_be_written_lives_on() {
    let mut world = World::new();
    world.committed(World::commit_request(3));
    world.hold_writes = true;
    let to = delete_group(&mut world);
    world.finish_write(Err(ErrorCode::NotEnoughReplicas));
    assert_eq!(group_answer(&mut world, to), Some(ErrorCode::CoordinatorNotAvailable.code()));
    assert_eq!((world.state().as_str(), world.fetched()), ("Empty", 3));
}

#[test]
fn a_deleted_group_leaves_no_offset_behind_that_was_being_committed() {
    let mut world = World::new();
    world.hold_writes = true;
    world.commit(World::commit_request(3));
    delete_group(&mut world);
    world.finish_write(Ok(()));
    world.finish_write(Ok(()));
    assert_eq!((world.state().as_str(), world.fetched()), ("Dead", -1));
    assert_eq!(world.restart().state(), "Dead");
}

#[test]
fn offsets_go_with_their_topic_and_not_with_another_of_its_name() {
    let mut world = World::new();
    world.committed(World::commit_request(3));
    world.coordinator.topics_deleted(&[("orders".to_owned(), Uuid::from_u128(8))]);
    world.settle();
    assert_eq!(world.fetched(), 3);
    world.coordinator.topics_deleted(&[("orders".to_owned(), Uuid::from_u128(7))]);
    world.settle();
    assert_eq!(world.fetched(), -1);
    assert_eq!(world.restart().fetched(), -1);
}
