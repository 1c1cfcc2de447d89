//! How much is measured.

/// How much work each figure takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) warm_up_records: u64,
    /// Of 1 KiB.
    pub(crate) records: u64,
    /// Of 100 bytes.
    pub(crate) small_records: u64,
    /// How often each consumer reads everything: one pass takes too few ticks of the CPU clock.
    pub(crate) passes: u32,
    pub(crate) latency_records: u64,
    pub(crate) scale_bytes: u64,
    pub(crate) scale_passes: u32,
    pub(crate) headline_s: u32,
    /// Of each topic with old data.
    pub(crate) cold_bytes: u64,
    /// Of the tail that has to stay in memory.
    pub(crate) resident_bytes: u64,
    /// How long a tail is measured with each tool.
    pub(crate) tail_s: u32,
    /// Of the 100 MB file, over HTTP, in one turn; at least one for each client.
    pub(crate) http_large_requests: u64,
    /// Of the 1 MB file, in one turn.
    pub(crate) http_medium_requests: u64,
    /// How long the 4 KiB file is asked for in one turn.
    pub(crate) http_small_s: u32,
    /// Of 16 MiB each, with asking and without.
    pub(crate) asking_turns: u64,
    /// Of the file that is copied, and of the tree.
    pub(crate) copied_bytes: u64,
    /// Of 64 KiB, on each connection through a proxy that streams one way, in one turn.
    pub(crate) proxy_stream_messages: u64,
    /// Of 100 bytes, on each connection and each way, in one turn.
    pub(crate) proxy_small_messages: u64,
    /// Of 16 KiB, in one turn.
    pub(crate) proxy_large_messages: u64,
}

impl Sizes {
    /// Sizes whose numbers mean something.
    pub(crate) const FULL: Self = Self {
        warm_up_records: 500_000,
        records: 2_000_000,
        small_records: 5_000_000,
        passes: 3,
        latency_records: 30_000,
        scale_bytes: 1_000_000_000,
        scale_passes: 5,
        headline_s: 12,
        cold_bytes: 1_250_000_000,
        resident_bytes: 300_000_000,
        tail_s: 20,
        http_large_requests: 100,
        http_medium_requests: 10_000,
        http_small_s: 3,
        asking_turns: 256,
        copied_bytes: 1_200_000_000,
        proxy_stream_messages: 200,
        proxy_small_messages: 500,
        proxy_large_messages: 250,
    };

    /// Sizes that show whether everything works.
    pub(crate) const QUICK: Self = Self {
        warm_up_records: 20_000,
        records: 100_000,
        small_records: 200_000,
        passes: 1,
        latency_records: 500,
        scale_bytes: 50_000_000,
        scale_passes: 1,
        headline_s: 3,
        cold_bytes: 200_000_000,
        resident_bytes: 50_000_000,
        tail_s: 3,
        http_large_requests: 100,
        http_medium_requests: 500,
        http_small_s: 1,
        asking_turns: 16,
        copied_bytes: 100_000_000,
        proxy_stream_messages: 20,
        proxy_small_messages: 50,
        proxy_large_messages: 25,
    };
}
