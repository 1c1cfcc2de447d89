//! What exists and who leads it.
//!
//! This crate exists so that topics, partitions, configurations and brokers have one truth: the records of Kafka's
//! `__cluster_metadata` log. Replaying them builds an immutable [`Image`]; whoever serves requests loads the current one
//! without a lock and acts on the difference to the one before.
//!
//! What always holds: an image is never changed after it has been published, it equals the replay of the log up to its
//! offset, and a change is in the log before it is in an image.
//!
//! What it never does: talk to sockets, know configuration values' meaning, or touch the logs of topics.

mod controller;
mod error;
mod image;
mod metadata_log;
mod quorum_records;
mod quorum_state;
mod replay;
mod settings;
mod snapshots;
mod topic_name;

pub use controller::{BrokerRegistration, Controller, CreatedTopic, NewPartitions, NewTopic};
pub use error::ClusterError;
pub use image::{Broker, ConfigResource, Endpoint, FeatureRange, Image, Partition, Topic};
pub use settings::MetadataLogSettings;
pub use topic_name::check_topic_name;
