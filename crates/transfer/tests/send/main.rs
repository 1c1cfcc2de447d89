//! Sends plans through real sockets from real files and looks at what arrives.
#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

mod bare_loops;
mod broken_ends;
mod cold_files;
mod common;
mod exact_bytes;
mod fallbacks;
mod idle_reader;
#[path = "../shared/noise.rs"]
mod noise;
#[path = "../shared/sockets.rs"]
mod sockets;
