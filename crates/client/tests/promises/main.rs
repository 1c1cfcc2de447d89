//! What the client promises, whatever the broker does.
#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

mod connection;
mod fake;
mod fetcher;
mod producer;
