//! Deadlines of a coordinator, in the order in which they fall due.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// What is to be looked at when its deadline passes. Each has at most one deadline.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Timer {
    /// A member, also one that has not joined yet, has to be heard of.
    Session { group: Arc<str>, member: Arc<str> },
    /// The join phase of a rebalance ends.
    Join { group: Arc<str> },
    /// The members of a new generation have to have asked for their assignment.
    Sync { group: Arc<str> },
    /// Offsets and groups are looked through for what has expired.
    Expiry,
}

/// Deadlines in milliseconds of the caller's monotonic clock.
#[derive(Debug, Default)]
pub(super) struct Timers {
    deadlines: HashMap<Timer, i64>,
    queue: BTreeSet<(i64, Timer)>,
}

impl Timers {
    /// Sets a deadline, in place of the one that the timer had.
    pub(super) fn schedule(&mut self, timer: Timer, deadline_ms: i64) {
        if let Some(before) = self.deadlines.insert(timer.clone(), deadline_ms) {
            self.queue.remove(&(before, timer.clone()));
        }
        self.queue.insert((deadline_ms, timer));
    }

    /// Takes a deadline away, if there is one.
    pub(super) fn cancel(&mut self, timer: Timer) {
        if let Some(before) = self.deadlines.remove(&timer) {
            self.queue.remove(&(before, timer));
        }
    }

    /// The next deadline.
    pub(super) fn next(&self) -> Option<i64> {
        self.queue.first().map(|(deadline_ms, _)| *deadline_ms)
    }

    /// Takes the next timer whose deadline is not after `now_ms`.
    pub(super) fn take_due(&mut self, now_ms: i64) -> Option<Timer> {
        if self.next()? > now_ms {
            return None;
        }
        let (_, timer) = self.queue.pop_first()?;
        self.deadlines.remove(&timer);
        Some(timer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_has_only_its_latest_deadline() {
        let mut timers = Timers::default();
        let join = Timer::Join { group: Arc::from("g") };
        timers.schedule(join.clone(), 10);
        timers.schedule(Timer::Expiry, 20);
        timers.schedule(join.clone(), 30);

        assert_eq!(timers.next(), Some(20));
        assert_eq!(timers.take_due(19), None);
        assert_eq!(timers.take_due(30), Some(Timer::Expiry));
        assert_eq!(timers.take_due(30), Some(join));
        assert_eq!(timers.next(), None);
    }

    #[test]
    fn a_cancelled_timer_never_falls_due() {
        let mut timers = Timers::default();
        timers.schedule(Timer::Expiry, 5);
        timers.cancel(Timer::Expiry);
        assert_eq!(timers.take_due(i64::MAX), None);
    }
}
