//! The configuration against Apache Kafka's, and against what its module promises.

mod altering;
mod kafka_describes;
mod kafka_settings;
mod loading;
mod topics;

use std::collections::BTreeMap;

use super::{BrokerConfig, Sources};

fn config(settings: &[&str]) -> BrokerConfig {
    let sources = settings.iter().fold(Sources::new(), |sources, setting| sources.set(setting));
    sources.load().map(|loaded| loaded.config).unwrap_or_else(|errors| panic!("{errors}"))
}

fn map(settings: &[(&str, &str)]) -> BTreeMap<String, String> {
    settings.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}
