//! Files and options become a configuration, or errors that say what to do.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use transfer::{Mechanism, Policy};

use super::config;
use crate::config::{ConfigError, Sources};

/// A properties file in a directory of its own.
struct File {
    _dir: tempfile::TempDir,
    path: PathBuf,
}

fn file(text: &str) -> File {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("server.properties");
    fs::write(&path, text).expect("a file");
    File { _dir: dir, path }
}

/// The errors of loading a file with this text, without the name of its directory.
fn errors(text: &str) -> Vec<String> {
    let file = file(text);
    let errors = Sources::new().file(&file.path).load().expect_err("errors");
    let dir = format!("{}/", file.path.parent().expect("a directory").display());
    errors.to_string().lines().map(|line| line.replace(&dir, "")).collect()
}

fn warnings(text: &str) -> Vec<String> {
    let file = file(text);
    let loaded = Sources::new().file(&file.path).load().unwrap_or_else(|errors| panic!("{errors}"));
    let dir = format!("{}/", file.path.parent().expect("a directory").display());
    loaded.warnings.to_string().lines().map(|line| line.replace(&dir, "")).collect()
}

#[test]
fn without_a_file_the_broker_is_local() {
    let config = config(&[]);
    assert_eq!(
        config.listeners.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["PLAINTEXT://127.0.0.1:9092"]
    );
    assert_eq!(config.advertised_listeners, config.listeners);
    assert_eq!(config.log_dirs, [PathBuf::from("./crossdock-data")]);
    assert_eq!(config.node_id.0, 1);
    assert_eq!(config.offsets_topic_replication_factor, 1);
    assert_eq!(config.admin_listener.as_deref(), Some("127.0.0.1:9644"));
    assert_eq!(config.connections_max_idle, Duration::from_secs(600));
    assert_eq!(config.request_memory_bytes, 256 << 20);
}

#[test]
fn with_a_file_the_defaults_are_kafkas() {
    let file = file("node.id=7");
    let config = Sources::new().file(&file.path).load().expect("valid").config;
    assert_eq!(config.listeners.iter().map(ToString::to_string).collect::<Vec<_>>(), ["PLAINTEXT://:9092"]);
    assert_eq!(config.log_dirs, [PathBuf::from("/tmp/kafka-logs")]);
    assert_eq!(config.node_id.0, 7);
    let advertised = config.advertised_listeners.first().expect("one");
    assert!(!advertised.is_wildcard(), "{advertised}");
}

#[test]
fn kafkas_example_for_a_combined_node_is_served_without_the_quorums_listener() {
    let text = "process.roles=broker,controller\nnode.id=1\n\
        controller.quorum.bootstrap.servers=localhost:9093\n\
        listeners=PLAINTEXT://:9092,CONTROLLER://:9093\ninter.broker.listener.name=PLAINTEXT\n\
        advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093\n\
        controller.listener.names=CONTROLLER\n\
        listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL\n\
        num.network.threads=3\nlog.dirs=/tmp/kraft-combined-logs\nlog.retention.hours=168\n";
    let file = file(text);
    let loaded = Sources::new().file(&file.path).load().expect("valid");
    let listeners: Vec<_> = loaded.config.listeners.iter().map(ToString::to_string).collect();
    let advertised: Vec<_> = loaded.config.advertised_listeners.iter().map(ToString::to_string).collect();
    assert_eq!(listeners, ["PLAINTEXT://:9092"]);
    assert_eq!(advertised, ["PLAINTEXT://localhost:9092"]);
}

#[test]
fn how_payload_leaves_is_chosen_by_settings() {
    let policy = |settings: &[&str]| config(settings).transfer_policy();
    assert_eq!(policy(&[]), Policy::automatic());
    assert_eq!(
        policy(&["crossdock.transfer.copy.below.bytes=16384"]),
        Policy::automatic().with_copy_below(16_384)
    );
    let forced = ["crossdock.transfer.mechanism=splice", "crossdock.transfer.copy.below.bytes=16384"];
    assert_eq!(policy(&forced), Policy::force(Mechanism::Splice));
    assert_eq!(
        errors("crossdock.transfer.copy.below.bytes=-1"),
        [
            "server.properties:1: crossdock.transfer.copy.below.bytes=-1: expected a whole number of 64 bits, at least 0"
        ]
    );
}

#[test]
fn the_later_value_wins() {
    let file = file("num.partitions=2\nnum.partitions=3\n");
    let load = |sources: Sources| sources.load().expect("valid").config.num_partitions;
    assert_eq!(load(Sources::new().file(&file.path)), 3);
    assert_eq!(load(Sources::new().file(&file.path).set("num.partitions=4").set("num.partitions = 5")), 5);
    assert_eq!(load(Sources::new().set("num.partitions=4").file(&file.path)), 3);
}

#[test]
fn all_errors_come_at_once_with_file_line_key_value_and_what_was_expected() {
    let text = "# comment\nnum.partitions=many\nlog.segment.bytes=12\n\
        log.cleanup.policy=\\\n   keep\nauto.create.topics.enable=yes\ncrossdock.admin.listner=x\n";
    assert_eq!(
        errors(text),
        [
            "server.properties:6: auto.create.topics.enable=yes: expected true or false",
            "server.properties:7: crossdock.admin.listner is not a setting of Crossdock; did you mean crossdock.admin.listener?",
            "server.properties:4: log.cleanup.policy=keep: expected a list of compact, delete",
            "server.properties:3: log.segment.bytes=12: expected a whole number up to 2147483647, at least 1048576",
            "server.properties:2: num.partitions=many: expected a whole number up to 2147483647, at least 1",
        ]
    );
}

#[test]
fn settings_that_contradict_each_other_are_errors() {
    let cases = [
        ("node.id=1\nbroker.id=2", "server.properties:2: broker.id=2: expected 1, as in node.id"),
        (
            "log.retention.minutes=0",
            "server.properties:1: log.retention.minutes=0: expected at least 1, or -1 for ever",
        ),
        ("log.roll.ms=0", "server.properties:1: log.roll.ms=0: expected at least 1"),
        (
            "queued.max.request.bytes=1000",
            "server.properties:1: queued.max.request.bytes=1000: \
             expected at least socket.request.max.bytes, which is 104857600",
        ),
        (
            "max.connections.per.ip=0",
            "server.properties:1: max.connections.per.ip=0: \
             expected at least 1 where max.connections.per.ip.overrides is empty",
        ),
        (
            "process.roles=controller",
            "server.properties:1: process.roles=controller: \
             expected broker, or broker,controller: Crossdock is its own controller",
        ),
        (
            "listeners=SSL://:9093",
            "server.properties:1: listeners=SSL://:9093: \
             expected listeners of the protocol PLAINTEXT: Crossdock does not serve SSL on SSL://:9093",
        ),
        (
            "advertised.listeners=PLAINTEXT://0.0.0.0:9092",
            "server.properties:1: advertised.listeners=PLAINTEXT://0.0.0.0:9092: \
             expected an address that clients can connect to, in place of PLAINTEXT://0.0.0.0:9092",
        ),
        (
            "advertised.listeners=OTHER://kafka:9092",
            "server.properties:1: advertised.listeners=OTHER://kafka:9092: \
             expected names of listeners, in place of OTHER",
        ),
        (
            "max.connections.per.ip.overrides=127.0.0.1:5,kafka:6",
            "server.properties:1: max.connections.per.ip.overrides=127.0.0.1:5,kafka:6: \
             expected ADDRESS:COUNT in place of kafka:6",
        ),
        (
            "crossdock.admin.listener=9644",
            "server.properties:1: crossdock.admin.listener=9644: expected HOST:PORT, or nothing",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(errors(text), [expected], "{text}");
    }
}

#[test]
fn what_cannot_be_read_is_an_error() {
    assert_eq!(
        errors("a=1\nb=\\u12"),
        ["server.properties:2: \\u is not followed by four hexadecimal digits"]
    );
    let missing = Sources::new().file("/nonexistent/server.properties".as_ref()).load().expect_err("no file");
    assert_eq!(
        missing.to_string(),
        "cannot read /nonexistent/server.properties: No such file or directory (os error 2)"
    );
    let bare = Sources::new().set("num.partitions").load().expect_err("no value");
    assert_eq!(bare.0, [ConfigError::NoValue { argument: "num.partitions".to_owned() }]);
    assert_eq!(bare.to_string(), "--set num.partitions: expected key=value");
    let option = Sources::new().option("--listen", "listeners", "here").load().expect_err("no listener");
    assert_eq!(option.to_string(), "--listen: listeners=here: expected NAME://HOST:PORT in place of here");
}

#[test]
fn secrets_are_not_shown() {
    let file = file("queued.max.requests=0\nssl.key.password=hush\nsasl.jaas.config=hush\n");
    let loaded = Sources::new().file(&file.path).load();
    assert!(!format!("{}", loaded.expect_err("an error")).contains("hush"));
}

#[test]
fn what_has_no_effect_is_reported() {
    assert_eq!(
        warnings(
            "num.io.threads=8\nnum.partition=3\nzookeeper.connect=x\nssl.keystore.location=/x\n\
            listener.name.plaintext.ssl.client.auth=none\nretention.ms=5\nnum.partitions=1\nrsm.config.bucket=x\n"
        ),
        [
            "listener.name.plaintext.ssl.client.auth (server.properties:5) has no effect in Crossdock",
            "num.io.threads (server.properties:1) has no effect in Crossdock",
            "num.partition (server.properties:2) is not a setting of Kafka; did you mean num.partitions?",
            "retention.ms (server.properties:6) is not a setting of Kafka; did you mean log.retention.ms?",
            "rsm.config.bucket (server.properties:8) has no effect in Crossdock",
            "ssl.keystore.location (server.properties:4) has no effect in Crossdock",
            "zookeeper.connect (server.properties:3) is not a setting of Kafka",
        ]
    );
    assert!(warnings("num.partitions=1\nlog.retention.hours=5").is_empty());
}

#[test]
fn sizes_and_limits_have_the_meaning_of_kafkas() {
    let config = config(&[
        "socket.send.buffer.bytes=-1",
        "connections.max.idle.ms=-1",
        "max.connections.per.ip.overrides=127.0.0.1:5, ::1:7",
        "queued.max.request.bytes=104857600",
        "crossdock.admin.listener=",
        "offsets.retention.minutes=2",
    ]);
    assert_eq!(config.socket_send_buffer_bytes, None);
    assert_eq!(config.socket_receive_buffer_bytes, Some(102_400));
    assert_eq!(config.connections_max_idle, Duration::MAX);
    assert_eq!(config.max_connections_per_ip_overrides.len(), 2);
    assert_eq!(config.request_memory_bytes, 104_857_600);
    assert_eq!(config.admin_listener, None);
    assert_eq!(config.offsets_retention_ms, 120_000);
}
