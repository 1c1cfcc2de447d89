//! What the fuzz targets share.
//!
//! Each file in `fuzz_targets` is a program that libFuzzer feeds with bytes such as a socket, a disk or a configuration
//! file may bring. It panics where the code under test breaks a promise: no bytes make it panic, none cost memory out of
//! proportion, what is intact is kept. `cargo xtask fuzz` builds and runs them.
//!
//! A target first writes seeds into its corpus, made by the code under test from real messages, batches and files: the
//! fuzzer changes them, and so gets behind the first check at once.

pub mod batches;
pub mod corpus;
pub mod folder;
pub mod logs;
pub mod memory;
pub mod messages;
pub mod parts;
