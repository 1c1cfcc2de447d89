//! What the client promises, whatever the broker does.

mod connection;
mod fake;
mod fetcher;
mod producer;
