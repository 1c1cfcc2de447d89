//! Copies real files on real file systems and looks at what is there then.
#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

mod common;
mod contents;
mod disks;
mod file_systems;
mod ladder;
#[path = "../shared/noise.rs"]
mod noise;
mod receiving;
mod unruly_sources;
