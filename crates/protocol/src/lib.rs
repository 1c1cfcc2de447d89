//! Kafka's wire format: bytes in, values out.
//!
//! This crate exists so that one declaration per message (its fields, versions and tags) yields decoding, encoding and
//! the table of supported versions, which then cannot disagree. `cargo xtask schema` holds every declaration against
//! the schemas that Apache Kafka publishes in its jars.
//!
//! What always holds: decoding is bounded by the bytes at hand (no length is trusted before it is compared with what
//! is left), decoding never panics, and a failed decode names the field.
//!
//! What it never does: I/O, async, clocks, or knowing where records lie. Messages that carry records are generic over
//! them, so that a server can put a range of a file into a response without this crate knowing files.

pub mod api;
mod api_key;
pub mod codec;
mod error_code;
pub mod messages;
pub mod records;
mod types;

pub use api_key::ApiKey;
pub use error_code::ErrorCode;
pub use types::{BrokerId, LeaderEpoch, Offset, PartitionIndex, ProducerEpoch, ProducerId};
