//! The settings of topics: what they may be, and what stands in for them.

use std::collections::BTreeMap;

use log::LogConfig;
use protocol::records::{Codec, Compression, TimestampType};

use super::{config, map};
use crate::config::TopicConfigError;

#[test]
fn a_topic_without_settings_has_the_logs_defaults() {
    assert_eq!(config(&[]).log_config(&BTreeMap::new()), LogConfig::default());
}

#[test]
fn every_setting_that_logs_heed_arrives() {
    let own = map(&[
        ("cleanup.policy", "compact"),
        ("compression.type", "zstd"),
        ("compression.zstd.level", "7"),
        ("file.delete.delay.ms", "1"),
        ("flush.messages", "2"),
        ("flush.ms", "3"),
        ("index.interval.bytes", "4"),
        ("max.message.bytes", "5"),
        ("message.timestamp.type", "LogAppendTime"),
        ("message.timestamp.before.max.ms", "6"),
        ("message.timestamp.after.max.ms", "7"),
        ("min.insync.replicas", "8"),
        ("preallocate", "true"),
        ("retention.bytes", "9"),
        ("retention.ms", "10"),
        ("segment.bytes", "1048577"),
        ("segment.index.bytes", "12"),
        ("segment.jitter.ms", "13"),
        ("segment.ms", "14"),
        ("crossdock.compressed.validation", "records"),
    ]);
    let config = config(&[]);
    assert_eq!(config.check_topic(&own), Ok(()));
    let expected = LogConfig {
        cleanup_delete: false,
        cleanup_compact: true,
        compression: Some(Codec { compression: Compression::Zstd, level: Some(7) }),
        file_delete_delay_ms: 1,
        flush_messages: 2,
        flush_ms: 3,
        index_interval_bytes: 4,
        max_message_bytes: 5,
        timestamp_type: TimestampType::LogAppendTime,
        timestamp_before_max_ms: 6,
        timestamp_after_max_ms: 7,
        min_insync_replicas: 8,
        preallocate: true,
        retention_bytes: 9,
        retention_ms: 10,
        segment_bytes: 1_048_577,
        segment_index_bytes: 12,
        segment_jitter_ms: 13,
        segment_ms: 14,
        validate_compressed: true,
    };
    assert_eq!(config.log_config(&own), expected);
    assert_eq!(config.log_config(&map(&[("internal.segment.bytes", "100")])).segment_bytes, 100);
}

#[test]
fn compressions_keep_the_usual_level_where_none_is_set() {
    let compression = |name: &str| config(&[]).log_config(&map(&[("compression.type", name)])).compression;
    assert_eq!(compression("producer"), None);
    assert_eq!(compression("uncompressed"), Some(Codec::new(Compression::None)));
    assert_eq!(compression("gzip"), Some(Codec::new(Compression::Gzip)));
    assert_eq!(compression("zstd"), Some(Codec { compression: Compression::Zstd, level: Some(3) }));
}

#[test]
fn milliseconds_win_over_minutes_and_minutes_over_hours() {
    let retention = |settings: &[&str]| config(settings).log_config(&BTreeMap::new()).retention_ms;
    assert_eq!(retention(&["log.retention.hours=2"]), 7_200_000);
    assert_eq!(retention(&["log.retention.hours=2", "log.retention.minutes=3"]), 180_000);
    assert_eq!(retention(&["log.retention.ms=4", "log.retention.hours=2", "log.retention.minutes=3"]), 4);
    assert_eq!(retention(&["log.retention.hours=-5"]), -1);
    assert_eq!(config(&["log.roll.hours=2"]).log_config(&BTreeMap::new()).segment_ms, 7_200_000);
    assert_eq!(config(&["log.flush.scheduler.interval.ms=9"]).log_config(&BTreeMap::new()).flush_ms, 9);
}

#[test]
fn a_topics_value_wins_over_a_clients_and_a_clients_over_the_files() {
    let started = config(&["log.retention.minutes=1"]);
    let all = map(&[("log.retention.ms", "2")]);
    let this = map(&[("log.retention.ms", "3")]);
    let none = BTreeMap::new();
    let retention = |config: &crate::config::BrokerConfig, own: &BTreeMap<String, String>| {
        config.log_config(own).retention_ms
    };
    let for_all = started.with_dynamic(&all, &none).expect("valid");
    let for_this = started.with_dynamic(&all, &this).expect("valid");
    assert_eq!(retention(&started, &none), 60_000);
    assert_eq!(retention(&for_all, &none), 2);
    assert_eq!(retention(&for_this, &none), 3);
    assert_eq!(retention(&for_this, &map(&[("retention.ms", "4")])), 4);
}

#[test]
fn a_stored_value_that_is_not_valid_counts_as_not_set() {
    let config = config(&["log.segment.bytes=2000000"]);
    assert_eq!(config.log_config(&map(&[("segment.bytes", "lots")])).segment_bytes, 2_000_000);
    let changed = config.with_dynamic(&map(&[("log.segment.bytes", "12")]), &BTreeMap::new()).expect("valid");
    assert_eq!(changed.log_config(&BTreeMap::new()).segment_bytes, 2_000_000);
}

/// What Kafka takes and refuses was found by asking a broker of version 4.3.1.
#[test]
fn topics_take_what_kafka_takes() {
    let config = config(&[]);
    let check = |name: &str, value: &str| config.check_topic(&map(&[(name, value)]));
    for (name, value) in [
        ("retention.bytes", "-7"),
        ("cleanup.policy", ""),
        ("cleanup.policy", "delete,delete"),
        ("internal.segment.bytes", "5"),
        ("local.retention.ms", "99999999999"),
        ("min.insync.replicas", "4"),
        ("leader.replication.throttled.replicas", "*"),
        ("remote.storage.enable", "false"),
    ] {
        assert_eq!(check(name, value), Ok(()), "{name}={value}");
    }
    for (name, value) in [
        ("segment.bytes", "12"),
        ("segment.bytes", "x"),
        ("segment.bytes", ""),
        ("retention.ms", "-2"),
        ("cleanup.policy", "x"),
        ("max.compaction.lag.ms", "0"),
        ("preallocate", "yes"),
        ("compression.type", "GZIP"),
        ("compression.gzip.level", "0"),
        ("compression.zstd.level", "23"),
        ("message.timestamp.type", "createtime"),
        ("leader.replication.throttled.replicas", "x"),
    ] {
        assert!(matches!(check(name, value), Err(TopicConfigError::BadValue(_))), "{name}={value}");
    }
    for name in ["nope", "message.downconversion.enable", "message.format.version"] {
        assert!(matches!(check(name, "true"), Err(TopicConfigError::Unknown { .. })), "{name}");
    }
    assert_eq!(check("remote.storage.enable", "true"), Err(TopicConfigError::RemoteStorage));
    let lag = map(&[("min.compaction.lag.ms", "6"), ("max.compaction.lag.ms", "5")]);
    assert_eq!(config.check_topic(&lag), Err(TopicConfigError::CompactionLag { min_ms: 6, max_ms: 5 }));
}

#[test]
fn errors_say_what_was_expected() {
    let config = config(&[]);
    let error = |name: &str, value: &str| {
        config.check_topic(&map(&[(name, value)])).expect_err("an error").to_string()
    };
    assert_eq!(
        error("segment.bytes", "12"),
        "Invalid value 12 for configuration segment.bytes: \
         expected a whole number up to 2147483647, at least 1048576"
    );
    assert_eq!(
        error("retention.hours", "1"),
        "Unknown topic config name: retention.hours; did you mean retention.ms?"
    );
}
