//! Kafka's configuration: its names, defaults, units and precedence, and Crossdock's own settings beside them.
//!
//! This module exists so that a `server.properties` of Apache Kafka works here as it does there, and so that tools that
//! describe and change settings cannot tell the difference. Every setting that Kafka 4.3.1 knows is declared in
//! [`tables`], one a line, with a sentence if Crossdock acts on it; everything else (the typed [`BrokerConfig`], the
//! settings of topics, DescribeConfigs, changes at run time) follows from the declarations.
//!
//! What always holds: a value that a setting does not take is refused before anything is written, together with all
//! others, and says where it stands and what was expected. A name that has no effect is reported, not ignored.
//!
//! What it never does: load classes, look up names, or read anything but the properties files it is given and this
//! machine's host name.

mod alter;
mod broker;
mod definition;
mod describe;
mod error;
mod layers;
mod listeners;
mod nearest;
mod properties;
mod reader;
mod sources;
mod tables;
#[cfg(test)]
mod tests;
mod topic;
mod value;

pub use alter::{AlterError, BrokerScope, Change, Operation};
pub use broker::BrokerConfig;
pub use definition::{DefaultValue, Importance, Kind, Setting, Update, Values};
pub use describe::{ConfigSynonym, DescribedConfig};
pub use error::{ConfigError, ConfigErrors, Origin, Warning, Warnings};
pub use layers::{Assigned, BrokerSettings, ConfigSource};
pub use listeners::{Listener, SecurityProtocol};
pub use sources::{Loaded, Sources, check_dynamic};
pub use tables::{all_broker_settings, all_client_metrics_settings, all_group_settings, all_topic_settings};
pub use topic::{TopicConfigError, validate_topic};
pub use value::{BadValue, Value};
