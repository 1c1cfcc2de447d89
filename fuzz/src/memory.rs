//! What a call may allocate.

/// Memory that a decode may hold at its peak, per byte of input; the tests of `protocol` say why.
const DECODE_BYTES_PER_BYTE: u64 = 16 + 4;

/// What a decode may hold apart from that; the tests of `protocol` say why.
const DECODE_BASE_BYTES: u64 = 16 * 1024 + 4096;

/// What a decode of so many bytes may hold at its peak.
#[must_use]
pub fn of_decoding(input_bytes: usize) -> u64 {
    DECODE_BASE_BYTES + DECODE_BYTES_PER_BYTE * input_bytes as u64
}

/// Calls `run`, which may hold at most `limit_bytes` at any time. What C libraries allocate does not count: libFuzzer's
/// own `-rss_limit_mb` bounds it.
///
/// # Panics
/// It held more.
pub fn within<T>(limit_bytes: u64, run: impl FnOnce() -> T) -> T {
    let mut result = None;
    let memory = allocation_counter::measure(|| result = Some(run()));
    assert!(memory.bytes_max <= limit_bytes, "{} bytes where {limit_bytes} suffice", memory.bytes_max);
    result.expect("measured calls return")
}
