//! Moves bytes between files and sockets without user-space copies.
//!
//! A Kafka broker, a static file server and a shuffle service do the same thing most of the time: they answer with a
//! few bytes of header and a long range of a file. This crate is the one place where such an answer, a [`Plan`],
//! meets a socket, so that every server on top of it sends the same way, and every payload byte that leaves is counted.
//! A proxy has no file: for it, [`Engine::relay`] makes two connections one.
//!
//! # What always holds
//!
//! * Bytes inside a [`Region`] do not change while the region exists: they may be referenced by packets that
//!   the peer has not acknowledged yet.
//! * Every payload byte that the kernel accepts is in the [`Ledger`], by [`Path`], [`Mechanism`] and [`Reason`]. A byte
//!   that went through a copy never carries [`Reason::FirstChoice`]. Bytes that go from file to file, or from a socket to a
//!   file, are there, too, by [`copy::Method`]; from a socket to a file, `FirstChoice` means one copy, inside the kernel,
//!   because no way has none. Only the loops of [`bare`], which are there to be measured and serve nobody, count for themselves.
//! * A send that waits, for a slow peer or for the disk, holds no buffer, no pipe and no thread, and costs no CPU.
//! * A relay that waits for bytes holds no pipe and no buffer; one that waits for a peer to read holds at most one pipe
//!   or buffer for each direction. It ends in order only when both peers have ended their streams: in any other case both
//!   are reset, so that neither takes a part for the whole.
//! * The event loop is not put to sleep by a disk read: ranges that are not in the page cache are read by the warm
//!   threads first. The answer to "is it in the cache" is a hint, and a wrong one costs time, never a wrong byte.
//! * A send that fails or is dropped half-way leaves the stream in the middle of an answer: the caller closes the
//!   connection.
//! * A capability that the kernel lacks, or that a file system refuses, is replaced by the next best one, and the
//!   ledger says why.
//!
//! # What it never does
//!
//! It knows no protocol, keeps no connection, caches no data and writes no file other than where it is told. It has no
//! global switch: what to use is a [`Policy`] and a set of [`Capabilities`] that an [`Engine`] is built with.
//!
//! All unsafe code of the workspace but that of its tests is in the private module `sys`. Linux only, 5.10 or newer, better
//! from 6.5.
//!
//! `sendfile(2)` and `splice(2)` have no `MSG_NOSIGNAL`: a program that uses this crate leaves `SIGPIPE` ignored, as
//! Rust's runtime sets it before `main`.

mod attempt;
pub mod bare;
mod capabilities;
mod congestion;
pub mod copy;
mod direction;
mod end;
mod engine;
mod error;
pub mod file;
mod last_move;
mod ledger;
mod mechanism;
mod pace;
mod passing;
mod pipes;
mod plan;
mod policy;
mod region;
mod relay;
mod residency;
mod scratch;
mod seen;
mod sending;
#[expect(unsafe_code, reason = "the one place for system calls that have no safe wrapper")]
mod sys;
mod warm;

pub use capabilities::{Capabilities, Capability};
pub use congestion::{CongestionControl, connect};
pub use engine::{Engine, send_file};
pub use error::{RelayError, SendError};
pub use ledger::{ColdWaits, CopyEntry, Ledger, PayloadEntry, Snapshot};
pub use mechanism::{Mechanism, Path, Reason, UnknownMechanism};
pub use plan::{Part, Plan};
pub use policy::{COPY_BELOW_BYTES, Choice, Policy};
pub use region::Region;
pub use relay::Side;
pub use residency::{Residency, cached_pages};
