//! A time limit that is set far more often than it is reached.

use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, Sleep};

/// A limit on how long something may take. Setting it again costs a look at the clock: the timer is only moved when it
/// goes off too early.
#[derive(Debug)]
pub(crate) struct Limit {
    until: Instant,
    timer: Pin<Box<Sleep>>,
}

impl Limit {
    /// One that is reached after `span`.
    pub(crate) fn new(span: Duration) -> Self {
        let until = Instant::now() + span;
        Self { until, timer: Box::pin(tokio::time::sleep_until(until)) }
    }

    /// From now on it is reached after `span`.
    pub(crate) fn set(&mut self, span: Duration) {
        self.until = Instant::now() + span;
        if self.until < self.timer.deadline() {
            self.timer.as_mut().reset(self.until);
        }
    }

    /// Completes when it is reached. May be dropped and called again.
    pub(crate) async fn reached(&mut self) {
        loop {
            self.timer.as_mut().await;
            if self.until <= Instant::now() {
                return;
            }
            self.timer.as_mut().reset(self.until);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPAN: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn a_limit_is_reached_when_it_was_set_to_and_not_before() {
        let start = Instant::now();
        let mut limit = Limit::new(SPAN);
        tokio::time::sleep(SPAN / 2).await;
        limit.set(SPAN);
        limit.reached().await;
        assert_eq!(start.elapsed(), SPAN * 3 / 2);
        limit.set(SPAN * 2);
        limit.set(SPAN);
        limit.reached().await;
        assert_eq!(start.elapsed(), SPAN * 5 / 2);
    }
}
