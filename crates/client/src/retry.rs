//! Trying again: how often, how long, and after how much of a pause.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::ClientError;

/// The first pause; each is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// One effort that may take several attempts, until its deadline.
#[derive(Debug)]
pub(crate) struct Effort {
    deadline: Instant,
    pause: Duration,
}

impl Effort {
    /// An effort that ends `within` from now.
    pub(crate) fn new(within: Duration) -> Self {
        Self { deadline: Instant::now() + within, pause: FIRST_PAUSE }
    }

    /// Pauses if another attempt may help and there is time for it; else gives the error back.
    ///
    /// # Errors
    /// The one given.
    pub(crate) async fn again(&mut self, error: ClientError) -> Result<(), ClientError> {
        if !self.may_help(&error) {
            return Err(error);
        }
        self.pause().await;
        Ok(())
    }

    /// Whether another attempt after the next pause may succeed.
    pub(crate) fn may_help(&self, error: &ClientError) -> bool {
        tracing::debug!(%error, pause_ms = self.pause.as_millis(), "a request failed");
        error.is_retriable() && Instant::now() + self.pause <= self.deadline
    }

    /// Pauses, longer each time.
    pub(crate) async fn pause(&mut self) {
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_until_the_deadline_ends_the_effort() {
        let address: crate::Address = "localhost:1".parse().unwrap();
        let timeout = || ClientError::Timeout {
            broker: address.clone(),
            api: protocol::ApiKey::Fetch,
            after: Duration::ZERO,
        };
        let began = Instant::now();
        let mut effort = Effort::new(Duration::from_secs(3));
        let mut attempts = 1;
        while effort.again(timeout()).await.is_ok() {
            attempts += 1;
        }
        assert!(began.elapsed() <= Duration::from_secs(3));
        assert_eq!(attempts, 7, "50 + 100 + 200 + 400 + 800 + 1000 ms, and no time for another second");
    }

    #[tokio::test]
    async fn what_cannot_succeed_is_not_tried_again() {
        let mut effort = Effort::new(Duration::from_secs(60));
        assert!(effort.again(ClientError::ProducerClosed).await.is_err());
    }
}
