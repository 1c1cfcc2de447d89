//! What a run is to do.

use std::time::Duration;

use client::Address;

/// Where the load goes.
#[derive(Clone, Debug)]
pub struct Target {
    /// Brokers to begin with. The load goes to the one that leads all partitions of the topic.
    pub bootstrap: Vec<Address>,
    /// The topic.
    pub topic: String,
    /// Creates the topic with so many partitions if it does not exist.
    pub partitions: i32,
}

/// When a run ends: at whichever limit it reaches first.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Bytes of batches, in all.
    pub bytes: Option<u64>,
    /// Time from the first request on.
    pub duration: Option<Duration>,
}

/// How many acknowledgements a producer waits for. A producer that waits for none cannot be measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Acks {
    /// The leader's (`acks=1`).
    #[default]
    Leader,
    /// Those of all in-sync replicas (`acks=all`).
    All,
}

impl Acks {
    /// As the Produce request has it.
    pub(crate) fn code(self) -> i16 {
        match self {
            Self::Leader => 1,
            Self::All => -1,
        }
    }
}

/// How to produce.
#[derive(Clone, Copy, Debug)]
pub struct ProduceLoad {
    /// Bytes of each record's value.
    pub record_bytes: usize,
    /// Bytes that a batch is filled up to; one batch goes into one request.
    pub batch_bytes: usize,
    /// Which acknowledgement to wait for.
    pub acks: Acks,
    /// Requests that a connection has unanswered at most.
    pub in_flight: usize,
    /// Connections; partitions are dealt out to them.
    pub connections: usize,
    /// Threads that drive the connections.
    pub threads: usize,
    /// Records per second in all, on a schedule that does not wait for answers; as fast as it goes if `None`.
    pub records_per_s: Option<f64>,
}

impl Default for ProduceLoad {
    fn default() -> Self {
        Self {
            record_bytes: 1_024,
            batch_bytes: 256 << 10,
            acks: Acks::Leader,
            in_flight: 5,
            connections: 1,
            threads: 1,
            records_per_s: None,
        }
    }
}

/// How to consume. Each connection has one Fetch under way, as real consumers do.
#[derive(Clone, Copy, Debug)]
pub struct ConsumeLoad {
    /// Connections; partitions are dealt out to them, and where there are fewer partitions, ranges of offsets.
    pub connections: usize,
    /// Threads that drive the connections.
    pub threads: usize,
    /// `fetch.max.bytes`.
    pub fetch_max_bytes: i32,
    /// `max.partition.fetch.bytes`.
    pub partition_max_bytes: i32,
    /// `fetch.min.bytes`.
    pub min_bytes: i32,
    /// `fetch.max.wait.ms`.
    pub max_wait_ms: i32,
}

impl Default for ConsumeLoad {
    fn default() -> Self {
        Self {
            connections: 1,
            threads: 1,
            fetch_max_bytes: 50 << 20,
            partition_max_bytes: 1 << 20,
            min_bytes: 1,
            max_wait_ms: 500,
        }
    }
}

/// What to watch while the load runs.
#[derive(Clone, Debug, Default)]
pub struct Observe {
    /// The broker's process on this machine: its CPU time and memory are reported.
    pub pid: Option<u32>,
    /// `HOST:PORT` of a Crossdock's admin listener: its ledger of payload bytes is reported.
    pub admin: Option<String>,
}
