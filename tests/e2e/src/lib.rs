//! Real clients against real broker processes.
//!
//! The tests in `tests/` promise what a user of Crossdock relies on: what is acknowledged is kept, groups share work,
//! a bad peer harms nobody else, payload leaves without a copy. This library starts the processes and the clients that
//! they need. It knows nothing of Crossdock's crates: it sees the broker as a client and as an operator do.
//!
//! What always holds:
//! * Every test has a broker of its own, on free ports, with its data in a folder that goes away with the test. When a test
//!   fails, the end of the broker's log is printed.
//! * Nothing waits for a fixed time: [`wait::until`] waits for a condition, with a deadline that only a failure reaches.
//! * The process under test is the `crossdock` of the same profile as the tests, built where it is missing or out of date.
//!
//! Settings in the environment:
//! * `CROSSDOCK_E2E_SCALE`: how many times more records and connections than by default (see [`scale`]).
//! * `CROSSDOCK_E2E_BINARY`: the `crossdock` to test, in place of building one.
//! * `CROSSDOCK_E2E_LAUNCHER`: a program that runs another broker in the foreground, called with
//!   `NODE_ID PORT DATA_DIR PROPERTIES_FILE`. This is how the tests themselves are checked against Apache Kafka; those
//!   about Crossdock's own command line and metrics are left out then.

pub mod admin;
mod binary;
mod broker;
pub mod clients;
mod disk;
pub mod group;
pub mod metrics;
mod ports;
pub mod process;
pub mod wait;
pub mod wire;

pub use binary::crossdock;
pub use broker::{Broker, Settings};
pub use disk::{Disk, Frozen};

/// `count`, times `CROSSDOCK_E2E_SCALE`.
///
/// # Panics
///
/// When the setting is no whole number.
pub fn scale(count: usize) -> usize {
    match std::env::var("CROSSDOCK_E2E_SCALE") {
        Ok(factor) => count * factor.parse::<usize>().expect("CROSSDOCK_E2E_SCALE must be a whole number"),
        Err(_) => count,
    }
}
