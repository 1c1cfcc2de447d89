//! Which mechanism does a region take?

use crate::{Capabilities, Mechanism, Reason};

/// Below this many bytes a region is copied next to its header, and both leave in one `sendmsg(2)`.
///
/// Measured with `examples/small_regions.rs` on loopback, Linux 6.18 on x86-64. Sending a copied response costs the
/// sender 0.86 of one sent by `sendfile` at 512 bytes, 0.92 at 4 KiB, the same at 8 KiB and 1.2 at 16 KiB, if it is
/// known that the region is in the page cache ([`Region::fresh`](crate::Region::fresh)). If `sendfile` has to ask
/// first, the copy, which need not, costs 0.7 at 512 bytes, 0.73 at 4 KiB, 0.82 at 8 KiB, 0.92 at 16 KiB and the same
/// at 24 KiB. 4 KiB is where the copy wins either way; above it the few hundred nanoseconds are left for the memory
/// bandwidth and the cache lines that a copy takes from everything else.
pub const COPY_BELOW_BYTES: u64 = 4 * 1024;

/// Chooses one mechanism for each region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    forced: Option<Mechanism>,
    copy_below_bytes: u64,
}

/// A mechanism and why it was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// How the region goes.
    pub mechanism: Mechanism,
    /// Why so.
    pub reason: Reason,
}

impl Policy {
    /// The cheapest mechanism by the measured facts: `sendfile`, and a copy below [`COPY_BELOW_BYTES`].
    pub fn automatic() -> Self {
        Self { forced: None, copy_below_bytes: COPY_BELOW_BYTES }
    }

    /// Always this mechanism, whatever the size of the region, as far as kernel and file allow it.
    pub fn force(mechanism: Mechanism) -> Self {
        Self { forced: Some(mechanism), copy_below_bytes: 0 }
    }

    /// Copies regions shorter than `bytes` instead of [`COPY_BELOW_BYTES`]; 0 copies none. No effect if a mechanism is
    /// forced.
    #[must_use]
    pub fn with_copy_below(self, bytes: u64) -> Self {
        match self.forced {
            Some(_) => self,
            None => Self { copy_below_bytes: bytes, ..self },
        }
    }

    /// The choice for bytes that go from one socket to another, on a kernel with `capabilities`.
    pub fn choose_between_sockets(&self, capabilities: &Capabilities) -> Choice {
        let (mechanism, reason) = match self.forced {
            Some(mechanism @ (Mechanism::Splice | Mechanism::ReadWrite)) => (mechanism, Reason::Forced),
            // The others begin with a file.
            Some(Mechanism::Sendfile | Mechanism::Mmap) | None => (Mechanism::Splice, Reason::FirstChoice),
        };
        if capabilities.offer(mechanism) {
            return Choice { mechanism, reason };
        }
        Choice { mechanism: Mechanism::ReadWrite, reason: Reason::KernelLacks }
    }

    /// The choice for a region of `len` bytes on a kernel with `capabilities`.
    pub fn choose(&self, len: u64, capabilities: &Capabilities) -> Choice {
        let (mechanism, reason) = match self.forced {
            Some(mechanism) => (mechanism, Reason::Forced),
            None if len < self.copy_below_bytes => (Mechanism::ReadWrite, Reason::Small),
            None => (Mechanism::Sendfile, Reason::FirstChoice),
        };
        if capabilities.offer(mechanism) {
            return Choice { mechanism, reason };
        }
        Choice { mechanism: next_best(mechanism, capabilities), reason: Reason::KernelLacks }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::automatic()
    }
}

/// What replaces a mechanism that is not to be had: `splice` for `sendfile`, and `read` and `write` for all else.
pub(crate) fn next_best(mechanism: Mechanism, capabilities: &Capabilities) -> Mechanism {
    match mechanism {
        Mechanism::Sendfile if capabilities.offer(Mechanism::Splice) => Mechanism::Splice,
        Mechanism::Sendfile | Mechanism::Splice | Mechanism::Mmap | Mechanism::ReadWrite => {
            Mechanism::ReadWrite
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Capabilities = Capabilities {
        sendfile: true,
        splice: true,
        cachestat: true,
        read_nowait: true,
        copy_file_range: true,
    };

    fn choice(mechanism: Mechanism, reason: Reason) -> Choice {
        Choice { mechanism, reason }
    }

    #[test]
    fn long_regions_leave_by_sendfile_and_short_ones_are_copied() {
        let policy = Policy::automatic();
        assert_eq!(policy.choose(COPY_BELOW_BYTES, &ALL), choice(Mechanism::Sendfile, Reason::FirstChoice));
        assert_eq!(policy.choose(COPY_BELOW_BYTES - 1, &ALL), choice(Mechanism::ReadWrite, Reason::Small));
        let never_copy = policy.with_copy_below(0);
        assert_eq!(never_copy.choose(1, &ALL), choice(Mechanism::Sendfile, Reason::FirstChoice));
    }

    #[test]
    fn a_forced_mechanism_is_used_for_every_size() {
        for mechanism in Mechanism::ALL {
            let policy = Policy::force(mechanism).with_copy_below(1 << 20);
            assert_eq!(policy.choose(1, &ALL), choice(mechanism, Reason::Forced));
            assert_eq!(policy.choose(1 << 30, &ALL), choice(mechanism, Reason::Forced));
        }
    }

    #[test]
    fn between_sockets_bytes_are_spliced_unless_a_copy_is_forced_or_all_there_is() {
        let chosen = |policy: Policy, capabilities| policy.choose_between_sockets(capabilities);
        for policy in
            [Policy::automatic(), Policy::force(Mechanism::Sendfile), Policy::force(Mechanism::Mmap)]
        {
            assert_eq!(chosen(policy, &ALL), choice(Mechanism::Splice, Reason::FirstChoice));
        }
        for mechanism in [Mechanism::Splice, Mechanism::ReadWrite] {
            assert_eq!(chosen(Policy::force(mechanism), &ALL), choice(mechanism, Reason::Forced));
        }
        let bare = Capabilities::none();
        for policy in [Policy::automatic(), Policy::force(Mechanism::Splice)] {
            assert_eq!(chosen(policy, &bare), choice(Mechanism::ReadWrite, Reason::KernelLacks));
        }
        let copied = Policy::force(Mechanism::ReadWrite);
        assert_eq!(chosen(copied, &bare), choice(Mechanism::ReadWrite, Reason::Forced));
    }

    #[test]
    fn what_the_kernel_lacks_is_replaced_and_the_reason_kept() {
        let policy = Policy::automatic();
        let without_sendfile = Capabilities { sendfile: false, ..ALL };
        assert_eq!(policy.choose(1 << 20, &without_sendfile), choice(Mechanism::Splice, Reason::KernelLacks));
        let bare = Capabilities::none();
        assert_eq!(policy.choose(1 << 20, &bare), choice(Mechanism::ReadWrite, Reason::KernelLacks));
        assert_eq!(policy.choose(1, &bare), choice(Mechanism::ReadWrite, Reason::Small));
        let forced = Policy::force(Mechanism::Splice);
        assert_eq!(forced.choose(1 << 20, &bare), choice(Mechanism::ReadWrite, Reason::KernelLacks));
    }
}
