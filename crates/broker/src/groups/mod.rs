//! Consumer groups with Kafka's classic protocol: who is a member, who leads, and which offsets are committed.
//!
//! A [`Coordinator`] is the state machine of one partition of `__consumer_offsets`. It knows no clock, no socket and no
//! log: each event brings the time with it, and what is to be done comes out as [`Action`]s. [`GroupService`] is the
//! driver around the coordinators of a broker: it gives them events, writes their records, and waits for their answers.
//!
//! What always holds:
//! * An answer that promises something durable goes out after the records that say so are in the log, and committed
//!   offsets are visible from then on, never before.
//! * Every request gets exactly one answer, also when its member is removed or replaced while it waits.
//! * Reading the written records back gives the same groups, members, assignments and offsets.
//!
//! Groups of newer protocols that Apache Kafka left in the log are kept: listed, never changed behind their back, and
//! given up to a classic client only once they are empty ([`foreign`]).

mod answers;
mod classic;
mod commits;
mod coordinator;
mod deletion;
mod describe;
mod effects;
mod expiry;
mod foreign;
mod joining;
mod leaving;
mod member;
mod offset_requests;
mod offsets;
mod partition;
mod rebalance;
mod records;
mod replay;
mod requests;
mod service;
mod sessions;
mod settings;
mod shard;
mod statics;
mod subscription;
mod syncing;
mod timers;
mod written;

#[cfg(test)]
mod tests;

pub use answers::{Answer, ReplyTo};
pub use coordinator::{Client, Coordinator, Now};
pub use effects::{Action, WriteId};
pub use offset_requests::TopicNames;
pub use partition::partition_for;
pub use records::Record;
pub use replay::{Loader, ReplayError};
pub use service::GroupService;
pub use settings::Settings;
pub use shard::OffsetsLog;
