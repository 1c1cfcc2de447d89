//! Measures what each way from a file to a socket costs on this machine, and says what follows from it.
//!
//! Rules such as "mmap below 1 MB, sendfile above" come from somebody else's machine, kernel and decade. This crate
//! exists so that everybody can have the numbers of their own in a minute, with the reasons beside them and with what
//! distorts them, and so that a server can be configured by them. The same for copying with several threads.
//!
//! # What always holds
//!
//! * What is measured is the bare loop of each mechanism ([`transfer::bare`]) on blocking sockets: no event loop, no
//!   choice, no ledger.
//! * Sender and receiver are threads of their own, each on its own core where there are two, so that what each costs can
//!   be told apart. Every byte that was sent is counted at the receiver; a sample with a byte too few is an error.
//! * Mechanisms take turns within each round and move the same bytes, so that drift hits all alike.
//! * A cold sample begins with a file of which the page cache holds nothing, as far as the kernel tells; where it cannot be
//!   made cold, nothing is called cold.
//! * Verdicts are computed from the numbers: a difference that the rounds do not agree on is called none.
//! * The file with the data has no name: however a run ends, nothing is left of it.
//!
//! # What it never does
//!
//! It drives no broker and speaks no protocol (`bench` does), changes no setting of the system, and needs no privileges.

mod chart;
mod coldness;
mod copying;
mod cores;
mod distortions;
mod error;
mod goods;
mod html;
mod json;
mod lanes;
mod machine;
mod markdown;
mod plan;
mod policy;
mod results;
mod run;
mod sample;
mod text;
mod verdicts;

pub use copying::{
    CopyOptions, CopyResults, CopyRow, CopySample, CopyVerdict, Situation, copies_to_json,
    copies_to_markdown, copies_to_text, copy_policy, copy_verdicts, recommended_threads, run_copies,
};
pub use distortions::{Distortion, distortions};
pub use error::LabError;
pub use html::to_html;
pub use json::to_json;
pub use machine::{Machine, StolenTime};
pub use markdown::to_markdown;
pub use plan::{Cache, Cell, Options};
pub use policy::Recommendation;
pub use results::{Figure, Origin, Results, Row, Unavailable};
pub use run::{Progress, run};
pub use sample::{Sample, Side};
pub use text::to_text;
pub use verdicts::{Verdict, verdicts};
