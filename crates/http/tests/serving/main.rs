//! A server and clients that speak to it byte by byte.
#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

mod bad_requests;
mod common;
mod connections;
mod files;
mod folders;
mod limits;
mod operating;
mod partial;
mod variants;
