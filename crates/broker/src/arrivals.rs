//! Telling those who wait for records that some have arrived.
//!
//! A partition keeps the list of fetches that are interested in it. Interest is declared once, for as long as a fetch
//! session (or one fetch without a session) lives, so that a consumer of a thousand partitions does not put itself on a
//! thousand lists each time it waits.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::sync::Notify;

/// One who waits for records of any number of partitions.
#[derive(Debug, Default)]
pub(crate) struct Waiter {
    arrived: Notify,
}

impl Waiter {
    /// Completes at the first arrival after this call, also if that is before the first poll.
    pub(crate) fn arrival(&self) -> std::pin::Pin<Box<tokio::sync::futures::Notified<'_>>> {
        let mut arrival = Box::pin(self.arrived.notified());
        arrival.as_mut().enable();
        arrival
    }
}

/// Who is interested in one partition.
#[derive(Debug, Default)]
pub(crate) struct Interested {
    waiters: Mutex<Vec<Weak<Waiter>>>,
    /// Whether the list may hold anybody: appends to partitions that nobody reads skip the lock.
    any: AtomicBool,
}

impl Interested {
    /// Wakes `waiter` at each arrival from now on until it is dropped. Adding one twice counts once.
    pub(crate) fn add(&self, waiter: &Arc<Waiter>) {
        let mut waiters = self.waiters.lock();
        waiters.retain(|known| known.strong_count() > 0);
        if !waiters.iter().any(|known| std::ptr::eq(known.as_ptr(), Arc::as_ptr(waiter))) {
            waiters.push(Arc::downgrade(waiter));
        }
        self.any.store(true, Ordering::SeqCst);
    }

    /// Records have become readable, or the partition has changed so that a waiting fetch should look again.
    pub(crate) fn wake(&self) {
        if !self.any.load(Ordering::SeqCst) {
            return;
        }
        let mut waiters = self.waiters.lock();
        waiters.retain(|waiter| {
            let Some(waiter) = waiter.upgrade() else { return false };
            waiter.arrived.notify_waiters();
            true
        });
        self.any.store(!waiters.is_empty(), Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_arrival_between_looking_and_waiting_is_not_lost() {
        let (interested, waiter) = (Interested::default(), Arc::new(Waiter::default()));
        interested.add(&waiter);
        let arrival = waiter.arrival();
        interested.wake();
        arrival.await;
    }

    #[tokio::test]
    async fn a_dropped_waiter_is_forgotten() {
        let (interested, waiter) = (Interested::default(), Arc::new(Waiter::default()));
        interested.add(&waiter);
        interested.add(&waiter);
        assert_eq!(interested.waiters.lock().len(), 1);
        drop(waiter);
        interested.wake();
        assert!(interested.waiters.lock().is_empty());
        assert!(!interested.any.load(Ordering::SeqCst));
    }
}
