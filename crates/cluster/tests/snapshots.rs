//! What snapshots promise: the metadata log stays small, nothing that it said is lost, and a crash between any two steps
//! leaves a directory that opens.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use cluster::{BrokerRegistration, ClusterError, ConfigResource, Controller, MetadataLogSettings, NewTopic};
use protocol::messages::metadata_records::{
    AccessControlEntryRecord, BeginTransactionRecord, FeatureLevelRecord, MetadataRecord, TopicRecord,
};
use protocol::records::{Batches, Codec, ControlType, RecordBatchBuilder};
use protocol::{BrokerId, Offset};
use uuid::Uuid;

const NOW_MS: i64 = 1_700_000_000_000;
const HOUR_MS: i64 = 60 * 60 * 1000;

/// Small enough that a few topics make a snapshot due, and several of them roll the log.
const SMALL: MetadataLogSettings = MetadataLogSettings {
    segment_bytes: 4096,
    segment_ms: i64::MAX,
    max_record_bytes_between_snapshots: 3000,
    max_snapshot_interval_ms: HOUR_MS,
    max_retention_bytes: 20_000,
    max_retention_ms: -1,
};

fn try_open(dir: &Path, settings: MetadataLogSettings) -> Result<Controller, ClusterError> {
    let me = BrokerRegistration {
        id: BrokerId(1),
        endpoints: Vec::new(),
        controller_endpoint: None,
        rack: None,
        log_dirs: vec![Uuid::from_u128(77)],
    };
    Controller::open(dir, false, &me, settings, NOW_MS)
}

fn open(dir: &Path) -> Controller {
    try_open(dir, SMALL).unwrap()
}

fn create_topics(controller: &Controller, names: impl IntoIterator<Item = u32>) {
    for name in names {
        let configs = vec![("retention.ms".to_owned(), name.to_string())];
        let new = NewTopic {
            name: format!("topic-{name}"),
            partitions: 3,
            replication_factor: 1,
            configs,
            ..NewTopic::default()
        };
        controller.create_topic(&new, false, NOW_MS).unwrap();
    }
}

/// Everything but who is registered, which every start changes.
fn content(controller: &Controller) -> String {
    let image = controller.image();
    let topics: Vec<_> = image.topics().collect();
    let configs: Vec<_> = image.configs().collect();
    format!("{topics:?} {configs:?} {:?} {}", image.features(), image.next_producer_id())
}

/// The names of files of one kind beside the metadata log, oldest first.
fn files(dir: &Path, suffix: &str) -> Vec<String> {
    let entries = fs::read_dir(log_dir(dir)).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name.ends_with(suffix));
    names.sort();
    names
}

fn log_dir(dir: &Path) -> PathBuf {
    dir.join("__cluster_metadata-0")
}

/// Writes snapshots until there have been `count`, each after a few topics more.
fn write_snapshots(controller: &Controller, count: u32) {
    for round in 0..count {
        create_topics(controller, round * 10..round * 10 + 10);
        controller.write_snapshot_if_due(NOW_MS).unwrap().expect("a snapshot after so many records");
    }
}

#[test]
fn a_broker_that_starts_from_a_snapshot_and_what_came_after_knows_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let controller = open(dir.path());
    controller.take_producer_ids(NOW_MS).unwrap();
    write_snapshots(&controller, 3);
    create_topics(&controller, 100..102);
    let deleted = controller.image().topic("topic-3").unwrap().id;
    controller.delete_topic(deleted, NOW_MS).unwrap();
    let before = content(&controller);
    drop(controller);
    let after = open(dir.path());
    assert_eq!(content(&after), before);
    assert_eq!(after.image().config(&ConfigResource::Topic("topic-7".into()))["retention.ms"], "7");
    assert!(after.image().topic_by_id(deleted).is_none());
}

#[test]
fn a_snapshot_is_due_after_so_many_bytes_or_so_much_time_with_changes() {
    let dir = tempfile::tempdir().unwrap();
    let controller = open(dir.path());
    assert_eq!(controller.write_snapshot_if_due(NOW_MS).unwrap(), None);
    let written = controller.write_snapshot_if_due(NOW_MS + HOUR_MS).unwrap().unwrap();
    assert_eq!(written.0, controller.image().end_offset);
    assert_eq!(files(dir.path(), ".checkpoint"), [format!("{:020}-{:010}.checkpoint", written.0.0, 0)]);
    assert_eq!(controller.write_snapshot_if_due(NOW_MS + 3 * HOUR_MS).unwrap(), None, "nothing has changed");
    create_topics(&controller, 0..10);
    assert!(controller.write_snapshot_if_due(NOW_MS + HOUR_MS).unwrap().is_some());
}

#[test]
fn the_log_and_its_snapshots_stay_within_what_the_settings_say() {
    let dir = tempfile::tempdir().unwrap();
    let controller = open(dir.path());
    for round in 0..30_u32 {
        create_topics(&controller, [0, 1, 2, 3, 4]);
        for topic in [0, 1, 2, 3, 4] {
            let id = controller.image().topic(&format!("topic-{topic}")).unwrap().id;
            controller.delete_topic(id, NOW_MS).unwrap();
        }
        controller.write_snapshot_if_due(NOW_MS + i64::from(round) * HOUR_MS).unwrap();
    }
    let log = controller.log();
    assert!(log.start_offset() > Offset(100), "the log still begins at {}", log.start_offset());
    let sizes = fs::read_dir(log_dir(dir.path())).unwrap().map(|entry| {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let counts = name.ends_with(".log") || name.ends_with(".checkpoint");
        if counts { entry.metadata().unwrap().len() } else { 0 }
    });
    let total: u64 = sizes.sum();
    let most = SMALL.max_retention_bytes as u64
        + u64::from(SMALL.segment_bytes)
        + 2 * SMALL.max_record_bytes_between_snapshots;
    assert!(total <= most, "{total} bytes are left");
    drop(controller);
    open(dir.path());
}

#[test]
fn snapshots_that_are_too_old_go_but_never_the_newest() {
    let dir = tempfile::tempdir().unwrap();
    let settings = MetadataLogSettings { max_retention_bytes: -1, max_retention_ms: 10 * HOUR_MS, ..SMALL };
    let controller = try_open(dir.path(), settings).unwrap();
    write_snapshots(&controller, 3);
    assert_eq!(files(dir.path(), ".checkpoint").len(), 3);
    let newest = files(dir.path(), ".checkpoint").pop().unwrap();
    controller.write_snapshot_if_due(NOW_MS + 11 * HOUR_MS).unwrap();
    assert_eq!(files(dir.path(), ".checkpoint"), [newest]);
}

#[test]
fn a_crash_while_a_snapshot_is_written_leaves_the_one_before() {
    let dir = tempfile::tempdir().unwrap();
    let controller = open(dir.path());
    write_snapshots(&controller, 1);
    let before = content(&controller);
    drop(controller);
    let whole = log_dir(dir.path()).join(files(dir.path(), ".checkpoint").pop().unwrap());
    let bytes = fs::read(whole).unwrap();
    let unfinished = log_dir(dir.path()).join("00000000000000099999-0000000001.checkpoint.part");
    fs::write(&unfinished, &bytes[..bytes.len() / 2]).unwrap();
    assert_eq!(content(&open(dir.path())), before);
    assert!(!unfinished.exists());
}

#[test]
fn a_crash_between_a_snapshot_and_the_deletion_of_what_it_stands_for_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let keep = MetadataLogSettings { max_retention_bytes: -1, ..SMALL };
    let controller = try_open(dir.path(), keep).unwrap();
    write_snapshots(&controller, 6);
    let before = content(&controller);
    drop(controller);
    let snapshots = files(dir.path(), ".checkpoint");
    assert_eq!(snapshots.len(), 6);

    // Nothing is deleted yet.
    assert_eq!(content(&try_open(dir.path(), keep).unwrap()), before);

    // The log begins later, and the snapshots that end before are still there.
    for name in files(dir.path(), ".log").iter().take(3) {
        fs::remove_file(log_dir(dir.path()).join(name)).unwrap();
    }
    let controller = try_open(dir.path(), keep).unwrap();
    assert_eq!(content(&controller), before);
    let start = controller.log().start_offset();
    assert!(start > Offset::ZERO);
    controller.write_snapshot_if_due(NOW_MS).unwrap();
    let left = files(dir.path(), ".checkpoint");
    assert!(left.len() < snapshots.len());
    assert!(left.first().unwrap()[..20].parse::<i64>().unwrap() >= start.0);
    drop(controller);
    assert_eq!(content(&try_open(dir.path(), keep).unwrap()), before);
}

#[test]
fn a_log_whose_beginning_is_nowhere_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let controller = open(dir.path());
    write_snapshots(&controller, 6);
    assert!(controller.log().start_offset() > Offset::ZERO);
    drop(controller);
    for name in files(dir.path(), ".checkpoint") {
        fs::remove_file(log_dir(dir.path()).join(name)).unwrap();
    }
    let error = try_open(dir.path(), SMALL).unwrap_err().to_string();
    assert!(error.contains("no snapshot says what was before"), "{error}");
}

/// Batches one after the other, as Kafka wrote them before this node took over.
fn written_before(dir: &Path, file: &str, batches: impl IntoIterator<Item = RecordBatchBuilder>) {
    let mut offset = Offset::ZERO;
    let mut bytes = Vec::new();
    for batch in batches {
        let count = batch.record_count();
        bytes.extend_from_slice(&batch.base_offset(offset).build().unwrap());
        offset = offset.plus(i64::from(count));
    }
    fs::create_dir_all(log_dir(dir)).unwrap();
    fs::write(log_dir(dir).join(file), bytes).unwrap();
}

fn batch(records: &[MetadataRecord]) -> RecordBatchBuilder {
    let mut batch = RecordBatchBuilder::new(Codec::default());
    for record in records {
        batch.append(NOW_MS, None, Some(&record.encode(record.spec().stable_versions().last)), &[]);
    }
    batch
}

fn control(control: ControlType, value: &[u8]) -> RecordBatchBuilder {
    RecordBatchBuilder::default().control(NOW_MS, control, value)
}

#[test]
fn what_only_kafka_makes_use_of_is_in_the_next_snapshot() {
    let dir = tempfile::tempdir().unwrap();
    let feature = FeatureLevelRecord { name: "metadata.version".to_owned(), feature_level: 30 }.into();
    let acl = AccessControlEntryRecord { id: Uuid::from_u128(9), ..Default::default() };
    let batches = [
        control(ControlType::SnapshotHeader, &[0; 11]),
        control(ControlType::KraftVersion, b"version"),
        control(ControlType::KraftVoters, b"voters"),
        batch(&[feature, acl.clone().into()]),
        control(ControlType::SnapshotFooter, &[0; 3]),
    ];
    written_before(dir.path(), "00000000000000000000-0000000000.checkpoint", batches);
    let controller = open(dir.path());
    controller.write_snapshot_if_due(NOW_MS + HOUR_MS).unwrap().unwrap();

    let newest = log_dir(dir.path()).join(files(dir.path(), ".checkpoint").pop().unwrap());
    let mut controls = Vec::new();
    let mut acls = Vec::new();
    for batch in Batches::new(fs::read(newest).unwrap().into()) {
        let batch = batch.unwrap();
        batch.verify_crc().unwrap();
        let body = batch.body(1 << 20).unwrap();
        for record in body.records().map(Result::unwrap) {
            if batch.header().attributes.is_control() {
                let value = Bytes::copy_from_slice(record.value.unwrap());
                controls.push((ControlType::from_key(record.key.unwrap()).unwrap(), value));
                continue;
            }
            let (record, _) = MetadataRecord::decode(body.bytes().slice_ref(record.value.unwrap())).unwrap();
            if let MetadataRecord::AccessControlEntry(found) = record {
                acls.push(found);
            }
        }
    }
    assert_eq!(controls.first().map(|(control, _)| *control), Some(ControlType::SnapshotHeader));
    assert_eq!(controls[1], (ControlType::KraftVersion, Bytes::from_static(b"version")));
    assert_eq!(controls[2], (ControlType::KraftVoters, Bytes::from_static(b"voters")));
    assert_eq!(controls.last().map(|(control, _)| *control), Some(ControlType::SnapshotFooter));
    assert_eq!(acls, [acl]);
}

#[test]
fn a_transaction_that_was_not_ended_does_not_count_now_or_later() {
    let dir = tempfile::tempdir().unwrap();
    let topic = |name: &str| TopicRecord { name: name.to_owned(), topic_id: Uuid::new_v4() };
    let feature = FeatureLevelRecord { name: "metadata.version".to_owned(), feature_level: 30 }.into();
    let begin = BeginTransactionRecord::default().into();
    let batches = [batch(&[feature, topic("kept").into()]), batch(&[begin, topic("lost").into()])];
    written_before(dir.path(), "00000000000000000000.log", batches);
    for _ in 0..2 {
        let controller = open(dir.path());
        let image = controller.image();
        assert!(image.topic("kept").is_some());
        assert!(image.topic("lost").is_none());
    }
}
