//! What a log promises to whoever appends, reads, restarts and deletes.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod append_and_read;
mod common;
mod concurrency;
mod data_dir;
mod disk_errors;
mod idempotence;
mod inspection;
mod model;
mod patience;
mod recovery;
mod retention;
mod timestamps;
