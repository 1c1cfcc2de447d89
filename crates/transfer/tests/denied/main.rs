//! Every error that the kernel may answer with has its answer: the next best way, the same call again, or an error that says
//! who is at fault.
#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

mod connecting;
mod connection;
mod copying;
mod reading;
mod relaying;
mod sending;
