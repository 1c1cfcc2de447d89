//! Changes to the settings of topics and brokers while the broker runs.

use std::collections::{BTreeMap, BTreeSet};

use protocol::ErrorCode;

use super::tables::{self, OWN_PREFIX};
use super::{BrokerConfig, Kind, Setting, TopicConfigError, Update};

/// The longest value that is kept, in UTF-16 units (Kafka: `Short.MAX_VALUE`).
const MAX_VALUE_UNITS: usize = 32_767;

/// One change of IncrementalAlterConfigs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The setting.
    pub name: String,
    /// What becomes of it.
    pub operation: Operation,
}

/// What becomes of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// It gets this value.
    Set(String),
    /// It is as if it had never been set.
    Delete,
    /// These entries are added to the list where it does not have them.
    Append(String),
    /// These entries are taken from the list.
    Subtract(String),
}

/// Which settings of brokers are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokerScope {
    /// Those for all brokers.
    All,
    /// Those for this broker.
    This,
}

/// A change that is refused. The fault is the client's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AlterError {
    /// The change itself makes no sense, or Kafka says so.
    #[error("{0}")]
    InvalidRequest(String),
    /// A setting cannot be as it would be.
    #[error("{0}")]
    InvalidConfig(String),
}

impl AlterError {
    /// Kafka's error code.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::InvalidRequest(_) => ErrorCode::InvalidRequest,
            Self::InvalidConfig(_) => ErrorCode::InvalidConfig,
        }
    }
}

impl From<TopicConfigError> for AlterError {
    fn from(error: TopicConfigError) -> Self {
        Self::InvalidConfig(error.to_string())
    }
}

impl BrokerConfig {
    /// A topic's own settings after `changes` to the `current` ones.
    ///
    /// # Errors
    /// [`AlterError`] where a change makes no sense or leaves the topic with settings that it cannot have.
    pub fn alter_topic(
        &self,
        current: &BTreeMap<String, String>,
        changes: &[Change],
    ) -> Result<BTreeMap<String, String>, AlterError> {
        let altered = apply(current, changes, tables::topic)?;
        self.check_topic(&altered)?;
        Ok(altered)
    }

    /// The settings that are set for brokers while they run, after `changes` to those of now.
    ///
    /// # Errors
    /// [`AlterError`] as for [`Self::replace_broker`], and where a change makes no sense.
    pub fn alter_broker(
        &self,
        scope: BrokerScope,
        changes: &[Change],
    ) -> Result<BTreeMap<String, String>, AlterError> {
        let altered = apply(self.dynamic(scope), changes, tables::broker)?;
        self.replace_broker(scope, &altered)?;
        Ok(altered)
    }

    /// Whether these can be all the settings that are set for brokers while they run, as AlterConfigs has it.
    ///
    /// # Errors
    /// As Kafka, INVALID_REQUEST where a setting cannot be changed, cannot be changed for all brokers, does not take
    /// its value, or contradicts others; other than Kafka, where it would change the listeners.
    pub fn replace_broker(
        &self,
        scope: BrokerScope,
        new: &BTreeMap<String, String>,
    ) -> Result<Self, AlterError> {
        check_names(scope, new)?;
        for (name, value) in new {
            if let Some(setting) = tables::broker(name) {
                setting.parse(value).map_err(|bad| AlterError::InvalidRequest(bad.to_string()))?;
            }
        }
        let altered = match scope {
            BrokerScope::All => self.with_dynamic(new, self.settings.this_broker()),
            BrokerScope::This => self.with_dynamic(self.settings.all_brokers(), new),
        };
        let altered = altered.map_err(|errors| AlterError::InvalidRequest(errors.to_string()))?;
        if altered.listeners != self.listeners {
            let message =
                "listeners cannot be changed while Crossdock runs: change them in its configuration file";
            return Err(AlterError::InvalidRequest(message.to_owned()));
        }
        Ok(altered)
    }

    fn dynamic(&self, scope: BrokerScope) -> &BTreeMap<String, String> {
        match scope {
            BrokerScope::All => self.settings.all_brokers(),
            BrokerScope::This => self.settings.this_broker(),
        }
    }
}

fn apply(
    current: &BTreeMap<String, String>,
    changes: &[Change],
    find: impl Fn(&str) -> Option<&'static Setting>,
) -> Result<BTreeMap<String, String>, AlterError> {
    let mut altered = current.clone();
    let mut names = BTreeSet::new();
    for Change { name, operation } in changes {
        if !names.insert(name) {
            return Err(AlterError::InvalidRequest(format!("{name} is changed twice")));
        }
        let value = match operation {
            Operation::Delete => {
                altered.remove(name);
                continue;
            }
            Operation::Set(value) => value.clone(),
            Operation::Append(entries) => {
                let mut list = list_of(&altered, name, &find)?;
                for entry in entries.split(',').filter(|entry| !entry.is_empty()) {
                    if !list.iter().any(|known| known == entry) {
                        list.push(entry.to_owned());
                    }
                }
                list.join(",")
            }
            Operation::Subtract(entries) => {
                let mut list = list_of(&altered, name, &find)?;
                list.retain(|known| entries.split(',').all(|entry| entry != known));
                list.join(",")
            }
        };
        if value.encode_utf16().count() > MAX_VALUE_UNITS {
            return Err(AlterError::InvalidConfig(format!(
                "the value of {name} is longer than {MAX_VALUE_UNITS}"
            )));
        }
        altered.insert(name.clone(), value);
    }
    Ok(altered)
}

/// The entries that a list has now; where it is not set, those of Kafka's default.
fn list_of(
    settings: &BTreeMap<String, String>,
    name: &str,
    find: impl Fn(&str) -> Option<&'static Setting>,
) -> Result<Vec<String>, AlterError> {
    let Some(setting) = find(name).filter(|setting| setting.kind == Kind::List) else {
        let message =
            format!("entries can be added to {name} or taken from it only if it is a list, which it is not");
        return Err(AlterError::InvalidConfig(message));
    };
    let text = settings.get(name).map(String::as_str).or(setting.default.text()).unwrap_or_default();
    Ok(text.split(',').filter(|entry| !entry.is_empty()).map(str::to_owned).collect())
}

/// Which settings can be changed while the broker runs, said in Kafka's words, for which its tests look. A name that
/// nobody knows is taken, as Kafka does for plugins, but not under Crossdock's own prefix.
fn check_names(scope: BrokerScope, settings: &BTreeMap<String, String>) -> Result<(), AlterError> {
    let update_of = |name: &str| {
        tables::broker(name).filter(|setting| setting.name == name).map(|setting| setting.update)
    };
    let refuse = |why: &str, wrong: &dyn Fn(&str) -> bool| {
        let names: Vec<&str> = settings.keys().map(String::as_str).filter(|name| wrong(name)).collect();
        match names[..] {
            [] => Ok(()),
            _ => Err(AlterError::InvalidRequest(format!("{why}: [{}]", names.join(", ")))),
        }
    };
    refuse("Cannot update these configs dynamically", &|name| update_of(name) == Some(Update::ReadOnly))?;
    refuse(
        "These security configs can be dynamically updated only per-listener using the listener prefix",
        &|name| update_of(name) == Some(Update::PerBroker) && is_per_listener(name),
    )?;
    if scope == BrokerScope::All {
        refuse(
            "Cannot update these configs at default cluster level, broker id must be specified",
            &|name| match update_of(name) {
                Some(update) => update == Update::PerBroker,
                None => tables::listener_base(name).is_some(),
            },
        )?;
    }
    refuse("Crossdock has no such settings", &|name| {
        update_of(name).is_none() && name.starts_with(OWN_PREFIX)
    })
}

/// The key and trust stores, which Kafka changes only listener by listener.
fn is_per_listener(name: &str) -> bool {
    name == "ssl.key.password" || name.starts_with("ssl.keystore.") || name.starts_with("ssl.truststore.")
}
