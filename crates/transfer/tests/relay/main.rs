//! What [`transfer::Engine::relay`] promises to the two peers that it connects.
#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

mod common;
mod ends;
mod exact_bytes;
mod fallbacks;
#[path = "../shared/noise.rs"]
mod noise;
#[path = "../shared/sockets.rs"]
mod sockets;
mod stuck_peers;
