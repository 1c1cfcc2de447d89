//! InitProducerId: an identity for an idempotent producer.

use std::sync::Arc;

use protocol::ErrorCode;
use protocol::messages::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};
use tracing::warn;

use crate::Broker;
use crate::dispatch::RequestContext;

pub(crate) async fn handle(
    broker: &Arc<Broker>,
    _context: &RequestContext,
    request: InitProducerIdRequest,
) -> InitProducerIdResponse {
    let refused = |code: ErrorCode| InitProducerIdResponse {
        error_code: code.code(),
        producer_epoch: -1,
        ..InitProducerIdResponse::default()
    };
    if request.transactional_id.is_some() {
        return refused(ErrorCode::UnsupportedVersion);
    }
    if (request.producer_id == -1) != (request.producer_epoch == -1) {
        return refused(ErrorCode::InvalidRequest);
    }
    // Without a transactional id nobody can vouch for the old identity: the producer gets a new one.
    match broker.producer_ids.next(broker).await {
        Ok(producer_id) => InitProducerIdResponse {
            producer_id: producer_id.0,
            producer_epoch: 0,
            ..InitProducerIdResponse::default()
        },
        Err(error) => {
            warn!("no producer id to give: {error}");
            refused(ErrorCode::CoordinatorLoadInProgress)
        }
    }
}
