//! Where settings come from: properties files and options of the command line, of which the later win.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::layers::{Assigned, BrokerSettings};
use super::tables::{self, OWN_PREFIX};
use super::value::shown;
use super::{BrokerConfig, ConfigError, ConfigErrors, Origin, Warning, Warnings, nearest, properties};

/// What Crossdock starts with where no properties file is given.
const WITHOUT_FILE: [(&str, &str); 2] =
    [("listeners", "PLAINTEXT://127.0.0.1:9092"), ("log.dirs", "./crossdock-data")];

/// What Kafka asks for and Crossdock can do without; and a single node can only hold one replica.
const IMPLIED: [(&str, &str); 4] = [
    ("controller.listener.names", "CONTROLLER"),
    ("node.id", "1"),
    ("offsets.topic.replication.factor", "1"),
    ("process.roles", "broker,controller"),
];

/// Names that Kafka hands to plugins and libraries: they are Kafka's, though no table has them.
const FAMILIES: [&str; 13] = [
    "allow.everyone.if.no.acl.found",
    "authorizer.",
    "client.quota.callback.",
    "config.providers.",
    "controller.quorum.",
    "kafka.metrics.",
    "listener.name.",
    "metrics.",
    "rlmm.config.",
    "rsm.config.",
    "sasl.",
    "ssl.",
    "super.users",
];

/// The settings of a broker as they were given, in their order.
#[derive(Debug, Default)]
pub struct Sources {
    given: Vec<(String, Assigned)>,
    errors: Vec<ConfigError>,
    has_file: bool,
}

/// A configuration without errors.
#[derive(Debug)]
pub struct Loaded {
    /// What the broker runs with.
    pub config: BrokerConfig,
    /// Settings that were given and do nothing.
    pub warnings: Warnings,
}

impl Sources {
    /// Nothing given yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the entries of a properties file. Errors are kept for [`Self::load`].
    #[must_use]
    pub fn file(mut self, path: &Path) -> Self {
        self.has_file = true;
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.errors.push(ConfigError::unreadable(path, &error));
                return self;
            }
        };
        for entry in properties::parse(&properties::decode(&bytes)) {
            let origin = |line| Origin::File { path: path.to_owned(), line };
            match entry {
                Ok(entry) => {
                    self.given.push((entry.key, Assigned { value: entry.value, origin: origin(entry.line) }));
                }
                Err(error) => self.errors.push(ConfigError::BadEscape { origin: origin(error.line) }),
            }
        }
        self
    }

    /// Adds the argument of one `--set`, `key=value`.
    #[must_use]
    pub fn set(mut self, argument: &str) -> Self {
        match argument.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => self.option("--set", key.trim(), value.trim()),
            _ => {
                self.errors.push(ConfigError::NoValue { argument: argument.to_owned() });
                self
            }
        }
    }

    /// Adds what another option of the command line says, such as `--listen` about `listeners`.
    #[must_use]
    pub fn option(mut self, option: &'static str, key: &str, value: &str) -> Self {
        let assigned = Assigned { value: value.to_owned(), origin: Origin::Option(option) };
        self.given.push((key.to_owned(), assigned));
        self
    }

    /// Checks everything and builds the configuration.
    ///
    /// # Errors
    /// All [`ConfigErrors`] at once.
    pub fn load(self) -> Result<Loaded, ConfigErrors> {
        let Self { given, mut errors, has_file } = self;
        let mut fixed: BTreeMap<String, Assigned> = given.into_iter().collect();
        let mut warnings = Vec::new();
        for (key, assigned) in &fixed {
            check(key, assigned, &mut errors, &mut warnings);
        }
        imply(&mut fixed, has_file);
        if !errors.is_empty() {
            return Err(ConfigErrors(errors));
        }
        let config = BrokerConfig::build(BrokerSettings::new(fixed))?;
        Ok(Loaded { config, warnings: Warnings(warnings) })
    }
}

/// What is to be said about settings of brokers that clients have set: values that a setting does not take, which do not
/// count, and settings that do nothing.
#[must_use]
pub fn check_dynamic(settings: &BTreeMap<String, String>) -> (ConfigErrors, Warnings) {
    let (mut errors, mut warnings) = (Vec::new(), Vec::new());
    for (key, value) in settings {
        let assigned = Assigned { value: value.clone(), origin: Origin::Client };
        check(key, &assigned, &mut errors, &mut warnings);
    }
    (ConfigErrors(errors), Warnings(warnings))
}

fn check(key: &str, assigned: &Assigned, errors: &mut Vec<ConfigError>, warnings: &mut Vec<Warning>) {
    let origin = assigned.origin.clone();
    let key = key.to_owned();
    let Some(setting) = tables::broker(&key) else {
        if key.starts_with(OWN_PREFIX) {
            errors.push(ConfigError::UnknownOwn { origin, nearest: nearest::own(&key), key });
        } else if FAMILIES.iter().any(|family| key.starts_with(family)) {
            warnings.push(Warning::NoEffect { origin, key });
        } else {
            warnings.push(Warning::Unknown { origin, nearest: nearest::broker(&key), key });
        }
        return;
    };
    if let Err(bad) = setting.parse(&assigned.value) {
        let value = shown(setting, &assigned.value).to_owned();
        errors.push(ConfigError::BadValue { origin, key, value, expected: bad.expected });
    } else if setting.acts.is_none() || setting.name != key {
        warnings.push(Warning::NoEffect { origin, key });
    }
}

/// Adds what follows from what was given: `node.id` and `broker.id` stand for each other, as in Kafka.
fn imply(fixed: &mut BTreeMap<String, Assigned>, has_file: bool) {
    for (one, other) in [("broker.id", "node.id"), ("node.id", "broker.id")] {
        if let (Some(assigned), false) = (fixed.get(one).cloned(), fixed.contains_key(other)) {
            fixed.insert(other.to_owned(), assigned);
        }
    }
    let without_file = if has_file { &[][..] } else { &WITHOUT_FILE };
    let has_log_dir = fixed.contains_key("log.dir");
    for &(key, value) in without_file.iter().chain(&IMPLIED) {
        if key == "log.dirs" && has_log_dir {
            continue;
        }
        let assigned = Assigned { value: value.to_owned(), origin: Origin::Implied };
        if key == "node.id" && !fixed.contains_key(key) {
            fixed.insert("broker.id".to_owned(), assigned.clone());
        }
        fixed.entry(key.to_owned()).or_insert(assigned);
    }
}
