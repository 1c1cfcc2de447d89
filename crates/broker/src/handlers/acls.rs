//! DescribeAcls, CreateAcls and DeleteAcls: what Kafka answers where no authorizer is configured, as none can be here.

use protocol::ErrorCode;
use protocol::messages::create_acls::response::AclCreationResult;
use protocol::messages::create_acls::{CreateAclsRequest, CreateAclsResponse};
use protocol::messages::delete_acls::response::DeleteAclsFilterResult;
use protocol::messages::delete_acls::{DeleteAclsRequest, DeleteAclsResponse};
use protocol::messages::describe_acls::{DescribeAclsRequest, DescribeAclsResponse};

use crate::Broker;
use crate::dispatch::RequestContext;

const CODE: i16 = ErrorCode::SecurityDisabled.code();

fn message() -> Option<String> {
    Some("no authorizer is configured: everybody may do everything".to_owned())
}

pub(crate) async fn describe(_: &Broker, _: &RequestContext, _: DescribeAclsRequest) -> DescribeAclsResponse {
    DescribeAclsResponse { error_code: CODE, error_message: message(), ..DescribeAclsResponse::default() }
}

pub(crate) async fn create(_: &Broker, _: &RequestContext, request: CreateAclsRequest) -> CreateAclsResponse {
    let results =
        request.creations.iter().map(|_| AclCreationResult { error_code: CODE, error_message: message() });
    CreateAclsResponse { results: results.collect(), ..CreateAclsResponse::default() }
}

pub(crate) async fn delete(_: &Broker, _: &RequestContext, request: DeleteAclsRequest) -> DeleteAclsResponse {
    let results = request.filters.iter().map(|_| DeleteAclsFilterResult {
        error_code: CODE,
        error_message: message(),
        ..DeleteAclsFilterResult::default()
    });
    DeleteAclsResponse { filter_results: results.collect(), ..DeleteAclsResponse::default() }
}
