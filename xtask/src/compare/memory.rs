//! Memory that has never been touched costs a virtual machine's guest CPU time when it is first used, because the host
//! only then provides it. Whoever is measured first would pay for that.

use std::fs;

use anyhow::Context as _;

/// How much of the free memory is touched. The rest keeps the machine alive meanwhile.
const SHARE: f64 = 0.85;

const PAGE_BYTES: usize = 4096;

/// Writes to most of the memory that is free, once, and gives it back.
pub(crate) fn touch_most() -> anyhow::Result<()> {
    touch((available_bytes()? as f64 * SHARE) as usize);
    Ok(())
}

/// Writes to as much memory, once, and gives it back: to be used at once, as a host may take it again within seconds.
pub(crate) fn touch(bytes: usize) {
    // Zeroed memory of this size comes from mmap(2), untouched.
    let mut area = vec![0_u8; bytes];
    for page in area.chunks_mut(PAGE_BYTES) {
        page[0] = 1;
    }
    std::hint::black_box(&area);
}

/// Memory that programs may have without swapping.
pub(crate) fn available_bytes() -> anyhow::Result<u64> {
    field("MemAvailable:")
}

/// The machine's memory.
pub(crate) fn total_bytes() -> anyhow::Result<u64> {
    field("MemTotal:")
}

fn field(name: &str) -> anyhow::Result<u64> {
    let meminfo = fs::read_to_string("/proc/meminfo").context("reading /proc/meminfo")?;
    let line =
        meminfo.lines().find_map(|line| line.strip_prefix(name)).with_context(|| format!("no {name}"))?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().context(name.to_owned())?;
    Ok(kib * 1024)
}
