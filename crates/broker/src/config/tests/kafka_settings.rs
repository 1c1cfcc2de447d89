//! The tables against the settings that Kafka's jars declare.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::definition::{DefaultValue, Importance, Kind, Setting, Update, Values};
use crate::config::tables::OWN_PREFIX;
use crate::config::{
    all_broker_settings, all_client_metrics_settings, all_group_settings, all_topic_settings,
};

/// Made by `settings.jsh`, which says how.
const KAFKA: &str = include_str!("kafka/settings.tsv");

#[test]
fn every_setting_is_declared_as_kafka_4_3_1_declares_it() {
    let kafka: BTreeSet<String> = KAFKA.lines().map(str::to_owned).collect();
    let tables: [(&str, Vec<&Setting>); 4] = [
        ("broker", all_broker_settings().collect()),
        ("topic", all_topic_settings().collect()),
        ("group", all_group_settings().collect()),
        ("client-metrics", all_client_metrics_settings().collect()),
    ];
    let ours: BTreeSet<String> = tables
        .into_iter()
        .flat_map(|(kind, settings)| settings.into_iter().map(move |setting| row(kind, setting)))
        .filter(|row| !row.contains(OWN_PREFIX))
        .collect();
    let missing: Vec<_> = kafka.difference(&ours).collect();
    let wrong: Vec<_> = ours.difference(&kafka).collect();
    assert!(missing.is_empty() && wrong.is_empty(), "of Kafka's: {missing:#?}\nof ours: {wrong:#?}");
}

#[test]
fn every_default_is_a_value_that_its_setting_takes() {
    let all = all_broker_settings().chain(all_topic_settings()).chain(all_group_settings());
    for setting in all.chain(all_client_metrics_settings()) {
        let Some(text) = setting.default.text() else { continue };
        let shown = setting.parse(text).map(|value| value.to_string());
        assert_eq!(shown.as_deref(), Ok(text), "{}", setting.name);
    }
}

#[test]
fn settings_that_stand_in_for_others_exist_and_act_alike() {
    let brokers: BTreeMap<_, _> = all_broker_settings().map(|setting| (setting.name, setting)).collect();
    for setting in all_topic_settings().chain(all_group_settings()) {
        for name in setting.broker_names {
            let stand_in = brokers.get(name).unwrap_or_else(|| panic!("{name} is not declared"));
            assert_eq!(stand_in.acts.is_some(), setting.acts.is_some(), "{name} for {}", setting.name);
        }
    }
}

/// The sources that read settings: those that act are read there, the others are not.
#[test]
fn exactly_the_settings_that_are_read_claim_an_effect() {
    let broker = concat!(include_str!("../broker.rs"), include_str!("../topic.rs"));
    for setting in all_broker_settings() {
        let read = broker.contains(&format!("\"{}\"", setting.name))
            || all_topic_settings()
                .any(|topic| topic.acts.is_some() && topic.broker_names.contains(&setting.name));
        assert_eq!(setting.acts.is_some(), read, "{}", setting.name);
    }
    let checked_only = ["min.compaction.lag.ms", "max.compaction.lag.ms", "remote.storage.enable"];
    for setting in all_topic_settings().filter(|setting| !checked_only.contains(&setting.name)) {
        let read = include_str!("../topic.rs").contains(&format!("\"{}\"", setting.name));
        assert_eq!(setting.acts.is_some(), read, "{}", setting.name);
    }
}

fn row(kind: &str, setting: &Setting) -> String {
    let changes = match (kind, setting.update) {
        ("broker", Update::ReadOnly) => "read-only".to_owned(),
        ("broker", Update::PerBroker) => "per-broker".to_owned(),
        ("broker", Update::ClusterWide) => "cluster-wide".to_owned(),
        _ => setting.broker_names.join(","),
    };
    let default = match setting.default {
        DefaultValue::Required => "<required>",
        DefaultValue::Null => "<null>",
        DefaultValue::Text(text) => text,
    };
    let importance = match setting.importance {
        Importance::High => "HIGH",
        Importance::Medium => "MEDIUM",
        Importance::Low => "LOW",
    };
    let visible = if setting.internal { "internal" } else { "public" };
    let values = in_kafkas_notation(setting);
    [kind, setting.name, kafkas_type(setting.kind), default, importance, visible, &changes, &values]
        .join("\t")
}

fn kafkas_type(kind: Kind) -> &'static str {
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

/// Kafka prints nothing for lists of any words.
fn in_kafkas_notation(setting: &Setting) -> String {
    match setting.values {
        // Null is no text, so any text will do.
        Values::Any if setting.name == "authorizer.class.name" => "non-null string".to_owned(),
        Values::Any | Values::List { of: [], .. } => String::new(),
        Values::AtLeast(low) => format!("[{low},...]"),
        Values::Between(low, high) => format!("[{low},...,{high}]"),
        Values::Ratio(high) => format!("[0,...,{high}]"),
        Values::GzipLevel => "[1,...,9] or -1".to_owned(),
        Values::OneOf(words) | Values::List { of: words, .. } => format!("[{}]", words.join(", ")),
        Values::OneOfAnyCase(words) => format!("(case insensitive) [{}]", words.join(", ")),
        Values::Text => "non-empty string".to_owned(),
        Values::HostPorts | Values::Voters => "non-empty list".to_owned(),
        Values::ThrottledReplicas => "[partitionId]:[brokerId],[partitionId]:[brokerId],...".to_owned(),
        Values::OffsetReset => "[latest, earliest, by_duration:PnDTnHnMn.nS]".to_owned(),
    }
}
