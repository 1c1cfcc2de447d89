//! A data directory is one broker's, tells how it was left, and lists its logs.

use std::fs;

use log::{LogDir, LogDirOptions, LogError, MetaProperties, Shutdown};
use protocol::{BrokerId, PartitionIndex};

fn options() -> LogDirOptions {
    LogDirOptions { node_id: BrokerId(1), cluster_id: None }
}

#[test]
fn a_second_opening_is_refused_and_names_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let first = LogDir::open(dir.path(), &options()).unwrap();
    let error = LogDir::open(dir.path(), &options()).unwrap_err();
    let own = std::process::id();
    assert!(matches!(error, LogError::Locked { pid: Some(pid), .. } if pid == own), "{error}");
    drop(first);
    LogDir::open(dir.path(), &options()).unwrap();
}

#[test]
fn only_a_clean_stop_is_clean_and_only_once() {
    let dir = tempfile::tempdir().unwrap();
    let log_dir = LogDir::open(dir.path(), &options()).unwrap();
    assert_eq!(log_dir.shutdown(), Shutdown::Unclean);
    log_dir.mark_clean_shutdown(14).unwrap();
    drop(log_dir);
    let mark = fs::read_to_string(dir.path().join(".kafka_cleanshutdown")).unwrap();
    assert_eq!(mark, r#"{"version":0,"brokerEpoch":14}"#);
    let log_dir = LogDir::open(dir.path(), &options()).unwrap();
    assert_eq!(log_dir.shutdown(), Shutdown::Clean { broker_epoch: 14 });
    drop(log_dir);
    assert_eq!(LogDir::open(dir.path(), &options()).unwrap().shutdown(), Shutdown::Unclean);
}

#[test]
fn the_identity_is_kept_and_another_brokers_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let meta = LogDir::open(dir.path(), &options()).unwrap().meta().clone();
    assert_eq!(LogDir::open(dir.path(), &options()).unwrap().meta(), &meta);
    for options in [
        LogDirOptions { node_id: BrokerId(2), cluster_id: None },
        LogDirOptions { node_id: BrokerId(1), cluster_id: Some("another".to_owned()) },
    ] {
        let error = LogDir::open(dir.path(), &options).unwrap_err();
        assert!(matches!(error, LogError::ForeignDirectory { .. }), "{error}");
    }
}

#[test]
fn the_identity_that_kafka_writes_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let text = "#\n#Sat Nov 21 04:17:48 UTC 2026\nnode.id=1\ndirectory.id=knhM-83SQkmTOd8Sbt7Ptg\nversion=1\n\
                cluster.id=Fh2N_9TWSpqFyNmZiTNyTA\n";
    fs::write(dir.path().join("meta.properties"), text).unwrap();
    let meta = MetaProperties::read(dir.path()).unwrap().unwrap();
    assert_eq!((meta.node_id, meta.cluster_id.as_str()), (BrokerId(1), "Fh2N_9TWSpqFyNmZiTNyTA"));
    meta.write(dir.path()).unwrap();
    assert_eq!(MetaProperties::read(dir.path()).unwrap().unwrap(), meta);
}

#[test]
fn logs_are_listed_until_they_are_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let log_dir = LogDir::open(dir.path(), &options()).unwrap();
    for name in ["a-0", "b.c-12", "a-0.0123-future", "other"] {
        fs::create_dir(dir.path().join(name)).unwrap();
    }
    fs::write(dir.path().join("file-3"), "").unwrap();
    let mut partitions = log_dir.partitions().unwrap();
    partitions.sort();
    let names: Vec<_> = partitions.iter().map(|(topic, index, _)| (topic.as_str(), index.0)).collect();
    assert_eq!(names, [("a", 0), ("b.c", 12)]);

    let left = log_dir.mark_deleted("a", PartitionIndex(0)).unwrap();
    assert_eq!(log_dir.partitions().unwrap().len(), 1);
    assert_eq!(log_dir.deleted().unwrap(), [left]);
}

#[test]
fn a_topic_id_reads_back_and_reads_as_kafka_writes_it() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(log::read_topic_id(dir.path()).unwrap(), None);
    fs::write(dir.path().join("partition.metadata"), "version: 0\ntopic_id: 54jV-5p6Ty2IN9o9r4aKpw").unwrap();
    let id = log::read_topic_id(dir.path()).unwrap().unwrap();
    log::write_topic_id(dir.path(), id).unwrap();
    let text = fs::read_to_string(dir.path().join("partition.metadata")).unwrap();
    assert_eq!(text, "version: 0\ntopic_id: 54jV-5p6Ty2IN9o9r4aKpw");
}
