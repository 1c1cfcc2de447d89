//! DescribeCluster: the brokers and who is controller.

use protocol::ErrorCode;
use protocol::messages::describe_cluster::response::DescribeClusterBroker;
use protocol::messages::describe_cluster::{DescribeClusterRequest, DescribeClusterResponse};

use crate::Broker;
use crate::dispatch::RequestContext;

/// In a request: brokers are asked for. The other kind, controllers, have no listener of their own here.
const BROKER_ENDPOINTS: i8 = 1;
/// In Kafka's words: its own tests look for them.
const NOT_A_CONTROLLER: &str =
    "The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER";

pub(crate) async fn handle(
    broker: &Broker,
    context: &RequestContext,
    request: DescribeClusterRequest,
) -> DescribeClusterResponse {
    if request.endpoint_type != BROKER_ENDPOINTS {
        let error = if request.endpoint_type == 2 {
            (ErrorCode::MismatchedEndpointType, NOT_A_CONTROLLER.to_owned())
        } else {
            let message =
                format!("endpoint type {} is unknown, expected 1 for brokers", request.endpoint_type);
            (ErrorCode::UnsupportedEndpointType, message)
        };
        return DescribeClusterResponse {
            error_code: error.0.code(),
            error_message: Some(error.1),
            endpoint_type: request.endpoint_type,
            ..DescribeClusterResponse::default()
        };
    }
    let image = broker.controller.image();
    let brokers = image
        .brokers()
        .filter(|known| request.include_fenced_brokers || !known.fenced)
        .filter_map(|known| {
            let endpoint = known.endpoint(&context.listener)?;
            Some(DescribeClusterBroker {
                broker_id: known.id.0,
                host: endpoint.host.clone(),
                port: i32::from(endpoint.port),
                rack: known.rack.clone(),
                is_fenced: known.fenced,
            })
        })
        .collect();
    DescribeClusterResponse {
        endpoint_type: BROKER_ENDPOINTS,
        cluster_id: broker.cluster_id.clone(),
        controller_id: broker.node_id.0,
        brokers,
        cluster_authorized_operations: if request.include_cluster_authorized_operations {
            super::metadata::CLUSTER_OPERATIONS
        } else {
            super::metadata::OPERATIONS_NOT_ASKED
        },
        ..DescribeClusterResponse::default()
    }
}
