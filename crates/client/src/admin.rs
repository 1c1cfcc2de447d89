//! Administration: topics, their partitions, and configurations.

mod configs;
mod topics;

pub use configs::{ConfigEntry, ConfigSource, Resource};
pub use topics::{CreatedTopic, NewTopic};

/// How long a broker may take for a request of administration, in ms.
const ADMIN_TIMEOUT_MS: i32 = 20_000;
