//! A small Kafka client for the command line and the load generators.
//!
//! This crate exists so that Crossdock's own tools speak Kafka's protocol through the project's own codec, to any
//! broker that does, and can explain what went wrong: every error names the broker, the API and the topic partition it
//! is about, Kafka's name of the error, and what to do.
//!
//! From the bottom up: a [`Connection`] pipelines typed requests on one socket; a [`Client`] knows the cluster, keeps
//! one connection per broker and tries again what can be tried again; a [`Producer`] collects records into batches; a
//! [`Fetcher`] reads partitions from given offsets, and a [`GroupConsumer`] shares topics with the other members of its
//! group. A load generator uses [`Connection`] and raw record batches and pays for nothing else.
//!
//! # What always holds
//!
//! * Every future may be dropped at any point without harm to the connection it used.
//! * Everything that waits has a deadline, and everything that grows has a limit in the configuration.
//! * Records are never decoded unless asked for: a fetch hands out batches as the bytes they came in.
//!
//! # What it never does
//!
//! TLS, SASL and transactions. It prints nothing and reads no configuration but what it is given.

mod address;
mod admin;
mod advice;
mod client;
mod connection;
mod consumer;
mod error;
mod list_offsets;
mod metadata;
mod partitioner;
mod producer;
mod retry;

pub use address::Address;
pub use admin::{ConfigEntry, ConfigSource, CreatedTopic, NewTopic, Resource};
pub use client::{Client, ClientConfig};
pub use connection::{Connection, ConnectionConfig, InFlight};
pub use consumer::{
    ConsumedRecord, FetchConfig, Fetched, Fetcher, GroupConfig, GroupConsumer, OffsetReset, Polled,
};
pub use error::{ClientError, Refusal};
pub use list_offsets::{FoundOffset, OffsetSpec};
pub use metadata::{Cluster, PartitionMetadata, TopicMetadata, TopicPartition};
pub use partitioner::{StickyPartitioner, partition_of_key};
pub use producer::{Acks, Delivered, Delivery, Producer, ProducerConfig, ProducerRecord};
