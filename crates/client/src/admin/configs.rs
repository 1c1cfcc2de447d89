//! The configurations of topics and brokers.

use protocol::messages::describe_configs::DescribeConfigsRequest;
use protocol::messages::describe_configs::request::DescribeConfigsResource;
use protocol::messages::incremental_alter_configs::IncrementalAlterConfigsRequest;
use protocol::messages::incremental_alter_configs::request::{AlterConfigsResource, AlterableConfig};
use protocol::{ApiKey, BrokerId};

use crate::{Client, ClientError, Connection};

/// What has a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// A topic by name.
    Topic(String),
    /// A broker by id.
    Broker(BrokerId),
}

/// One property as it is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigEntry {
    /// Kafka's name of the property.
    pub name: String,
    /// Its value; `None` where it is secret or unset.
    pub value: Option<String>,
    /// Who set it.
    pub source: ConfigSource,
    /// Whether it can only be set in the broker's own configuration file.
    pub read_only: bool,
}

/// Who set a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigSource {
    /// Somebody, for this topic.
    Topic,
    /// Somebody, while the broker was running.
    DynamicBroker,
    /// The broker's configuration file.
    StaticBroker,
    /// Nobody: it is the default.
    Default,
    /// Something that this client does not know.
    Other(i8),
}

/// The numbers that say what is done to a property.
mod operation {
    pub(super) const SET: i8 = 0;
    pub(super) const DELETE: i8 = 1;
}

impl Resource {
    fn kind(&self) -> i8 {
        match self {
            Self::Topic(_) => 2,
            Self::Broker(_) => 4,
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Topic(name) => name.clone(),
            Self::Broker(id) => id.to_string(),
        }
    }

    fn subject(&self) -> String {
        match self {
            Self::Topic(name) => format!("topic {name}"),
            Self::Broker(id) => format!("broker {id}"),
        }
    }
}

impl ConfigSource {
    fn from_code(code: i8) -> Self {
        match code {
            1 => Self::Topic,
            2 | 3 => Self::DynamicBroker,
            4 => Self::StaticBroker,
            5 => Self::Default,
            other => Self::Other(other),
        }
    }

    /// In one word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Topic => "topic",
            Self::DynamicBroker => "broker",
            Self::StaticBroker => "file",
            Self::Default => "default",
            Self::Other(_) => "other",
        }
    }
}

impl Client {
    /// Every property of a topic or broker, by name.
    ///
    /// # Errors
    /// The broker refuses, as when there is no such topic.
    pub async fn describe_configs(&self, resource: &Resource) -> Result<Vec<ConfigEntry>, ClientError> {
        let request = DescribeConfigsRequest {
            resources: vec![DescribeConfigsResource {
                resource_type: resource.kind(),
                resource_name: resource.name(),
                configuration_keys: None,
            }],
            ..DescribeConfigsRequest::default()
        };
        let broker = self.keeper_of(resource).await?;
        let described = broker.call(&request).await?.results.into_iter().next().unwrap_or_default();
        broker.check(
            ApiKey::DescribeConfigs,
            described.error_code,
            described.error_message.as_deref(),
            || resource.subject(),
        )?;
        let mut entries: Vec<ConfigEntry> = described
            .configs
            .into_iter()
            .map(|entry| ConfigEntry {
                name: entry.name,
                value: entry.value,
                source: ConfigSource::from_code(entry.config_source),
                read_only: entry.read_only,
            })
            .collect();
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(entries)
    }

    /// Sets properties, or unsets those whose value is `None`, all or none of them.
    ///
    /// # Errors
    /// The broker refuses, as when it does not know a name or a value is out of bounds.
    pub async fn alter_configs(
        &self,
        resource: &Resource,
        changes: &[(String, Option<String>)],
    ) -> Result<(), ClientError> {
        let configs = changes.iter().map(|(name, value)| AlterableConfig {
            name: name.clone(),
            config_operation: if value.is_some() { operation::SET } else { operation::DELETE },
            value: value.clone(),
        });
        let request = IncrementalAlterConfigsRequest {
            resources: vec![AlterConfigsResource {
                resource_type: resource.kind(),
                resource_name: resource.name(),
                configs: configs.collect(),
            }],
            validate_only: false,
        };
        let broker = self.keeper_of(resource).await?;
        let altered = broker.call(&request).await?.responses.into_iter().next().unwrap_or_default();
        broker.check(
            ApiKey::IncrementalAlterConfigs,
            altered.error_code,
            altered.error_message.as_deref(),
            || resource.subject(),
        )
    }

    /// Whom to ask: a broker about itself, anybody about a topic.
    async fn keeper_of(&self, resource: &Resource) -> Result<Connection, ClientError> {
        match resource {
            Resource::Topic(_) => self.controller().await,
            Resource::Broker(id) => self.broker(*id).await,
        }
    }
}
