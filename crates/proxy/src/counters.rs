//! What a proxy counts. How the bytes went is in the engine's ledger, and [`Metrics`](crate::metrics::Metrics) shows both.

use std::sync::atomic::{AtomicU64, Ordering};

use transfer::{RelayError, Side};

/// The counters of one proxy. Lock-free; all but the open connections only grow.
#[derive(Debug, Default)]
pub struct Counters {
    accepted: AtomicU64,
    open: AtomicU64,
    closed: AtomicU64,
    unreachable: AtomicU64,
    lost: AtomicU64,
    idle: AtomicU64,
    failed: AtomicU64,
    to_target_bytes: AtomicU64,
    to_client_bytes: AtomicU64,
}

/// The counters at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Connections that were accepted.
    pub accepted: u64,
    /// Those of them that are open.
    pub open: u64,
    /// Connections that both peers ended in order.
    pub closed: u64,
    /// Connections that were reset because the target could not be reached.
    pub unreachable: u64,
    /// Connections that ended because a peer reset its side or was lost.
    pub lost: u64,
    /// Connections that were reset at the idle limit.
    pub idle: u64,
    /// Connections that were reset because of trouble of this machine.
    pub failed: u64,
    /// Bytes delivered to the target.
    pub to_target_bytes: u64,
    /// Bytes delivered to clients.
    pub to_client_bytes: u64,
}

/// One open connection; counted as long as it lives, also when what it does is abandoned.
pub(crate) struct Open<'a>(&'a Counters);

impl Counters {
    /// The counters now.
    pub fn totals(&self) -> Totals {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Totals {
            accepted: read(&self.accepted),
            open: read(&self.open),
            closed: read(&self.closed),
            unreachable: read(&self.unreachable),
            lost: read(&self.lost),
            idle: read(&self.idle),
            failed: read(&self.failed),
            to_target_bytes: read(&self.to_target_bytes),
            to_client_bytes: read(&self.to_client_bytes),
        }
    }

    pub(crate) fn opened(&self) -> Open<'_> {
        add(&self.accepted, 1);
        add(&self.open, 1);
        Open(self)
    }

    pub(crate) fn unreachable(&self) {
        add(&self.unreachable, 1);
    }

    /// Bytes that got to `side`: clients are left, the target is right.
    pub(crate) fn delivered(&self, side: Side, bytes: u64) {
        match side {
            Side::Left => add(&self.to_client_bytes, bytes),
            Side::Right => add(&self.to_target_bytes, bytes),
        }
    }

    pub(crate) fn ended(&self, how: &Result<(), RelayError>) {
        match how {
            Ok(()) => add(&self.closed, 1),
            Err(RelayError::Peer { .. }) => add(&self.lost, 1),
            Err(RelayError::Idle { .. }) => add(&self.idle, 1),
            Err(RelayError::Kernel(_)) => add(&self.failed, 1),
        }
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

fn add(counter: &AtomicU64, number: u64) {
    counter.fetch_add(number, Ordering::Relaxed);
}
