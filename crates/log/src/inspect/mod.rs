//! Looking into a log's files while no broker has them open: what is in them, and whether it is what belongs there.
//!
//! Everything is read in small pieces and nothing is changed. What is wrong is told as [`LogError::Damaged`] with file,
//! position, what was expected and what was found.

mod contents;
mod verify;

pub use contents::{PlacedRecords, offset_index, producer_snapshot, segment, time_index, transaction_index};
pub use verify::{Verified, verify};

#[cfg(doc)]
use crate::LogError;
