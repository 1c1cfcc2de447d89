//! The requests of groups and of their offsets: each goes to the group coordinators of this broker.

use std::sync::Arc;

use protocol::ErrorCode;
use protocol::messages::delete_groups::{DeleteGroupsRequest, DeleteGroupsResponse};
use protocol::messages::describe_groups::{DescribeGroupsRequest, DescribeGroupsResponse};
use protocol::messages::heartbeat::{HeartbeatRequest, HeartbeatResponse};
use protocol::messages::join_group::{JoinGroupRequest, JoinGroupResponse};
use protocol::messages::leave_group::{LeaveGroupRequest, LeaveGroupResponse};
use protocol::messages::list_groups::{ListGroupsRequest, ListGroupsResponse};
use protocol::messages::offset_commit::{OffsetCommitRequest, OffsetCommitResponse};
use protocol::messages::offset_delete::{OffsetDeleteRequest, OffsetDeleteResponse};
use protocol::messages::offset_fetch::{OffsetFetchRequest, OffsetFetchResponse};
use protocol::messages::sync_group::{SyncGroupRequest, SyncGroupResponse};

use crate::Broker;
use crate::dispatch::RequestContext;
use crate::groups::Client;
use crate::offsets::KnownTopics;

pub(crate) async fn join(
    broker: &Arc<Broker>,
    context: &RequestContext,
    request: JoinGroupRequest,
) -> JoinGroupResponse {
    let host = host(context);
    tokio::select! {
        response = broker.groups.join_group(client(context, &host), request) => response,
        // A broker that stops keeps nobody waiting for a rebalance that it will not see the end of.
        () = broker.stopping() => JoinGroupResponse {
            error_code: ErrorCode::NotCoordinator.code(),
            protocol_name: None,
            ..JoinGroupResponse::default()
        },
    }
}

pub(crate) async fn sync(
    broker: &Arc<Broker>,
    context: &RequestContext,
    request: SyncGroupRequest,
) -> SyncGroupResponse {
    tokio::select! {
        response = broker.groups.sync_group(context.version, request) => response,
        () = broker.stopping() => SyncGroupResponse {
            error_code: ErrorCode::NotCoordinator.code(),
            ..SyncGroupResponse::default()
        },
    }
}

pub(crate) async fn heartbeat(
    broker: &Arc<Broker>,
    _: &RequestContext,
    request: HeartbeatRequest,
) -> HeartbeatResponse {
    broker.groups.heartbeat(&request)
}

pub(crate) async fn leave(
    broker: &Arc<Broker>,
    context: &RequestContext,
    request: LeaveGroupRequest,
) -> LeaveGroupResponse {
    broker.groups.leave_group(context.version, request).await
}

pub(crate) async fn describe(
    broker: &Arc<Broker>,
    context: &RequestContext,
    request: DescribeGroupsRequest,
) -> DescribeGroupsResponse {
    broker.groups.describe_groups(context.version, request)
}

pub(crate) async fn list(
    broker: &Arc<Broker>,
    _: &RequestContext,
    request: ListGroupsRequest,
) -> ListGroupsResponse {
    broker.groups.list_groups(&request)
}

pub(crate) async fn delete(
    broker: &Arc<Broker>,
    _: &RequestContext,
    request: DeleteGroupsRequest,
) -> DeleteGroupsResponse {
    broker.groups.delete_groups(request).await
}

pub(crate) async fn commit_offsets(
    broker: &Arc<Broker>,
    context: &RequestContext,
    request: OffsetCommitRequest,
) -> OffsetCommitResponse {
    let topics = KnownTopics(broker.controller.image());
    broker.groups.commit_offsets(client(context, &host(context)), &topics, request).await
}

pub(crate) async fn fetch_offsets(
    broker: &Arc<Broker>,
    context: &RequestContext,
    request: OffsetFetchRequest,
) -> OffsetFetchResponse {
    broker.groups.fetch_offsets(context.version, &KnownTopics(broker.controller.image()), request)
}

pub(crate) async fn delete_offsets(
    broker: &Arc<Broker>,
    _: &RequestContext,
    request: OffsetDeleteRequest,
) -> OffsetDeleteResponse {
    broker.groups.delete_offsets(&KnownTopics(broker.controller.image()), request).await
}

fn client<'a>(context: &'a RequestContext, host: &'a str) -> Client<'a> {
    Client { id: context.client_id.as_deref().unwrap_or(""), host, version: context.version }
}

/// The client's address as Kafka shows it.
fn host(context: &RequestContext) -> String {
    format!("/{}", context.peer.ip())
}
