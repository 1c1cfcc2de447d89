//! Static files over HTTP/1.1, from the page cache by `sendfile(2)`.
//!
//! What nginx is used for most: a folder of files, many clients. An answer is a [`transfer::Plan`] of a head in memory and
//! ranges of a file, and goes the same way as a broker's.
//!
//! # What always holds
//!
//! * No request opens anything outside the root: the kernel resolves every path beneath it (`openat2(2)`,
//!   `RESOLVE_BENEATH`), symbolic links included.
//! * A request is answered by one file as it was when it was opened. Replace files by renaming: one that is changed in
//!   place while it is sent arrives mixed, as from every server that does not copy.
//! * Answers leave in the order of their requests, and nothing of a request that is not understood to its end is
//!   answered as if it were.
//! * What a client can make the server hold is bounded: one head of [`HEAD_MAX_BYTES`] and one answer's plan per
//!   connection, and so many connections. A client that does not send, or does not read, is let go after a while.
//! * The event loop does not wait for the disk: names that are not in the kernel's cache are looked up by other
//!   threads, and so are pages.
//!
//! # What it never does
//!
//! It runs nothing, proxies nothing, keeps no file in memory and compresses nothing itself. No TLS yet.

mod access_log;
mod answer;
mod conditions;
mod connection;
mod content_type;
mod encodings;
#[cfg(fuzzing)]
mod fuzzing;
mod head;
mod limit;
mod listing;
mod metrics;
mod ranges;
mod request;
mod root;
mod server;
mod settings;
mod status;
mod target;

#[cfg(fuzzing)]
pub use fuzzing::read_requests;
pub use request::HEAD_MAX_BYTES;
pub use server::{RunningServer, StartError};
pub use settings::{COPY_BELOW_BYTES, LogTo, Settings};
