//! Load generators for brokers that speak Kafka's protocol, and for TCP proxies.
//!
//! A measured broker is only as good as what drives it: a client that decodes, allocates and copies more than the
//! broker does measures itself. This crate exists to put load on a broker for a small fraction of the broker's own
//! CPU, so that on one small machine the broker is what is measured.
//!
//! # What always holds
//!
//! * A batch is built once, with valid lengths and CRC, and sent again and again; nothing is encoded per record.
//! * Consumed records are counted from the headers of the batches that arrive. Their bytes are received as any
//!   client receives them, and not looked at.
//! * Latency is counted from the time at which a request was due, not from the time at which it could be sent: a
//!   broker that stalls cannot hide behind a generator that politely waits (coordinated omission).
//! * A report says what the generator itself cost.
//!
//! # What it never does
//!
//! It does not retry, follow leaders or join groups: any answer but success ends the run with an error, because a
//! number from half a run is worth nothing. It never decodes a record.

mod batch;
mod budget;
mod consume;
mod due_times;
mod error;
pub mod floor;
mod ledger;
mod one_at_a_time;
mod options;
mod pace;
mod process;
mod produce;
mod report;
mod run;
mod skim;
mod through_proxy;
mod topic;
mod workers;

pub use error::BenchError;
pub use ledger::LedgerEntry;
pub use one_at_a_time::{OneAtATime, run_latency};
pub use options::{Acks, ConsumeLoad, Limits, Observe, ProduceLoad, Target};
pub use process::Usage;
pub use report::{Flow, Latency, Report};
pub use run::{run_both, run_consume, run_produce};
pub use through_proxy::{GREETING_BYTES, PassedOn, ProxyLoad, Traffic, run_through_proxy};
