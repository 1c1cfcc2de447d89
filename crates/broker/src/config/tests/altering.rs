//! Changes at run time, as Kafka's brokers of version 4.3.1 answered when they were asked.

use std::collections::BTreeMap;

use protocol::ErrorCode;

use super::{config, map};
use crate::config::{AlterError, BrokerScope, Change, Operation, check_dynamic};

fn change(name: &str, operation: Operation) -> Change {
    Change { name: name.to_owned(), operation }
}

fn set(name: &str, value: &str) -> Change {
    change(name, Operation::Set(value.to_owned()))
}

fn append(name: &str, entries: &str) -> Change {
    change(name, Operation::Append(entries.to_owned()))
}

fn subtract(name: &str, entries: &str) -> Change {
    change(name, Operation::Subtract(entries.to_owned()))
}

#[test]
fn topics_are_changed_setting_by_setting() {
    let config = config(&[]);
    let current = map(&[("retention.ms", "1"), ("segment.ms", "2")]);
    let changes = [set("segment.ms", "3"), change("retention.ms", Operation::Delete), set("flush.ms", "4")];
    let altered = config.alter_topic(&current, &changes);
    assert_eq!(altered, Ok(map(&[("segment.ms", "3"), ("flush.ms", "4")])));
    assert_eq!(config.alter_topic(&current, &[change("nope", Operation::Delete)]), Ok(current));
}

#[test]
fn lists_grow_and_shrink_from_kafkas_default() {
    let config = config(&["log.cleanup.policy=compact"]);
    let none = BTreeMap::new();
    let policy =
        |changes: &[Change]| config.alter_topic(&none, changes).map(|mut all| all.remove("cleanup.policy"));
    assert_eq!(policy(&[append("cleanup.policy", "compact,delete")]), Ok(Some("delete,compact".to_owned())));
    assert_eq!(policy(&[subtract("cleanup.policy", "delete")]), Ok(Some(String::new())));
    assert_eq!(policy(&[subtract("cleanup.policy", "compact")]), Ok(Some("delete".to_owned())));
    for name in ["segment.bytes", "nope"] {
        let refused = policy(&[append(name, "1")]).map_err(|error| error.code());
        assert_eq!(refused, Err(ErrorCode::InvalidConfig), "{name}");
    }
}

#[test]
fn changes_that_make_no_sense_are_refused() {
    let config = config(&[]);
    let code =
        |changes: &[Change]| config.alter_topic(&BTreeMap::new(), changes).map_err(|error| error.code());
    assert_eq!(code(&[set("flush.ms", "1"), set("flush.ms", "2")]), Err(ErrorCode::InvalidRequest));
    assert_eq!(code(&[set("flush.ms", &"1".repeat(32_768))]), Err(ErrorCode::InvalidConfig));
    assert_eq!(code(&[set("nope", "1")]), Err(ErrorCode::InvalidConfig));
    assert_eq!(code(&[set("segment.bytes", "12")]), Err(ErrorCode::InvalidConfig));
}

#[test]
fn brokers_take_the_changes_that_kafka_takes() {
    let config = config(&["log.retention.hours=5"]);
    let code = |scope, change| config.alter_broker(scope, &[change]).map(drop).map_err(|error| error.code());
    for scope in [BrokerScope::All, BrokerScope::This] {
        for (name, value) in [
            ("nope", "x"),
            ("log.retention.bytes", "-5"),
            ("retention.ms", "5"),
            ("log.flush.interval.ms", "-5"),
        ] {
            assert_eq!(code(scope, set(name, value)), Ok(()), "{name}");
        }
        assert_eq!(code(scope, append("log.cleanup.policy", "compact")), Ok(()));
        for (name, value) in [
            ("num.partitions", "3"),
            ("log.dirs", "/x"),
            ("log.retention.hours", "5"),
            ("log.segment.bytes", "12"),
            ("log.segment.bytes", "x"),
            ("log.retention.ms", "0"),
            ("log.roll.ms", "0"),
            ("max.connections.per.ip", "0"),
            ("max.connections.per.ip.overrides", "x"),
            ("ssl.keystore.type", "JKS"),
            ("crossdock.admin.listener", "127.0.0.1:1"),
            ("crossdock.nope", "1"),
        ] {
            assert_eq!(code(scope, set(name, value)), Err(ErrorCode::InvalidRequest), "{name}={value}");
        }
        for name in ["log.segment.bytes", "nope"] {
            assert_eq!(code(scope, append(name, "1")), Err(ErrorCode::InvalidConfig), "{name}");
        }
    }
}

#[test]
fn some_settings_belong_to_one_broker() {
    let config = config(&[]);
    let listeners = set("listeners", "PLAINTEXT://127.0.0.1:9092");
    assert!(config.alter_broker(BrokerScope::This, std::slice::from_ref(&listeners)).is_ok());
    assert_eq!(
        config.alter_broker(BrokerScope::All, &[listeners]),
        Err(AlterError::InvalidRequest(
            "Cannot update these configs at default cluster level, broker id must be specified: [listeners]"
                .to_owned()
        ))
    );
}

#[test]
fn listeners_can_be_set_as_they_are_but_not_changed() {
    let config = config(&[]);
    let error = config.alter_broker(BrokerScope::This, &[set("listeners", "PLAINTEXT://127.0.0.1:19092")]);
    let error = error.unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidRequest);
    assert!(error.to_string().starts_with("listeners cannot be changed while Crossdock runs"), "{error}");
}

#[test]
fn what_clients_have_set_without_effect_is_named() {
    let (errors, warnings) = check_dynamic(&map(&[
        ("log.retention.ms", "5"),
        ("log.segment.bytes", "12"),
        ("num.io.threads", "9"),
        ("log.retentoin.ms", "5"),
    ]));
    assert_eq!(
        errors.to_string(),
        "set by a client: log.segment.bytes=12: \
         expected a whole number up to 2147483647, at least 1048576"
    );
    assert_eq!(
        warnings.to_string(),
        "log.retentoin.ms (set by a client) is not a setting of Kafka; did you mean log.retention.ms?\n\
         num.io.threads (set by a client) has no effect in Crossdock"
    );
}

#[test]
fn a_replaced_configuration_is_ready_to_run() {
    let config = config(&["log.segment.bytes=2000000"]);
    let replaced =
        config.replace_broker(BrokerScope::This, &map(&[("log.segment.bytes", "3000000")])).expect("valid");
    assert_eq!(replaced.log_config(&BTreeMap::new()).segment_bytes, 3_000_000);
    assert_eq!(replaced.settings().this_broker(), &map(&[("log.segment.bytes", "3000000")]));
    let back = replaced.replace_broker(BrokerScope::This, &BTreeMap::new()).expect("valid");
    assert_eq!(back.log_config(&BTreeMap::new()).segment_bytes, 2_000_000);
}
