//! The pages by which a server of this project is operated: `/metrics`, `/healthz`, `/readyz`.
//!
//! The broker and the file server serve the same pages and count the same things of themselves: what left by which
//! mechanism, and what the process takes. What only one of them counts, it adds.
//!
//! # What always holds
//!
//! * A page never waits for the server's work, nor the work for a page: counters are read while they grow.
//! * Metrics are OpenMetrics text, and their names begin with `crossdock_`.
//!
//! # What it never does
//!
//! It changes nothing about the server, and is never on the way of payload.

mod of_engine;
mod of_process;
mod open;
mod pages;

pub use of_engine::OfEngine;
pub use of_process::OfProcess;
pub use open::Open;
pub use pages::{Operated, bind, serve};
