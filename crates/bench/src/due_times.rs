//! When was the batch due that has just arrived?

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The due times of batches on their way from a producer to a consumer, by partition.
///
/// A partition has one producing and one consuming connection in such a run, so that batches arrive in the order in
/// which they were sent, and no time needs to travel inside of them. Holds one time per batch on its way.
#[derive(Debug)]
pub(crate) struct DueTimes {
    partitions: Vec<Mutex<VecDeque<Instant>>>,
}

impl DueTimes {
    pub(crate) fn new(partitions: usize) -> Self {
        Self { partitions: (0..partitions).map(|_| Mutex::default()).collect() }
    }

    /// A batch that was due at `due` is about to be sent to `partition`.
    pub(crate) fn sent(&self, partition: usize, due: Instant) {
        if let Some(on_their_way) = self.partitions.get(partition) {
            lock(on_their_way).push_back(due);
        }
    }

    /// The next batch of `partition` has arrived: when was it due? `None` if no such batch was sent in this run.
    pub(crate) fn arrived(&self, partition: usize) -> Option<Instant> {
        lock(self.partitions.get(partition)?).pop_front()
    }

    /// Nothing more will arrive: the producers have failed.
    pub(crate) fn give_up(&self) {
        self.partitions.iter().for_each(|on_their_way| lock(on_their_way).clear());
    }

    /// Whether every batch that was sent to these partitions has arrived.
    pub(crate) fn all_arrived(&self, partitions: impl IntoIterator<Item = usize>) -> bool {
        partitions
            .into_iter()
            .filter_map(|p| self.partitions.get(p))
            .all(|on_their_way| lock(on_their_way).is_empty())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A queue is whole after each push and pop, also if a thread panicked in between.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
