//! Consuming: fetching batches from partitions, alone or as a member of a group.

mod assignor;
mod fetcher;
mod group;
mod membership;
mod records;
mod session;

pub use fetcher::{FetchConfig, Fetcher, OffsetReset};
pub use group::{GroupConsumer, Polled};
pub use membership::GroupConfig;
pub use records::{ConsumedRecord, Fetched};
