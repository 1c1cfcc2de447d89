//! When did bytes move last?

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// Moves are far more often than limits are reached: noting one costs a look at the clock, and a timer looks at it only
/// when a whole limit may have passed.
pub(crate) struct LastMove {
    start: Instant,
    /// Since `start`.
    last_ms: AtomicU64,
}

impl LastMove {
    pub(crate) fn now() -> Self {
        Self { start: Instant::now(), last_ms: AtomicU64::new(0) }
    }

    /// Bytes have moved.
    pub(crate) fn touch(&self) {
        let since_ms = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_ms.store(since_ms, Ordering::Relaxed);
    }

    /// Returns when the last move is `limit` ago.
    pub(crate) async fn is_older_than(&self, limit: Duration) {
        loop {
            let last = Duration::from_millis(self.last_ms.load(Ordering::Relaxed));
            let left = limit.saturating_sub(self.start.elapsed().saturating_sub(last));
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    #[tokio::test]
    async fn a_limit_is_reached_only_if_the_last_move_is_a_limit_ago() {
        let limit = Duration::from_secs(60);
        let last_move = LastMove { start: Instant::now() - 3 * limit, last_ms: AtomicU64::new(0) };
        let look = |last_move: &LastMove| {
            pin!(last_move.is_older_than(limit)).poll(&mut Context::from_waker(Waker::noop()))
        };
        assert_eq!(look(&last_move), Poll::Ready(()));
        last_move.touch();
        assert_eq!(look(&last_move), Poll::Pending);
        assert_eq!(look(&LastMove::now()), Poll::Pending);
    }
}
