//! DescribeConfigs against the answers of Apache Kafka with the same settings.

use std::collections::BTreeMap;
use std::fs;

use super::map;
use crate::config::tables::OWN_PREFIX;
use crate::config::{BrokerConfig, ConfigSource, DescribedConfig, Kind, Sources};

/// Made by `describe.jsh`, which says how.
const KAFKA: &str = include_str!("kafka/describe.tsv");

fn started() -> BrokerConfig {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("server.properties");
    fs::write(&path, include_str!("kafka/server.properties")).expect("a file");
    Sources::new().file(&path).load().unwrap_or_else(|errors| panic!("{errors}")).config
}

/// After what `describe.jsh` changes; Kafka itself sets `min.insync.replicas` where eligible leader replicas are on.
fn changed() -> BrokerConfig {
    let all = map(&[
        ("log.retention.ms", "77777"),
        ("message.max.bytes", "3000000"),
        ("log.cleaner.threads", "2"),
        ("unheard.of", "x"),
        ("follower.replication.throttled.rate", "1024"),
        ("min.insync.replicas", "1"),
    ]);
    let this = map(&[
        ("log.segment.bytes", "2097152"),
        ("log.flush.interval.ms", "500"),
        ("message.max.bytes", "4000000"),
        ("log.roll.ms", "1234567"),
    ]);
    started().with_dynamic(&all, &this).expect("valid settings")
}

fn rich_topic() -> BTreeMap<String, String> {
    map(&[
        ("retention.ms", "1000"),
        ("cleanup.policy", "compact, delete"),
        ("segment.bytes", "01048576"),
        ("flush.ms", "9"),
        ("compression.type", "gzip"),
        ("min.cleanable.dirty.ratio", "0.250"),
        ("preallocate", "TRUE"),
        ("leader.replication.throttled.replicas", "0:1, 0:2"),
    ])
}

#[test]
fn a_broker_is_described_as_kafka_describes_it() {
    compare("changed\tBROKER 1", &changed().describe_broker());
}

#[test]
fn settings_for_all_brokers_are_described_as_kafka_describes_them() {
    compare("changed\tBROKER", &changed().describe_all_brokers());
}

#[test]
fn topics_are_described_as_kafka_describes_them() {
    let (started, changed) = (started(), changed());
    let mut plain = started.describe_topic(&BTreeMap::new());
    // Where eligible leader replicas are on, Kafka's controller sets this for all brokers at the start.
    let set_by_kafka =
        changed.describe_topic(&BTreeMap::new()).into_iter().find(|c| c.name == "min.insync.replicas");
    plain.retain(|config| config.name != "min.insync.replicas");
    plain.extend(set_by_kafka);
    compare("started\tTOPIC plain", &plain);
    compare("changed\tTOPIC plain", &changed.describe_topic(&BTreeMap::new()));
    compare("changed\tTOPIC rich", &changed.describe_topic(&rich_topic()));
}

#[test]
fn a_created_topic_is_told_kafkas_settings_alone() {
    let own = map(&[("crossdock.compressed.validation", "records")]);
    let mut described = started().describe_topic(&own);
    assert!(described.iter().any(|config| config.name.starts_with(OWN_PREFIX)));
    described.retain(|config| !config.name.starts_with(OWN_PREFIX));
    assert_eq!(started().describe_created_topic(&own), described);
}

#[test]
fn groups_are_described_as_kafka_describes_them() {
    let own = map(&[("consumer.session.timeout.ms", "50000"), ("share.auto.offset.reset", "earliest")]);
    compare("started\tGROUP g", &started().describe_group(&BTreeMap::new()));
    compare("changed\tGROUP g", &changed().describe_group(&own));
}

#[test]
fn subscriptions_to_client_metrics_are_described_as_kafka_describes_them() {
    let own = map(&[("interval.ms", "60000"), ("metrics", "a,b")]);
    compare("started\tCLIENT_METRICS m", &started().describe_client_metrics(&BTreeMap::new()));
    compare("changed\tCLIENT_METRICS m", &changed().describe_client_metrics(&own));
}

#[test]
fn crossdocks_own_settings_are_described_beside_kafkas() {
    let described = started().describe_broker();
    let own: Vec<_> = described.iter().filter(|config| config.name.starts_with(OWN_PREFIX)).collect();
    assert!(own.iter().all(|config| config.value.is_some() && config.source == ConfigSource::DefaultConfig));
    assert_eq!(own.len(), 8);
}

fn compare(described: &str, ours: &[DescribedConfig]) {
    let prefix = format!("{described}\t");
    let kafka: Vec<&str> = KAFKA.lines().filter_map(|line| line.strip_prefix(&prefix)).collect();
    let mut ours: Vec<String> = ours.iter().filter(|c| !c.name.starts_with(OWN_PREFIX)).map(row).collect();
    ours.sort_by(|a, b| a.split('\t').next().cmp(&b.split('\t').next()));
    assert!(!kafka.is_empty(), "{described} is not in describe.tsv");
    for (kafka, ours) in kafka.iter().zip(&ours) {
        assert_eq!(ours, kafka, "{described}");
    }
    assert_eq!(ours.len(), kafka.len(), "{described}");
}

fn row(config: &DescribedConfig) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "<null>".to_owned());
    let synonyms: Vec<String> = config
        .synonyms
        .iter()
        .map(|synonym| format!("{} {}={}", source(synonym.source), synonym.name, text(&synonym.value)))
        .collect();
    [
        config.name.as_str(),
        text(&config.value).as_str(),
        source(config.source),
        if config.read_only { "read-only" } else { "dynamic" },
        if config.sensitive { "sensitive" } else { "plain" },
        config.kind.map_or("UNKNOWN", kind),
        &synonyms.join("; "),
    ]
    .join("\t")
}

fn source(source: ConfigSource) -> &'static str {
    match source {
        ConfigSource::DynamicTopicConfig => "DYNAMIC_TOPIC_CONFIG",
        ConfigSource::DynamicBrokerConfig => "DYNAMIC_BROKER_CONFIG",
        ConfigSource::DynamicDefaultBrokerConfig => "DYNAMIC_DEFAULT_BROKER_CONFIG",
        ConfigSource::StaticBrokerConfig => "STATIC_BROKER_CONFIG",
        ConfigSource::DefaultConfig => "DEFAULT_CONFIG",
        ConfigSource::ClientMetricsConfig => "DYNAMIC_CLIENT_METRICS_CONFIG",
        ConfigSource::GroupConfig => "DYNAMIC_GROUP_CONFIG",
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Boolean => "BOOLEAN",
        Kind::String => "STRING",
        Kind::Int => "INT",
        Kind::Short => "SHORT",
        Kind::Long => "LONG",
        Kind::Double => "DOUBLE",
        Kind::List => "LIST",
        Kind::Class => "CLASS",
        Kind::Password => "PASSWORD",
    }
}
