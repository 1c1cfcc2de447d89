//! What a controller promises: what it said stays said, across restarts, and what cannot be is refused with Kafka's code.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use cluster::{
    BrokerRegistration, ClusterError, ConfigResource, Controller, Endpoint, MetadataLogSettings,
    NewPartitions, NewTopic,
};
use protocol::{BrokerId, ErrorCode, PartitionIndex};
use uuid::Uuid;

const NOW_MS: i64 = 1_700_000_000_000;

fn open(dir: &Path, clean: bool) -> Controller {
    try_open(dir, clean).unwrap()
}

fn try_open(dir: &Path, clean: bool) -> Result<Controller, ClusterError> {
    let registration = BrokerRegistration {
        id: BrokerId(1),
        endpoints: vec![Endpoint {
            name: "PLAINTEXT".to_owned(),
            host: "127.0.0.1".to_owned(),
            port: 9092,
            security_protocol: 0,
        }],
        controller_endpoint: None,
        rack: Some("r1".to_owned()),
        log_dirs: vec![Uuid::from_u128(77)],
    };
    Controller::open(dir, clean, &registration, MetadataLogSettings::default(), NOW_MS)
}

fn topic(name: &str, partitions: i32) -> NewTopic {
    NewTopic { name: name.to_owned(), partitions, replication_factor: 1, ..NewTopic::default() }
}

fn code(result: Result<impl std::fmt::Debug, ClusterError>) -> ErrorCode {
    result.unwrap_err().code()
}

#[test]
fn topics_settings_and_producer_ids_survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let id = {
        let controller = open(dir.path(), true);
        let new = NewTopic { configs: vec![("retention.ms".into(), "5".into())], ..topic("orders", 3) };
        let created = controller.create_topic(&new, false, NOW_MS).unwrap();
        controller.create_topic(&topic("gone", 1), false, NOW_MS).unwrap();
        let gone = controller.image().topic("gone").unwrap().id;
        controller.delete_topic(gone, NOW_MS).unwrap();
        assert_eq!(controller.take_producer_ids(NOW_MS).unwrap(), 0..1000);
        created.id
    };
    let controller = open(dir.path(), false);
    let image = controller.image();
    let orders = image.topic("orders").unwrap();
    assert_eq!((orders.id, orders.partitions.len()), (id, 3));
    assert_eq!(orders.partitions[&PartitionIndex(2)].leader, Some(BrokerId(1)));
    assert_eq!(orders.partitions[&PartitionIndex(0)].directories, [Uuid::from_u128(77)]);
    assert!(image.topic("gone").is_none());
    assert_eq!(image.config(&ConfigResource::Topic("orders".into()))["retention.ms"], "5");
    assert_eq!(image.features()["metadata.version"], 30);
    let me = image.broker(BrokerId(1)).unwrap();
    assert!(!me.fenced);
    assert_eq!((me.rack.as_deref(), me.endpoints[0].port), (Some("r1"), 9092));
    assert_eq!(controller.take_producer_ids(NOW_MS).unwrap(), 1000..2000);
    assert_eq!(controller.epoch().0, 1);
}

#[test]
fn settings_are_replaced_and_removed_and_go_with_their_topic() {
    let dir = tempfile::tempdir().unwrap();
    let controller = open(dir.path(), true);
    let created = controller.create_topic(&topic("t", 1), false, NOW_MS).unwrap();
    let resource = ConfigResource::Topic("t".into());
    let set = |name: &str, value: Option<&str>| {
        controller.change_configs(&resource, &[(name.into(), value.map(str::to_owned))], NOW_MS).unwrap();
        controller.image().config(&resource).get(name).cloned()
    };
    assert_eq!(set("segment.ms", Some("1")), Some("1".to_owned()));
    assert_eq!(set("segment.ms", Some("2")), Some("2".to_owned()));
    let before = controller.image().end_offset;
    set("segment.ms", Some("2"));
    assert_eq!(controller.image().end_offset, before, "a change that changes nothing writes nothing");
    assert_eq!(set("segment.ms", None), None);
    set("segment.ms", Some("3"));
    controller.delete_topic(created.id, NOW_MS).unwrap();
    assert!(controller.image().config(&resource).is_empty());
}

#[test]
fn what_cannot_be_is_refused_with_kafkas_code() {
    let dir = tempfile::tempdir().unwrap();
    let controller = open(dir.path(), true);
    let create = |new: &NewTopic| code(controller.create_topic(new, false, NOW_MS));
    controller.create_topic(&topic("a.b", 2), false, NOW_MS).unwrap();
    assert_eq!(create(&topic("a.b", 1)), ErrorCode::TopicAlreadyExists);
    assert_eq!(create(&topic("a_b", 1)), ErrorCode::InvalidTopicException);
    assert_eq!(create(&topic("a/b", 1)), ErrorCode::InvalidTopicException);
    assert_eq!(create(&topic("p", 0)), ErrorCode::InvalidPartitions);
    assert_eq!(create(&topic("p", 1_000_000)), ErrorCode::PolicyViolation);
    assert_eq!(
        create(&NewTopic { replication_factor: 2, ..topic("p", 1) }),
        ErrorCode::InvalidReplicationFactor
    );
    let assigned = |assignment: Vec<(i32, Vec<i32>)>| {
        let assignment = assignment
            .into_iter()
            .map(|(index, ids)| (PartitionIndex(index), ids.into_iter().map(BrokerId).collect()))
            .collect();
        create(&NewTopic { assignment, ..topic("p", -1) })
    };
    assert_eq!(assigned(vec![(1, vec![1])]), ErrorCode::InvalidReplicaAssignment);
    assert_eq!(assigned(vec![(0, vec![2])]), ErrorCode::InvalidReplicaAssignment);
    assert_eq!(assigned(vec![(0, vec![1, 1])]), ErrorCode::InvalidReplicaAssignment);
    assert_eq!(assigned(vec![(0, vec![])]), ErrorCode::InvalidReplicaAssignment);
    assert_eq!(code(controller.delete_topic(Uuid::from_u128(5), NOW_MS)), ErrorCode::UnknownTopicId);
    let add = |topic: &str, total| {
        let new = NewPartitions { topic: topic.to_owned(), total, assignment: None };
        controller.add_partitions(&new, false, NOW_MS)
    };
    assert_eq!(code(add("nobody", 3)), ErrorCode::UnknownTopicOrPartition);
    assert_eq!(code(add("a.b", 2)), ErrorCode::InvalidPartitions);
    assert_eq!(code(add("a.b", 1)), ErrorCode::InvalidPartitions);
    add("a.b", 4).unwrap();
    assert_eq!(controller.image().topic("a.b").unwrap().partitions.len(), 4);
}

#[test]
fn checking_only_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let controller = open(dir.path(), true);
    let before = controller.image().end_offset;
    let checked = controller.create_topic(&topic("t", 7), true, NOW_MS).unwrap();
    assert_eq!((checked.id, checked.partitions, checked.replication_factor), (Uuid::nil(), 7, 1));
    assert_eq!(controller.image().end_offset, before);
}

#[test]
fn files_that_contradict_the_log_are_refused_before_anything_is_written() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path(), true).close(NOW_MS).unwrap();
    let metadata = dir.path().join("__cluster_metadata-0");
    let snapshot = metadata.join("00000000000000001000-0000000001.checkpoint");
    std::fs::write(&snapshot, []).unwrap();
    let error = try_open(dir.path(), true).unwrap_err();
    assert!(error.to_string().contains("beyond the log's end"), "{error}");
    std::fs::remove_file(snapshot).unwrap();

    let quorum_state = metadata.join("quorum-state");
    let before = std::fs::read(&quorum_state).unwrap();
    std::fs::write(&quorum_state, format!(r#"{{"leaderEpoch":{}}}"#, i32::MAX)).unwrap();
    let error = try_open(dir.path(), true).unwrap_err();
    assert!(error.to_string().contains("no leader's epoch"), "{error}");
    std::fs::write(&quorum_state, before).unwrap();
    open(dir.path(), true);
}
