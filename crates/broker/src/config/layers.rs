//! The settings of a broker in the layers in which Kafka keeps them, and which of them wins.

use std::collections::BTreeMap;

use super::tables;
use super::{Origin, Setting, Value};

/// A value and where it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assigned {
    /// The text of the value.
    pub value: String,
    /// Where it was given.
    pub origin: Origin,
}

/// Which layer a value comes from, as `DescribeConfigsResponse.ConfigSource`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigSource {
    /// Set for the topic.
    DynamicTopicConfig,
    /// Set for this broker while it ran.
    DynamicBrokerConfig,
    /// Set for all brokers while they ran.
    DynamicDefaultBrokerConfig,
    /// Set when the broker was started.
    StaticBrokerConfig,
    /// Set nowhere.
    DefaultConfig,
    /// Set for the subscription to client metrics.
    ClientMetricsConfig,
    /// Set for the group.
    GroupConfig,
}

impl ConfigSource {
    /// The number on the wire.
    #[must_use]
    pub fn code(self) -> i8 {
        match self {
            Self::DynamicTopicConfig => 1,
            Self::DynamicBrokerConfig => 2,
            Self::DynamicDefaultBrokerConfig => 3,
            Self::StaticBrokerConfig => 4,
            Self::DefaultConfig => 5,
            Self::ClientMetricsConfig => 7,
            Self::GroupConfig => 8,
        }
    }
}

/// The settings of one broker. A later layer wins over an earlier one: Kafka's defaults, what the broker was started
/// with, what clients set for all brokers, and what they set for this one.
#[derive(Clone, Debug, Default)]
pub struct BrokerSettings {
    fixed: BTreeMap<String, Assigned>,
    all_brokers: BTreeMap<String, String>,
    this_broker: BTreeMap<String, String>,
}

impl BrokerSettings {
    /// Settings of which none was changed since the broker was started.
    #[must_use]
    pub fn new(fixed: BTreeMap<String, Assigned>) -> Self {
        Self { fixed, ..Self::default() }
    }

    /// The same broker with other changes by clients. Values that the settings do not take do not count, as in Kafka:
    /// a record that was written by other software must not keep a broker from starting.
    #[must_use]
    pub fn with_dynamic(&self, all: &BTreeMap<String, String>, this: &BTreeMap<String, String>) -> Self {
        let valid = |settings: &BTreeMap<String, String>| {
            let fits = |(name, value): &(&String, &String)| {
                tables::broker(name).is_none_or(|setting| setting.parse(value).is_ok())
            };
            settings.iter().filter(fits).map(|(name, value)| (name.clone(), value.clone())).collect()
        };
        Self { fixed: self.fixed.clone(), all_brokers: valid(all), this_broker: valid(this) }
    }

    /// What clients set for all brokers.
    #[must_use]
    pub fn all_brokers(&self) -> &BTreeMap<String, String> {
        &self.all_brokers
    }

    /// What clients set for this broker.
    #[must_use]
    pub fn this_broker(&self) -> &BTreeMap<String, String> {
        &self.this_broker
    }

    /// Every name that is set, and the text that wins. A layer's value also hides earlier layers' settings of the
    /// same thing in other units: `log.retention.ms` of a client hides `log.retention.hours` of the file.
    #[must_use]
    pub fn given(&self) -> BTreeMap<&str, &str> {
        let mut given: BTreeMap<&str, &str> =
            self.fixed.iter().map(|(name, assigned)| (name.as_str(), assigned.value.as_str())).collect();
        for (name, value) in self.all_brokers.iter().chain(&self.this_broker) {
            for same in tables::broker_names(name) {
                if tables::listener_base(name).is_none() {
                    given.remove(same);
                }
            }
            given.insert(name, value);
        }
        given
    }

    /// The values of `name` in all layers, the one that wins first.
    pub fn values_of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (ConfigSource, &'a str)> {
        let all = self.all_brokers.get(name).map(String::as_str);
        let this = self.this_broker.get(name).map(String::as_str);
        let fixed = self.fixed.get(name).map(|assigned| assigned.value.as_str());
        let default = tables::BROKER.get(name).and_then(|setting| setting.default.text());
        [
            (ConfigSource::DynamicBrokerConfig, this),
            (ConfigSource::DynamicDefaultBrokerConfig, all),
            (ConfigSource::StaticBrokerConfig, fixed),
            (ConfigSource::DefaultConfig, default),
        ]
        .into_iter()
        .filter_map(|(source, value)| Some((source, value?)))
    }

    /// Where the value of `name` that wins was given.
    #[must_use]
    pub fn origin(&self, name: &str) -> Origin {
        if self.this_broker.contains_key(name) || self.all_brokers.contains_key(name) {
            return Origin::Client;
        }
        self.fixed.get(name).map_or(Origin::Implied, |assigned| assigned.origin.clone())
    }

    /// Every declared setting with the value that wins; without the settings that have none.
    #[must_use]
    pub fn effective(&self) -> BTreeMap<&'static str, Value> {
        let given = self.given();
        let value = |setting: &'static Setting| {
            let given = given.get(setting.name).and_then(|text| setting.parse(text).ok());
            Some((setting.name, given.or_else(|| setting.default_value())?))
        };
        tables::BROKER.values().copied().filter_map(value).collect()
    }
}
