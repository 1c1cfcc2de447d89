//! Promises about what a restart brings back.

use bytes::Bytes;
use protocol::messages::group_records::{
    ConsumerGroupMemberMetadataKey, ConsumerGroupMemberMetadataValue, ConsumerGroupMetadataKey,
    ConsumerGroupMetadataValue, GroupRecordKey, GroupRecordValue, LegacyOffsetCommitKey,
    LegacyOffsetCommitValue, OffsetCommitKey, OffsetCommitValue, ShareGroupMetadataKey,
    ShareGroupMetadataValue,
};
use protocol::{ErrorCode, Offset, ProducerId};

use super::harness::{GROUP, SESSION_MS, World, consumer};
use crate::groups::{Loader, Now, Record, Settings};

fn record(key: impl Into<GroupRecordKey>, value: impl Into<GroupRecordValue>, version: i16) -> Record {
    Record { key: key.into().encode(), value: Some(value.into().encode(version)) }
}

fn consumer_group(members: &[&str]) -> Vec<Record> {
    let mut records = vec![record(
        ConsumerGroupMetadataKey { group_id: GROUP.to_owned() },
        ConsumerGroupMetadataValue::default(),
        0,
    )];
    for member in members {
        let key =
            ConsumerGroupMemberMetadataKey { group_id: GROUP.to_owned(), member_id: (*member).to_owned() };
        records.push(record(key, ConsumerGroupMemberMetadataValue::default(), 0));
    }
    records
}

fn offset(offset: i64) -> Record {
    let key = OffsetCommitKey { group: GROUP.to_owned(), topic: "orders".to_owned(), partition: 0 };
    record(key, OffsetCommitValue { offset, ..OffsetCommitValue::default() }, 4)
}

fn opened(log: Vec<Record>) -> World {
    World::restarted(Settings::default(), log, 0)
}

#[test]
fn members_go_on_where_they_were() {
    let mut world = World::new();
    let members = world.stable([consumer(), consumer().instance("a")]);
    let before = world.coordinator.describe_group(GROUP, 6);
    let mut world = world.restart();
    assert_eq!(world.coordinator.describe_group(GROUP, 6), before);
    for member in &members {
        assert_eq!(world.heartbeat(member), ErrorCode::None);
        assert_eq!(world.committed_by(member, 1), 0);
    }
    let again = world.joined(&consumer().instance("a"));
    assert_eq!((again.error_code, again.generation_id), (0, 1), "static members are known as such");
}

#[test]
fn members_that_did_not_live_through_the_restart_are_found_out() {
    let mut world = World::new();
    let [member] = world.stable([consumer()]);
    let mut world = world.restart();
    world.pass(i64::from(SESSION_MS) - 1);
    assert_eq!(world.state(), "Stable");
    world.pass(1);
    assert_eq!(world.state(), "Empty");
    assert_eq!(world.heartbeat(&member), ErrorCode::UnknownMemberId);
}

#[test]
fn a_group_that_is_larger_than_allowed_by_now_rebalances_down_to_size() {
    let mut world = World::new();
    let members = world.stable([consumer(), consumer(), consumer()]);
    let mut settings = world.settings.clone();
    settings.group_max_size = 2;
    let mut world = World::restarted(settings, world.log, world.now_ms);
    assert_eq!(world.state(), "PreparingRebalance");
    let waiting: Vec<_> =
        members.iter().map(|member| world.join(&consumer().id(&member.member_id))).collect();
    let last = world.join_answer(waiting[2]).unwrap();
    assert_eq!(last.error_code, ErrorCode::GroupMaxSizeReached.code());
}

#[test]
fn offsets_of_old_brokers_are_read() {
    let key = LegacyOffsetCommitKey { group: GROUP.to_owned(), topic: "orders".to_owned(), partition: 0 };
    let value = LegacyOffsetCommitValue { offset: 11, ..LegacyOffsetCommitValue::default() };
    assert_eq!(opened(vec![record(key, value, 0)]).fetched(), 11);
}

#[test]
fn offsets_of_a_transaction_count_when_it_is_committed_and_nothing_newer_was() {
    let producer = ProducerId(9);
    let fetched = |plain_first: bool, end: Option<bool>| {
        let mut loader = Loader::new(Settings::default());
        let of_transaction = (Some(producer), offset(5));
        let plain = (None, offset(3));
        let order = if plain_first { [plain, of_transaction] } else { [of_transaction, plain] };
        for (at, (transaction, Record { key, value })) in order.into_iter().enumerate() {
            loader.record(Offset(at as i64), transaction, key, value).unwrap();
        }
        if let Some(committed) = end {
            loader.end_transaction(producer, committed);
        }
        let mut world = World::new();
        world.coordinator = loader.finish(Now { timer_ms: 0, unix_ms: 0 });
        world.fetched()
    };
    assert_eq!(fetched(true, Some(true)), 5);
    assert_eq!(fetched(false, Some(true)), 3, "the plain commit is newer");
    assert_eq!(fetched(true, Some(false)), 3);
    assert_eq!(fetched(true, None), 3);
}

#[test]
fn a_malformed_record_is_an_error_and_an_unknown_one_is_not() {
    let mut loader = Loader::new(Settings::default());
    let mut record = |key: &'static [u8], value: &'static [u8]| {
        loader.record(Offset(0), None, Bytes::from_static(key), Some(Bytes::from_static(value)))
    };
    assert!(record(&[0, 24, 1, 2, 3], &[]).is_ok(), "a kind of record to come");
    assert!(record(&[], &[]).is_err());
    assert!(record(&[0, 2, 0, 9, b'g'], &[]).is_err(), "a key cut short");
    assert!(record(&[0, 2, 0, 1, b'g'], &[0, 3, 0]).is_err(), "a value cut short");
    let error = record(&[0, 2, 0, 1, b'g'], &[0, 99]).unwrap_err();
    assert!(error.to_string().starts_with("malformed record at offset 0"), "{error}");
}

#[test]
fn a_consumer_group_with_members_is_left_alone() {
    let mut log = consumer_group(&["m"]);
    log.push(offset(5));
    let mut world = opened(log.clone());
    let listed = &world.coordinator.list_groups(world.now(), &[], &[])[0];
    assert_eq!((listed.group_type.as_str(), listed.group_state.as_str()), ("consumer", "Stable"));
    assert_eq!(world.fetched(), 5, "its offsets can be read");
    assert_eq!(world.joined(&consumer()).error_code, ErrorCode::InconsistentGroupProtocol.code());
    assert_eq!(world.committed(World::commit_request(1)), ErrorCode::UnknownMemberId.code());
    assert_eq!(world.coordinator.describe_group(GROUP, 6).error_code, ErrorCode::GroupIdNotFound.code());
    world.pass(30 * 86_400_000);
    assert_eq!(world.log, log, "nothing of it expires");
}

#[test]
fn a_consumer_group_without_members_gives_way_to_a_classic_one_and_hands_down_its_offsets() {
    for members in [&[][..], &["dead"]] {
        let mut log = consumer_group(members);
        log.push(offset(5));
        let mut world = opened(log);
        world.pass(45_000);
        world.stable([consumer()]);
        assert_eq!(world.fetched(), 5);
        let world = world.restart();
        assert_eq!((world.state().as_str(), world.fetched()), ("Stable", 5));
    }
}

#[test]
fn a_consumer_group_without_members_can_be_deleted() {
    let mut world = opened(consumer_group(&[]));
    world.ask(|coordinator, now, to| coordinator.delete_groups(now, vec![GROUP.to_owned()], to));
    assert!(world.coordinator.list_groups(world.now(), &[], &[]).is_empty());
    let world = world.restart();
    assert!(world.coordinator.list_groups(world.now(), &[], &[]).is_empty());
}

#[test]
fn a_share_group_never_gives_way() {
    let key = ShareGroupMetadataKey { group_id: GROUP.to_owned() };
    let mut world = opened(vec![record(key, ShareGroupMetadataValue::default(), 0)]);
    world.pass(45_000);
    assert_eq!(world.joined(&consumer()).error_code, ErrorCode::InconsistentGroupProtocol.code());
}
