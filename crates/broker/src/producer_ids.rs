//! Producer ids: blocks are taken from the controller, single ids are given to producers.

use std::ops::Range;
use std::sync::Arc;

use protocol::ProducerId;
use tokio::sync::Mutex;

use crate::topics::TopicError;
use crate::{Broker, clock};

/// The block from which this broker gives ids. What is left of it when the broker stops is never given.
#[derive(Debug, Default)]
pub(crate) struct ProducerIds {
    block: Mutex<Range<i64>>,
}

impl ProducerIds {
    /// An id that no producer has had.
    pub(crate) async fn next(&self, broker: &Arc<Broker>) -> Result<ProducerId, TopicError> {
        let mut block = self.block.lock().await;
        if block.is_empty() {
            *block =
                broker.change(|broker| Ok(broker.controller.take_producer_ids(clock::now_ms())?)).await?;
        }
        let id = block.start;
        block.start += 1;
        Ok(ProducerId(id))
    }
}
