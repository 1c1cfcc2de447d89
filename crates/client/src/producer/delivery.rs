//! What became of a record.

use std::sync::{Arc, OnceLock};

use protocol::Offset;
use tokio::sync::Notify;

use crate::{ClientError, TopicPartition};

/// A record that the broker has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// Where it is.
    pub partition: TopicPartition,
    /// Its offset; `None` where the broker had it already and no longer knows where.
    pub offset: Option<Offset>,
}

/// Tells what became of a record, once that is known. All records of a batch share one fate.
#[derive(Clone, Debug)]
pub struct Delivery {
    fate: Arc<Fate>,
    /// The record's place in its batch.
    index: i64,
}

#[derive(Debug)]
struct Fate {
    partition: TopicPartition,
    /// The offset of the batch's first record.
    result: OnceLock<Result<Option<Offset>, ClientError>>,
    known: Notify,
}

/// The other end of the deliveries of one batch. Dropping it says that the producer was closed.
#[derive(Debug)]
pub(super) struct Promise {
    fate: Arc<Fate>,
}

impl Delivery {
    /// Waits until the broker has the record, or has it not.
    ///
    /// # Errors
    /// Why the record's batch could not be delivered. After a timeout or a lost connection it may be there all the same.
    pub async fn outcome(&self) -> Result<Delivered, ClientError> {
        loop {
            let known = self.fate.known.notified();
            tokio::pin!(known);
            known.as_mut().enable();
            if let Some(outcome) = self.try_outcome() {
                return outcome;
            }
            known.await;
        }
    }

    /// What became of the record, if that is known already.
    #[must_use]
    pub fn try_outcome(&self) -> Option<Result<Delivered, ClientError>> {
        Some(self.fate.result.get()?.clone().map(|base_offset| Delivered {
            partition: self.fate.partition.clone(),
            offset: base_offset.map(|base| base.plus(self.index)),
        }))
    }
}

impl Promise {
    pub(super) fn new(partition: TopicPartition) -> Self {
        Self { fate: Arc::new(Fate { partition, result: OnceLock::new(), known: Notify::new() }) }
    }

    /// The delivery of the record at a place in the batch.
    pub(super) fn delivery(&self, index: i32) -> Delivery {
        Delivery { fate: Arc::clone(&self.fate), index: i64::from(index) }
    }

    pub(super) fn keep(self, result: Result<Option<Offset>, ClientError>) {
        self.settle(result);
    }

    fn settle(&self, result: Result<Option<Offset>, ClientError>) {
        // Only the first word counts.
        if self.fate.result.set(result).is_ok() {
            self.fate.known.notify_waiters();
        }
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        self.settle(Err(ClientError::ProducerClosed));
    }
}

#[cfg(test)]
mod tests {
    use protocol::PartitionIndex;

    use super::*;

    fn promise() -> Promise {
        Promise::new(TopicPartition::new("orders", PartitionIndex(2)))
    }

    #[tokio::test]
    async fn each_record_learns_its_own_offset() {
        let promise = promise();
        let deliveries: Vec<Delivery> = (0..3).map(|index| promise.delivery(index)).collect();
        assert!(deliveries[0].try_outcome().is_none());
        promise.keep(Ok(Some(Offset(40))));
        for (index, delivery) in deliveries.iter().enumerate() {
            assert_eq!(delivery.outcome().await.unwrap().offset, Some(Offset(40 + index as i64)));
        }
    }

    #[tokio::test]
    async fn a_batch_that_is_given_up_says_so() {
        let promise = promise();
        let delivery = promise.delivery(0);
        let waiting = tokio::spawn(async move { delivery.outcome().await });
        drop(promise);
        assert!(matches!(waiting.await.unwrap(), Err(ClientError::ProducerClosed)));
    }
}
