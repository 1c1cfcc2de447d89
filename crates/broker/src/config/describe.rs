//! Settings as DescribeConfigs shows them: value, where it comes from, and what it hides.

use std::collections::BTreeMap;

use super::tables::{self, CLIENT_METRICS, GROUPS, OWN_PREFIX, TOPICS};
use super::{BrokerConfig, ConfigSource, Kind, Setting, Update, Value};

/// One setting as DescribeConfigs shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedConfig {
    /// The name.
    pub name: String,
    /// The value that wins; `None` where there is none, or it is a secret.
    pub value: Option<String>,
    /// Where it comes from.
    pub source: ConfigSource,
    /// A running broker cannot be told a new value.
    pub read_only: bool,
    /// The value is a secret. That of a name which nobody knows may be one.
    pub sensitive: bool,
    /// The type; `None` for a name that nobody knows.
    pub kind: Option<Kind>,
    /// All values in all layers, the one that wins first. Kafka leaves out what comes before the first of the setting's
    /// own name, and so does this.
    pub synonyms: Vec<ConfigSynonym>,
    /// What Crossdock does with it.
    pub documentation: &'static str,
}

/// A value that a setting has in one of the layers, under its own name or one that stands in for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigSynonym {
    /// The name in that layer.
    pub name: String,
    /// The value as it was given; `None` for a secret.
    pub value: Option<String>,
    /// The layer.
    pub source: ConfigSource,
}

impl BrokerConfig {
    /// The settings of a topic with these ones of its own, in order of their names.
    #[must_use]
    pub fn describe_topic(&self, overrides: &BTreeMap<String, String>) -> Vec<DescribedConfig> {
        let hides = |setting: &Setting| self.nearest_stand_ins(setting);
        self.describe_resource(TOPICS, ConfigSource::DynamicTopicConfig, overrides, hides)
    }

    /// As [`describe_topic`](Self::describe_topic) without Crossdock's own settings: Kafka's tools look up each setting
    /// that the answer to CreateTopics tells among those that Kafka knows.
    #[must_use]
    pub fn describe_created_topic(&self, overrides: &BTreeMap<String, String>) -> Vec<DescribedConfig> {
        let mut described = self.describe_topic(overrides);
        described.retain(|config| !config.name.starts_with(OWN_PREFIX));
        described
    }

    /// The settings of a group with these ones of its own, in order of their names.
    #[must_use]
    pub fn describe_group(&self, overrides: &BTreeMap<String, String>) -> Vec<DescribedConfig> {
        let hides = |setting: &Setting| match setting.broker_names {
            [] => default_of(setting),
            _ => self.nearest_stand_ins(setting),
        };
        self.describe_resource(GROUPS, ConfigSource::GroupConfig, overrides, hides)
    }

    /// The settings of a subscription to client metrics with these ones of its own, in order of their names.
    #[must_use]
    pub fn describe_client_metrics(&self, overrides: &BTreeMap<String, String>) -> Vec<DescribedConfig> {
        self.describe_resource(CLIENT_METRICS, ConfigSource::ClientMetricsConfig, overrides, |_| Vec::new())
    }

    /// The settings of this broker in order of their names, also those that nobody knows.
    #[must_use]
    pub fn describe_broker(&self) -> Vec<DescribedConfig> {
        let given = self.settings.given();
        let hidden = |setting: &&Setting| setting.internal && !given.contains_key(setting.name);
        let known = tables::BROKER.values().filter(|setting| !hidden(setting)).map(|setting| setting.name);
        let names: std::collections::BTreeSet<&str> = known.chain(given.keys().copied()).collect();
        let described = names.into_iter().map(|name| {
            let value = match tables::BROKER.get(name) {
                Some(_) => self.effective.get(name).map(ToString::to_string),
                None => given.get(name).map(|&value| value.to_owned()),
            };
            self.describe_broker_setting(name, value, |_| true)
        });
        described.collect()
    }

    /// What clients set for all brokers, in order of the names.
    #[must_use]
    pub fn describe_all_brokers(&self) -> Vec<DescribedConfig> {
        let of_all = |source| source == ConfigSource::DynamicDefaultBrokerConfig;
        let all = self.settings.all_brokers().iter();
        all.map(|(name, value)| self.describe_broker_setting(name, Some(value.clone()), of_all)).collect()
    }

    fn describe_broker_setting(
        &self,
        name: &str,
        value: Option<String>,
        layers: impl Fn(ConfigSource) -> bool,
    ) -> DescribedConfig {
        let setting = tables::broker(name);
        let sensitive = setting.is_none_or(Setting::sensitive);
        let synonyms: Vec<_> =
            self.synonyms(name, sensitive).into_iter().filter(|synonym| layers(synonym.source)).collect();
        // A listener's own setting has a longer name than the one that is declared, and cannot be changed by it.
        let declared = setting.filter(|setting| setting.name == name);
        DescribedConfig {
            name: name.to_owned(),
            value: value.filter(|_| !sensitive),
            source: source_of(&synonyms),
            read_only: declared.is_none_or(|setting| setting.update == Update::ReadOnly),
            sensitive,
            kind: setting.map(|setting| setting.kind),
            synonyms,
            documentation: declared.map_or("", Setting::documentation),
        }
    }

    fn describe_resource(
        &self,
        table: &'static [Setting],
        source: ConfigSource,
        overrides: &BTreeMap<String, String>,
        hides: impl Fn(&Setting) -> Vec<ConfigSynonym>,
    ) -> Vec<DescribedConfig> {
        let known = table.iter().filter(|setting| !setting.internal || overrides.contains_key(setting.name));
        let mut described: Vec<_> = known
            .map(|setting| {
                let own = overrides.get(setting.name).and_then(|text| setting.parse(text).ok());
                let value = own.clone().or_else(|| self.stand_in(setting)).map(|value| value.to_string());
                let mut synonyms = hides(setting);
                if let Some(own) = own {
                    synonyms.insert(0, synonym(setting.name, Some(own), source));
                }
                DescribedConfig {
                    name: setting.name.to_owned(),
                    value,
                    source: source_of(&synonyms),
                    read_only: false,
                    sensitive: setting.sensitive(),
                    kind: Some(setting.kind),
                    synonyms,
                    documentation: setting.documentation(),
                }
            })
            .collect();
        described.sort_by(|a, b| a.name.cmp(&b.name));
        described
    }

    /// The values of the nearest broker setting that stands in for `setting`, and of those in other units.
    fn nearest_stand_ins(&self, setting: &Setting) -> Vec<ConfigSynonym> {
        setting.broker_names.first().map(|name| self.synonyms(name, setting.sensitive())).unwrap_or_default()
    }

    /// All values of a broker setting, layer by layer.
    fn synonyms(&self, name: &str, sensitive: bool) -> Vec<ConfigSynonym> {
        const LAYERS: [ConfigSource; 4] = [
            ConfigSource::DynamicBrokerConfig,
            ConfigSource::DynamicDefaultBrokerConfig,
            ConfigSource::StaticBrokerConfig,
            ConfigSource::DefaultConfig,
        ];
        let names = tables::broker_names(name);
        let in_layer = |layer| {
            names.iter().filter_map(move |&name| {
                let (source, value) = self.settings.values_of(name).find(|(source, _)| *source == layer)?;
                let value = Some(value.to_owned()).filter(|_| !sensitive);
                Some(ConfigSynonym { name: name.to_owned(), value, source })
            })
        };
        LAYERS.into_iter().flat_map(in_layer).skip_while(|synonym| synonym.name != name).collect()
    }
}

fn default_of(setting: &Setting) -> Vec<ConfigSynonym> {
    setting
        .default_value()
        .map(|value| synonym(setting.name, Some(value), ConfigSource::DefaultConfig))
        .into_iter()
        .collect()
}

fn synonym(name: &str, value: Option<Value>, source: ConfigSource) -> ConfigSynonym {
    ConfigSynonym { name: name.to_owned(), value: value.map(|value| value.to_string()), source }
}

fn source_of(synonyms: &[ConfigSynonym]) -> ConfigSource {
    synonyms.first().map_or(ConfigSource::DefaultConfig, |first| first.source)
}
