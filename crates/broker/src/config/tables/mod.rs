//! Every setting that Kafka 4.3.1 knows, and Crossdock's own, one a line.
//!
//! The names, types, defaults and limits are those of `ConfigDef` in Kafka's jars; a test holds them against
//! `tests/kafka/settings.tsv`, which `tests/kafka/settings.jsh` prints from the jars. A setting that Crossdock acts on has
//! a sentence that says how; the others are taken and do nothing.

mod client_metrics;
mod cluster;
mod group_resources;
mod groups;
mod log;
mod network;
mod own;
mod quotas;
mod security;
mod tiered;
mod topics;
mod transactions;

use std::collections::BTreeMap;
use std::sync::LazyLock;

pub(super) use client_metrics::CLIENT_METRICS;
pub(super) use group_resources::GROUPS;
pub(super) use own::OWN;
use quotas::DYNAMIC_ONLY;
pub(super) use topics::TOPICS;

use super::Setting;

/// The names of Crossdock's own settings begin with it.
pub(super) const OWN_PREFIX: &str = "crossdock.";

/// All settings of a broker in order of their names, without the ones of [`DYNAMIC_ONLY`].
pub(super) static BROKER: LazyLock<BTreeMap<&'static str, &'static Setting>> = LazyLock::new(|| {
    let tables = [
        cluster::CLUSTER,
        groups::GROUPS,
        log::LOG,
        network::NETWORK,
        own::OWN,
        quotas::QUOTAS,
        security::SECURITY,
        tiered::TIERED,
        transactions::TRANSACTIONS,
    ];
    tables.into_iter().flatten().map(|setting| (setting.name, setting)).collect()
});

/// All settings of a broker that its properties file may have, in order of their names: Kafka's and Crossdock's own.
pub fn all_broker_settings() -> impl Iterator<Item = &'static Setting> {
    BROKER.values().copied()
}

/// All settings that a topic may have.
pub fn all_topic_settings() -> impl Iterator<Item = &'static Setting> {
    TOPICS.iter()
}

/// All settings that a group may have.
pub fn all_group_settings() -> impl Iterator<Item = &'static Setting> {
    GROUPS.iter()
}

/// All settings that a subscription to client metrics may have.
pub fn all_client_metrics_settings() -> impl Iterator<Item = &'static Setting> {
    CLIENT_METRICS.iter()
}

/// The declaration of a broker setting, also of one with a listener's prefix, where it is that of the bare name:
/// `listener.name.NAME.SETTING` or `listener.name.NAME.MECHANISM.SETTING`.
pub(super) fn broker(name: &str) -> Option<&'static Setting> {
    let find =
        |name: &str| BROKER.get(name).copied().or_else(|| DYNAMIC_ONLY.iter().find(|s| s.name == name));
    find(name).or_else(|| find(listener_base(name)?))
}

/// The declaration of a topic setting.
pub(super) fn topic(name: &str) -> Option<&'static Setting> {
    TOPICS.iter().find(|setting| setting.name == name)
}

/// What a listener's own setting is called without the listener (and, for SASL, without the mechanism).
pub(super) fn listener_base(name: &str) -> Option<&str> {
    const PER_MECHANISM: [&str; 5] = [
        "sasl.jaas.config",
        "sasl.login.callback.handler.class",
        "sasl.login.class",
        "sasl.server.callback.handler.class",
        "connections.max.reauth.ms",
    ];
    let (_listener, base) = name.strip_prefix("listener.name.")?.split_once('.')?;
    Some(PER_MECHANISM.into_iter().find(|bare| base.ends_with(bare)).unwrap_or(base))
}

/// The settings that say the same in other units, the one that wins first, as Kafka lists them for `name`.
pub(super) fn broker_names(name: &str) -> Vec<&str> {
    const SAME: [&[&str]; 3] = [
        &["log.roll.ms", "log.roll.hours"],
        &["log.roll.jitter.ms", "log.roll.jitter.hours"],
        &["log.retention.ms", "log.retention.minutes", "log.retention.hours"],
    ];
    // The scheduler's interval stands in for the flush interval, but is a setting of its own.
    const FLUSH: [&str; 2] = ["log.flush.interval.ms", "log.flush.scheduler.interval.ms"];
    if name == FLUSH[0] {
        return FLUSH.to_vec();
    }
    if let Some(same) = SAME.into_iter().find(|same| same.contains(&name)) {
        return same.to_vec();
    }
    std::iter::once(name).chain(listener_base(name)).collect()
}
