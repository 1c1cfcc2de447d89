//! Promises about committed offsets.

use protocol::ErrorCode;
use protocol::messages::offset_commit::OffsetCommitRequest;
use protocol::messages::offset_fetch::request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use uuid::Uuid;

use super::harness::{EPOCH_MS, GROUP, World, consumer};
use crate::groups::Client;

#[test]
fn an_offset_is_visible_when_it_is_written_and_not_before() {
    let mut world = World::new();
    world.hold_writes = true;
    let to = world.commit(World::commit_request(42));
    assert!(world.commit_answer(to).is_none());
    assert_eq!(world.fetched(), -1);
    world.finish_write(Ok(()));
    assert_eq!(world.commit_answer(to).unwrap().topics[0].partitions[0].error_code, 0);
    assert_eq!(world.fetched(), 42);
}

#[test]
fn an_offset_that_cannot_be_written_leaves_the_one_before() {
    let mut world = World::new();
    assert_eq!(world.committed(World::commit_request(1)), 0);
    for (log, client) in [
        (ErrorCode::NotEnoughReplicas, ErrorCode::CoordinatorNotAvailable),
        (ErrorCode::KafkaStorageError, ErrorCode::NotCoordinator),
        (ErrorCode::MessageTooLarge, ErrorCode::UnknownServerError),
    ] {
        world.hold_writes = true;
        let to = world.commit(World::commit_request(2));
        world.finish_write(Err(log));
        assert_eq!(world.commit_answer(to).unwrap().topics[0].partitions[0].error_code, client.code());
        assert_eq!(world.fetched(), 1);
    }
}

#[test]
fn members_commit_in_their_generation_only() {
    let mut world = World::new();
    let [member] = world.stable([consumer()]);
    assert_eq!(world.committed_by(&member, 5), 0);
    let mut stale = member.clone();
    stale.generation_id = 0;
    assert_eq!(world.committed_by(&stale, 6), ErrorCode::IllegalGeneration.code());
    stale.member_id = "somebody".to_owned();
    assert_eq!(world.committed_by(&stale, 6), ErrorCode::UnknownMemberId.code());
    assert_eq!(world.committed(World::commit_request(6)), ErrorCode::UnknownMemberId.code(), "not a member");
    assert_eq!(world.fetched(), 5);
}

#[test]
fn members_commit_while_the_group_rejoins_and_not_while_it_waits_for_the_leader() {
    let mut world = World::new();
    let [leader, follower] = world.stable([consumer(), consumer()]);
    world.join(&consumer().id(&leader.member_id));
    assert_eq!(world.state(), "PreparingRebalance");
    assert_eq!(world.committed_by(&follower, 5), 0, "the last chance before its partitions are taken away");
    let follower = world.joined(&consumer().id(&follower.member_id));
    assert_eq!(world.state(), "CompletingRebalance");
    assert_eq!(world.committed_by(&follower, 6), ErrorCode::RebalanceInProgress.code());
}

#[test]
fn commits_to_a_group_that_is_not_there_tell_members_from_others() {
    let mut world = World::new();
    let as_member = OffsetCommitRequest { generation_id_or_member_epoch: 3, ..World::commit_request(1) };
    for (version, code) in [(8, ErrorCode::IllegalGeneration), (9, ErrorCode::GroupIdNotFound)] {
        let request = as_member.clone();
        let to = world.ask(|coordinator, now, to| {
            coordinator.commit_offsets(now, Client { id: "", host: "", version }, request, to);
        });
        assert_eq!(world.commit_answer(to).unwrap().topics[0].partitions[0].error_code, code.code());
    }
    assert_eq!(world.committed(World::commit_request(1)), 0, "a client that is no member needs no group");
    assert_eq!(world.state(), "Empty");
}

#[test]
fn a_text_that_is_too_long_is_refused_for_its_partition_alone() {
    let mut world = World::with(|settings| settings.offset_metadata_max_bytes = 4);
    let mut request = World::commit_request(1);
    let partition = |index, text: &str| {
        let mut partition = World::commit_request(1).topics[0].partitions[0].clone();
        partition.partition_index = index;
        partition.committed_metadata = Some(text.to_owned());
        partition
    };
    request.topics[0].partitions = vec![partition(0, "four"), partition(1, "five!"), partition(2, "äöüß")];
    let to = world.commit(request);
    let codes: Vec<_> = world.commit_answer(to).unwrap().topics[0]
        .partitions
        .iter()
        .map(|partition| (partition.partition_index, partition.error_code))
        .collect();
    assert_eq!(codes, [(0, 0), (1, ErrorCode::OffsetMetadataTooLarge.code()), (2, 0)]);
}

#[test]
fn everything_that_was_committed_comes_back() {
    let mut world = World::new();
    let mut request = World::commit_request(7);
    request.topics[0].partitions[0].committed_leader_epoch = 3;
    request.topics[0].partitions[0].committed_metadata = Some("here".to_owned());
    assert_eq!(world.committed(request), 0);
    let all = OffsetFetchRequestGroup {
        group_id: GROUP.to_owned(),
        topics: None,
        ..OffsetFetchRequestGroup::default()
    };
    for world in [&world, &World::restarted(world.settings.clone(), world.log.clone(), 0)] {
        let answer = world.coordinator.fetch_offsets(all.clone());
        let partition = &answer.topics[0].partitions[0];
        assert_eq!((answer.topics.len(), answer.topics[0].name.as_str()), (1, "orders"));
        assert_eq!((partition.committed_offset, partition.committed_leader_epoch), (7, 3));
        assert_eq!(partition.metadata.as_deref(), Some("here"));
    }
}

#[test]
fn offsets_of_an_older_topic_of_the_same_name_are_not_this_ones() {
    let mut world = World::new();
    assert_eq!(world.committed(World::commit_request(7)), 0);
    let fetch = |topic_id| {
        let topic =
            OffsetFetchRequestTopics { name: "orders".to_owned(), topic_id, partition_indexes: vec![0] };
        let group = OffsetFetchRequestGroup {
            group_id: GROUP.to_owned(),
            topics: Some(vec![topic]),
            ..OffsetFetchRequestGroup::default()
        };
        world.coordinator.fetch_offsets(group).topics[0].partitions[0].committed_offset
    };
    assert_eq!(fetch(Uuid::from_u128(7)), 7);
    assert_eq!(fetch(Uuid::nil()), 7);
    assert_eq!(fetch(Uuid::from_u128(8)), -1);
}

#[test]
fn what_was_never_committed_is_minus_one_and_no_error() {
    let world = World::new();
    assert_eq!(world.fetched(), -1);
    let all = OffsetFetchRequestGroup {
        group_id: "nobody".to_owned(),
        topics: None,
        ..OffsetFetchRequestGroup::default()
    };
    let answer = world.coordinator.fetch_offsets(all);
    assert_eq!((answer.topics.len(), answer.error_code), (0, 0));
}

#[test]
fn a_retention_time_of_an_old_client_is_written_as_old_brokers_did() {
    let mut world = World::new();
    assert_eq!(
        world.committed(OffsetCommitRequest { retention_time_ms: 5_000, ..World::commit_request(1) }),
        0
    );
    let value = world.log.last().unwrap().value.clone().unwrap();
    assert_eq!(value[..2], [0, 1], "version 1 is the only one with an expiry time");
    assert_eq!(value[value.len() - 8..], (EPOCH_MS + 5_000).to_be_bytes());
    assert_eq!(world.restart().fetched(), 1);
}
