//! Passes TCP connections on to another address.
//!
//! Who connects here is connected to the target, and from then on the two are one connection: `transfer` moves the bytes
//! between their sockets inside the kernel. This crate is what is around that: accepting, finding and reaching the target,
//! limits, counting, and stopping.
//!
//! # What always holds
//!
//! * A client is told that the stream has ended only if the target ended it, and the other way round. Whatever else ends
//!   a connection (a target that cannot be reached, a lost peer, the idle limit, a stop, the end of the process) resets it.
//! * No more than [`ProxyConfig::max_connections`] are open; clients beyond that wait in the listener's backlog.
//! * A connection that waits holds two sockets, with two descriptors of each, and some KiB; one whose peer does not read
//!   holds at most a pipe or a buffer more for each direction.
//!
//! # What it never does
//!
//! It does not look into the bytes, keeps none of them, and chooses no target by what they say.

mod address;
mod connection;
mod counters;
mod metrics;
mod server;
mod target;

pub use address::{HostPort, NotHostPort};
pub use counters::{Counters, Totals};
pub use server::{ProxyConfig, RunningProxy, StartError};
