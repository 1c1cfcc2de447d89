//! How many payload bytes left, on whose behalf, how and why?

use std::array;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::copy::Method;
use crate::policy::Choice;
use crate::{Mechanism, Path, Reason};

/// Counts what was sent and what was copied. Lock-free; each counter only grows.
///
/// Counters are read one by one: a [`Snapshot`] taken while sends are running may be short of the bytes of the last
/// microseconds, and never has too many.
#[derive(Debug)]
pub struct Ledger {
    payload_bytes: [[[AtomicU64; Reason::ALL.len()]; Mechanism::ALL.len()]; Path::ALL.len()],
    /// On [`Path::Copy`]: to files, where a [`Mechanism`], a way to a socket, is not involved.
    copied_bytes: [[AtomicU64; Reason::ALL.len()]; Method::ALL.len()],
    header_bytes: AtomicU64,
    plans: AtomicU64,
    regions: AtomicU64,
    cold_waits: AtomicU64,
    cold_bytes: AtomicU64,
    cold_wait_ns: AtomicU64,
    slow_steps: AtomicU64,
}

impl Ledger {
    /// All zero.
    pub fn new() -> Self {
        Self {
            payload_bytes: array::from_fn(|_| array::from_fn(|_| array::from_fn(|_| AtomicU64::new(0)))),
            copied_bytes: array::from_fn(|_| array::from_fn(|_| AtomicU64::new(0))),
            header_bytes: AtomicU64::new(0),
            plans: AtomicU64::new(0),
            regions: AtomicU64::new(0),
            cold_waits: AtomicU64::new(0),
            cold_bytes: AtomicU64::new(0),
            cold_wait_ns: AtomicU64::new(0),
            slow_steps: AtomicU64::new(0),
        }
    }

    /// Counts payload that a socket took. [`Engine::send`](crate::Engine::send) does so itself; this is for payload
    /// that leaves another way, such as records that were converted in memory.
    pub fn add_payload(&self, path: Path, choice: Choice, bytes: u64) {
        self.payload_bytes[path as usize][choice.mechanism as usize][choice.reason as usize]
            .fetch_add(bytes, Ordering::Relaxed);
    }

    /// The counters now.
    pub fn snapshot(&self) -> Snapshot {
        let mut payload = Vec::new();
        for path in Path::ALL {
            for mechanism in Mechanism::ALL {
                for reason in Reason::ALL {
                    let bytes = self.payload_bytes[path as usize][mechanism as usize][reason as usize]
                        .load(Ordering::Relaxed);
                    if bytes > 0 {
                        payload.push(PayloadEntry { path, mechanism, reason, bytes });
                    }
                }
            }
        }
        let mut copies = Vec::new();
        for method in Method::ALL {
            for reason in Reason::ALL {
                let bytes = self.copied_bytes[method as usize][reason as usize].load(Ordering::Relaxed);
                if bytes > 0 {
                    copies.push(CopyEntry { method, reason, bytes });
                }
            }
        }
        Snapshot {
            payload,
            copies,
            header_bytes: self.header_bytes.load(Ordering::Relaxed),
            plans: self.plans.load(Ordering::Relaxed),
            regions: self.regions.load(Ordering::Relaxed),
            cold: ColdWaits {
                count: self.cold_waits.load(Ordering::Relaxed),
                bytes: self.cold_bytes.load(Ordering::Relaxed),
                waited: Duration::from_nanos(self.cold_wait_ns.load(Ordering::Relaxed)),
            },
            slow_steps: self.slow_steps.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn add_copied(&self, method: Method, reason: Reason, bytes: u64) {
        self.copied_bytes[method as usize][reason as usize].fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn add_header(&self, bytes: u64) {
        self.header_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn add_plan(&self, regions: u64) {
        self.plans.fetch_add(1, Ordering::Relaxed);
        self.regions.fetch_add(regions, Ordering::Relaxed);
    }

    pub(crate) fn add_slow_step(&self) {
        self.slow_steps.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn add_cold_wait(&self, bytes: u64, waited: Duration) {
        self.cold_waits.fetch_add(1, Ordering::Relaxed);
        self.cold_bytes.fetch_add(bytes, Ordering::Relaxed);
        let waited_ns = u64::try_from(waited.as_nanos()).unwrap_or(u64::MAX);
        self.cold_wait_ns.fetch_add(waited_ns, Ordering::Relaxed);
    }
}

impl Default for Ledger {
    fn default() -> Self {
        Self::new()
    }
}

/// The counters of a [`Ledger`] at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    payload: Vec<PayloadEntry>,
    copies: Vec<CopyEntry>,
    /// Bytes of [`Part::Bytes`](crate::Part::Bytes) sent: framing, not payload.
    pub header_bytes: u64,
    /// Plans whose sending began.
    pub plans: u64,
    /// File regions in those plans.
    pub regions: u64,
    /// Waits for the disk.
    pub cold: ColdWaits,
    /// Steps of sends that took so long that an event loop most likely waited for the disk: for pages that were said to be
    /// in the page cache and have gone meanwhile. On a busy machine some are steps that were interrupted.
    pub slow_steps: u64,
}

/// Bytes that went to a file, from a file or from a socket, and have method and reason in common. Holes are not among them,
/// and a clone counts with its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyEntry {
    /// How.
    pub method: Method,
    /// Why so.
    pub reason: Reason,
    /// How many.
    pub bytes: u64,
}

/// Payload bytes that have path, mechanism and reason in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayloadEntry {
    /// On whose behalf.
    pub path: Path,
    /// How.
    pub mechanism: Mechanism,
    /// Why so.
    pub reason: Reason,
    /// How many.
    pub bytes: u64,
}

/// Waits for ranges that were not in the page cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ColdWaits {
    /// How many waits.
    pub count: u64,
    /// The bytes that were waited for.
    pub bytes: u64,
    /// The time that sends waited, summed over all of them.
    pub waited: Duration,
}

impl Snapshot {
    /// What went to files, on [`Path::Copy`]: the combinations that have bytes, best method first.
    pub fn copies(&self) -> impl ExactSizeIterator<Item = CopyEntry> {
        self.copies.iter().copied()
    }

    /// What went to sockets: the combinations that have bytes.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = PayloadEntry> {
        self.payload.iter().copied()
    }

    /// All payload bytes that went to sockets.
    pub fn payload_bytes(&self) -> u64 {
        self.payload.iter().map(|entry| entry.bytes).sum()
    }

    /// Payload bytes that the CPU copied on the way out.
    pub fn copied_bytes(&self) -> u64 {
        self.payload.iter().filter(|entry| entry.mechanism.copies()).map(|entry| entry.bytes).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_combination_has_its_own_counter() {
        let ledger = Ledger::new();
        let mut expected = Vec::new();
        for path in Path::ALL {
            for mechanism in Mechanism::ALL {
                for reason in Reason::ALL {
                    let bytes = 1 + expected.len() as u64;
                    ledger.add_payload(path, Choice { mechanism, reason }, bytes);
                    expected.push(PayloadEntry { path, mechanism, reason, bytes });
                }
            }
        }
        let snapshot = ledger.snapshot();
        assert_eq!(snapshot.iter().collect::<Vec<_>>(), expected);
        assert_eq!(snapshot.payload_bytes(), expected.iter().map(|entry| entry.bytes).sum::<u64>());
    }
}
