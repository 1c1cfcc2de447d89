//! FindCoordinator: which broker coordinates a group.

use std::sync::Arc;

use protocol::ErrorCode;
use protocol::messages::find_coordinator::response::Coordinator;
use protocol::messages::find_coordinator::{FindCoordinatorRequest, FindCoordinatorResponse};

use crate::Broker;
use crate::dispatch::RequestContext;
use crate::topics::OFFSETS_TOPIC;

/// The first version that asks for several coordinators at once.
const FIRST_VERSION_WITH_LIST: i16 = 4;

/// Kafka's numbers of what can have a coordinator.
const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;
const SHARE: i8 = 2;

pub(crate) async fn handle(
    broker: &Arc<Broker>,
    context: &RequestContext,
    request: FindCoordinatorRequest,
) -> FindCoordinatorResponse {
    if context.version >= FIRST_VERSION_WITH_LIST {
        let mut coordinators = Vec::new();
        for key in request.coordinator_keys {
            coordinators.push(find(broker, context, request.key_type, key).await);
        }
        return FindCoordinatorResponse { coordinators, ..FindCoordinatorResponse::default() };
    }
    let found = find(broker, context, request.key_type, request.key).await;
    FindCoordinatorResponse {
        error_code: found.error_code,
        error_message: found.error_message,
        node_id: found.node_id,
        host: found.host,
        port: found.port,
        ..FindCoordinatorResponse::default()
    }
}

async fn find(broker: &Arc<Broker>, context: &RequestContext, kind: i8, key: String) -> Coordinator {
    let refused = |key: String, code: ErrorCode, message: &str| Coordinator {
        key,
        node_id: -1,
        port: -1,
        error_code: code.code(),
        error_message: Some(message.to_owned()),
        ..Coordinator::default()
    };
    match kind {
        GROUP => {}
        TRANSACTION => return refused(key, ErrorCode::UnsupportedVersion, "this broker has no transactions"),
        SHARE => return refused(key, ErrorCode::UnsupportedVersion, "this broker has no share groups"),
        _ => return refused(key, ErrorCode::InvalidRequest, "unknown kind of coordinator"),
    }
    if let Err(error) = broker.ensure_internal_topic(OFFSETS_TOPIC).await {
        return refused(key, ErrorCode::CoordinatorNotAvailable, &error.to_string());
    }
    match broker.own_endpoint(&context.listener) {
        Some((endpoint, _)) => Coordinator {
            key,
            node_id: broker.node_id.0,
            host: endpoint.host,
            port: i32::from(endpoint.port),
            error_code: ErrorCode::None.code(),
            error_message: None,
        },
        None => refused(key, ErrorCode::CoordinatorNotAvailable, "the coordinator has no such listener"),
    }
}
