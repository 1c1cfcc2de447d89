//! When is the work done?

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

/// What is left to do, shared by all connections of one side of a run.
#[derive(Debug)]
pub(crate) struct Budget {
    units_left: AtomicU64,
    deadline: Option<Instant>,
    stopped: AtomicBool,
}

impl Budget {
    /// At most `units` (no limit if `None`), not after `deadline`.
    pub(crate) fn new(units: Option<u64>, deadline: Option<Instant>) -> Self {
        Self {
            units_left: AtomicU64::new(units.unwrap_or(u64::MAX)),
            deadline,
            stopped: AtomicBool::new(false),
        }
    }

    /// Takes up to `units`; false if there was nothing left.
    pub(crate) fn take(&self, units: u64) -> bool {
        if self.is_stopped() || self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return false;
        }
        let take = |left: u64| (left > 0).then(|| left.saturating_sub(units));
        self.units_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }

    /// Whether anything may still be taken.
    pub(crate) fn is_spent(&self) -> bool {
        self.is_stopped()
            || self.units_left.load(Ordering::Relaxed) == 0
            || self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Nothing more is to be done: another connection failed, or the other side is through.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_gives_no_more_than_it_has() {
        let budget = Budget::new(Some(5), None);
        assert!(budget.take(3));
        assert!(budget.take(3), "the rest, though it is less than asked for");
        assert!(!budget.take(1));
        assert!(budget.is_spent());
    }

    #[test]
    fn a_stopped_budget_gives_nothing() {
        let budget = Budget::new(None, None);
        assert!(budget.take(1));
        budget.stop();
        assert!(!budget.take(1));
    }
}
