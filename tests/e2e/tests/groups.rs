//! Consumer groups share the work, whoever joins, leaves or dies, and remember how far they came.

use std::collections::BTreeSet;

use e2e::admin::Admin;
use e2e::clients::{self, Read};
use e2e::group::{BROKER_SETTINGS, Member};
use e2e::{Broker, scale, wait};
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::topic_partition_list::Offset;

const EAGER: (&str, &str) = ("partition.assignment.strategy", "range");
const COOPERATIVE: (&str, &str) = ("partition.assignment.strategy", "cooperative-sticky");
/// The partitions of the topic that groups read here.
const PARTITIONS: i32 = 6;

#[test]
fn members_share_the_partitions_and_take_over_those_of_one_that_leaves_or_dies() {
    for strategy in [EAGER, COOPERATIVE] {
        let broker = broker_with_topic("work");
        let join = || Member::join(&broker, "crew", "work", &[strategy]);
        let first = join();
        wait::until("one member has all partitions", || are_shared(&[&first]));
        let second = join();
        wait::until("two members share them", || are_shared(&[&first, &second]));
        let third = join();
        wait::until("three members share them", || are_shared(&[&first, &second, &third]));
        third.leave();
        wait::until("those of the member that left are taken over", || are_shared(&[&first, &second]));
        second.die();
        wait::until("those of the member that died are taken over", || are_shared(&[&first]));
    }
}

#[test]
fn cooperative_members_keep_what_they_have_while_others_join() {
    let broker = broker_with_topic("work");
    let join = || Member::join(&broker, "crew", "work", &[COOPERATIVE]);
    let first = join();
    wait::until("one member has all partitions", || are_shared(&[&first]));
    let second = join();
    wait::until("two members share them", || are_shared(&[&first, &second]));
    let kept = first.assigned();
    let given_up: BTreeSet<i32> = first.seen().revoked.into_iter().collect();
    assert!(kept.is_disjoint(&given_up), "{kept:?} was given up on the way: {given_up:?}");
    assert_eq!(given_up, second.assigned(), "only what moved was given up");
}

#[test]
fn a_static_member_that_comes_back_in_time_finds_its_partitions_and_nobody_notices() {
    let broker = broker_with_topic("work");
    let join = |instance| {
        let patience = ("session.timeout.ms", "45000");
        Member::join(&broker, "crew", "work", &[EAGER, patience, ("group.instance.id", instance)])
    };
    let steady = join("steady");
    let restless = join("restless");
    wait::until("two members share the partitions", || are_shared(&[&steady, &restless]));
    let had = restless.assigned();
    let before = steady.seen().assignments;
    restless.die();
    let back = join("restless");
    wait::until("the member is back", || !back.assigned().is_empty());
    assert_eq!(back.assigned(), had);
    assert!(are_shared(&[&steady, &back]));
    assert_eq!(steady.seen().assignments, before, "the other member was disturbed");
}

#[test]
fn every_record_reaches_the_group_while_members_come_and_go_and_the_broker_is_killed() {
    let mut broker = broker_with_topic("work");
    let producer =
        clients::producer(&broker, &[("enable.idempotence", "true"), ("message.timeout.ms", "120000")]);
    let batch = scale(500);
    let mut keys = (0..).map(|number: usize| number.to_string());
    let mut members = vec![Member::join(&broker, "crew", "work", &[COOPERATIVE])];
    let mut finished: Vec<String> = Vec::new();
    let mut produced = 0;
    for step in 0..5 {
        clients::produce(&producer, "work", keys.by_ref().take(batch), 50);
        produced += batch;
        match step {
            0 | 1 => members.push(Member::join(&broker, "crew", "work", &[COOPERATIVE])),
            2 => finished.extend(members.remove(0).die().keys),
            3 => {
                broker.kill();
                broker.restart();
            }
            _ => finished.extend(members.remove(0).leave().keys),
        }
        let mut seen = BTreeSet::new();
        wait::until(&format!("the group has read all that was produced (step {step})"), || {
            seen.extend(finished.iter().cloned());
            seen.extend(members.iter().flat_map(|member| member.seen().keys));
            seen.len() == produced
        });
    }
}

#[test]
fn committed_offsets_outlive_a_restart_and_a_kill() {
    let mut broker = broker_with_topic("work");
    let consumer = clients::consumer(&broker, &[("group.id", "ledger")]);
    let commit = |offset: i64| {
        let mut offsets = TopicPartitionList::new();
        for partition in 0..PARTITIONS {
            offsets
                .add_partition_offset("work", partition, Offset::Offset(offset + i64::from(partition)))
                .unwrap();
        }
        clients::once_coordinated(|| consumer.commit(&offsets, CommitMode::Sync));
    };
    let committed = |broker: &Broker| {
        let consumer = clients::consumer(broker, &[("group.id", "ledger")]);
        let mut asked = TopicPartitionList::new();
        asked.add_partition_range("work", 0, PARTITIONS - 1);
        let found = clients::once_coordinated(|| consumer.committed_offsets(asked.clone(), wait::DEADLINE));
        found.elements().iter().map(|element| element.offset()).collect::<Vec<_>>()
    };
    let expected =
        |offset: i64| (0..PARTITIONS).map(move |partition| Offset::Offset(offset + i64::from(partition)));
    commit(100);
    assert!(committed(&broker).into_iter().eq(expected(100)));
    broker.kill();
    broker.restart();
    assert!(committed(&broker).into_iter().eq(expected(100)), "after kill -9: {:?}", committed(&broker));
    commit(200);
    broker.terminate();
    broker.restart();
    assert!(committed(&broker).into_iter().eq(expected(200)), "after a restart: {:?}", committed(&broker));
}

#[test]
fn groups_are_found_where_they_are_kept_also_when_the_number_of_partitions_is_configured_anew() {
    let mut broker = broker_with_topic("work");
    let mut offsets = TopicPartitionList::new();
    offsets.add_partition_offset("work", 0, Offset::Offset(7)).unwrap();
    let groups = ["crew", "team", "band"];
    for group in groups {
        let consumer = clients::consumer(&broker, &[("group.id", group)]);
        clients::once_coordinated(|| consumer.commit(&offsets, CommitMode::Sync));
    }
    broker.terminate();
    let others = [BROKER_SETTINGS, &[("offsets.topic.num.partitions", "3")]].concat();
    broker.configure(&others);
    broker.restart();
    for group in groups {
        let consumer = clients::consumer(&broker, &[("group.id", group)]);
        let found = clients::once_coordinated(|| consumer.committed_offsets(offsets.clone(), wait::DEADLINE));
        assert_eq!(found.elements()[0].offset(), Offset::Offset(7), "{group}");
    }
}

#[test]
fn a_group_goes_on_where_it_stopped() {
    let broker = broker_with_topic("work");
    let producer = clients::producer(&broker, &[]);
    for round in 0..3 {
        let keys: BTreeSet<_> = (0..50).map(|number| format!("{round}-{number}")).collect();
        clients::produce(&producer, "work", keys.iter().cloned(), 10);
        let consumer = clients::consumer(&broker, &[("group.id", "crew")]);
        consumer.subscribe(&["work"]).unwrap();
        let mut read = BTreeSet::new();
        while read.len() < keys.len() {
            if let Read::Record(record) = clients::next(&consumer) {
                assert!(keys.contains(&record.key_text()), "{} was read before", record.key_text());
                read.insert(record.key_text());
            }
        }
        clients::once_coordinated(|| consumer.commit_consumer_state(CommitMode::Sync));
    }
}

#[test]
fn groups_are_listed_described_and_deleted() {
    let broker = broker_with_topic("work");
    let member = Member::join(&broker, "crew", "work", &[EAGER, ("client.id", "the-worker")]);
    wait::until("the member has its partitions", || are_shared(&[&member]));
    let client = clients::consumer(&broker, &[]);
    let list = client.fetch_group_list(None, wait::DEADLINE).unwrap();
    let group = list.groups().iter().find(|group| group.name() == "crew").expect("the group is listed");
    assert_eq!((group.state(), group.protocol_type(), group.protocol()), ("Stable", "consumer", "range"));
    assert_eq!(group.members().len(), 1);
    assert_eq!(group.members()[0].client_id(), "the-worker");

    let admin = Admin::of(&broker);
    assert!(admin.delete_group("crew").is_err(), "a group with members is not deleted");
    member.leave();
    wait::until("the empty group is deleted", || admin.delete_group("crew").is_ok());
    let list = client.fetch_group_list(None, wait::DEADLINE).unwrap();
    assert!(list.groups().iter().all(|group| group.name() != "crew"));
}

fn broker_with_topic(topic: &str) -> Broker {
    let broker = Broker::with(BROKER_SETTINGS);
    Admin::of(&broker).create(topic, PARTITIONS, &[]).expect("a topic");
    broker
}

/// Whether every partition is some member's and none has two, and no member is idle or has more than its share.
fn are_shared(members: &[&Member]) -> bool {
    let assignments: Vec<_> = members.iter().map(|member| member.assigned()).collect();
    let share = PARTITIONS as usize / members.len();
    let all: BTreeSet<i32> = assignments.iter().flatten().copied().collect();
    all.into_iter().eq(0..PARTITIONS) && assignments.iter().all(|assigned| assigned.len() == share)
}
