//! Kafka's semantics on sockets.
//!
//! This crate exists to be a Kafka broker to its clients: it listens, reads requests, keeps topics, groups and producers
//! as Kafka does, and answers. Where bytes of records lie and how they leave is the business of `log` and `transfer`.
//!
//! # What always holds
//!
//! * A connection's requests are answered one after the other, in order.
//! * What is acknowledged has been written; what a consumer reads is committed.
//! * What one peer sends costs bounded memory, and costs other peers nothing.
//! * Every API that is advertised has a handler, at every advertised version.
//!
//! # What it never does
//!
//! It never looks into the records of a plain fetch, and it never blocks the event loop on a disk that it can ask first.

mod arrivals;
mod background;
mod broker;
mod clock;
pub mod config;
mod data_dirs;
mod disk;
mod dispatch;
mod errors;
mod fetch;
mod following;
pub mod groups;
mod handlers;
mod metrics;
mod network;
mod observed;
mod offsets;
mod partitions;
mod producer_ids;
mod topics;

pub use broker::{BrokerError, RunningBroker};

use broker::Broker;
