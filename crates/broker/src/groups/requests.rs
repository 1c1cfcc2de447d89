//! Requests about membership and groups, in every version, on their way to the coordinators and back.

use std::collections::BTreeMap;

use protocol::messages::delete_groups::response::DeletableGroupResult;
use protocol::messages::delete_groups::{DeleteGroupsRequest, DeleteGroupsResponse};
use protocol::messages::describe_groups::response::DescribedGroup;
use protocol::messages::describe_groups::{DescribeGroupsRequest, DescribeGroupsResponse};
use protocol::messages::heartbeat::{HeartbeatRequest, HeartbeatResponse};
use protocol::messages::join_group::{JoinGroupRequest, JoinGroupResponse};
use protocol::messages::leave_group::request::MemberIdentity;
use protocol::messages::leave_group::{LeaveGroupRequest, LeaveGroupResponse};
use protocol::messages::list_groups::{ListGroupsRequest, ListGroupsResponse};
use protocol::messages::sync_group::{SyncGroupRequest, SyncGroupResponse};
use protocol::{ErrorCode, PartitionIndex};
use uuid::Uuid;

use super::answers::Answer;
use super::coordinator::Client;
use super::service::GroupService;
use super::shard::OffsetsLog;

/// The first version in which several members can leave at once.
const FIRST_VERSION_WITH_LEAVING_MEMBERS: i16 = 3;

/// What everybody may do with a group where nobody is forbidden anything: Read, Delete, Describe, DescribeConfigs and
/// AlterConfigs, each as the bit of its number in Kafka's `AclOperation`.
const ALL_GROUP_OPERATIONS: i32 = 1 << 3 | 1 << 6 | 1 << 8 | 1 << 10 | 1 << 11;

impl<L: OffsetsLog> GroupService<L> {
    /// JoinGroup: answered when the rebalance that it takes part in completes.
    pub async fn join_group(&self, client: Client<'_>, request: JoinGroupRequest) -> JoinGroupResponse {
        let (group_id, fresh) = (request.group_id.clone(), Uuid::new_v4());
        let asked = self
            .ask(&group_id, |coordinator, now, to| coordinator.join_group(now, client, request, fresh, to))
            .await;
        match asked {
            Ok(Answer::Join(response)) => response,
            other => JoinGroupResponse {
                error_code: code_of(other).code(),
                protocol_name: None,
                ..JoinGroupResponse::default()
            },
        }
    }

    /// SyncGroup: answered when the leader has assigned.
    pub async fn sync_group(&self, version: i16, request: SyncGroupRequest) -> SyncGroupResponse {
        let group_id = request.group_id.clone();
        let asked = self
            .ask(&group_id, |coordinator, now, to| coordinator.sync_group(now, version, request, to))
            .await;
        match asked {
            Ok(Answer::Sync(response)) => response,
            other => SyncGroupResponse { error_code: code_of(other).code(), ..SyncGroupResponse::default() },
        }
    }

    /// Heartbeat: answered at once.
    pub fn heartbeat(&self, request: &HeartbeatRequest) -> HeartbeatResponse {
        let code = match self.tell(&request.group_id, |coordinator, now| coordinator.heartbeat(now, request))
        {
            // The member will be in the group once it is loaded; there is no reason for it to do anything.
            Err(ErrorCode::CoordinatorLoadInProgress) => ErrorCode::None,
            Ok(code) | Err(code) => code,
        };
        HeartbeatResponse { error_code: code.code(), ..HeartbeatResponse::default() }
    }

    /// LeaveGroup, of one member or several.
    pub async fn leave_group(&self, version: i16, mut request: LeaveGroupRequest) -> LeaveGroupResponse {
        let one_member = version < FIRST_VERSION_WITH_LEAVING_MEMBERS;
        if one_member {
            let member_id = std::mem::take(&mut request.member_id);
            request.members = vec![MemberIdentity { member_id, ..MemberIdentity::default() }];
        }
        let group_id = request.group_id.clone();
        let asked =
            self.ask(&group_id, |coordinator, now, to| coordinator.leave_group(now, request, to)).await;
        let mut response = match asked {
            Ok(Answer::Leave(response)) => response,
            other => {
                LeaveGroupResponse { error_code: code_of(other).code(), ..LeaveGroupResponse::default() }
            }
        };
        if one_member && let Some(member) = response.members.pop() {
            response.error_code = member.error_code;
        }
        response
    }

    /// DescribeGroups.
    #[must_use]
    pub fn describe_groups(&self, version: i16, request: DescribeGroupsRequest) -> DescribeGroupsResponse {
        let describe = |group_id: String| {
            let told = self.tell(&group_id, |coordinator, _| coordinator.describe_group(&group_id, version));
            let mut group = told.unwrap_or_else(|code| DescribedGroup {
                group_id: group_id.clone(),
                error_code: code.code(),
                ..DescribedGroup::default()
            });
            if request.include_authorized_operations && group.error_code == ErrorCode::None.code() {
                group.authorized_operations = ALL_GROUP_OPERATIONS;
            }
            group
        };
        let groups = request.groups.into_iter().map(describe).collect();
        DescribeGroupsResponse { groups, ..DescribeGroupsResponse::default() }
    }

    /// ListGroups, of the groups that this broker coordinates.
    #[must_use]
    pub fn list_groups(&self, request: &ListGroupsRequest) -> ListGroupsResponse {
        let listed = self.tell_all(|coordinator, now| {
            coordinator.list_groups(now, &request.states_filter, &request.types_filter)
        });
        match listed {
            Ok(groups) => ListGroupsResponse { groups: groups.concat(), ..ListGroupsResponse::default() },
            Err(code) => ListGroupsResponse { error_code: code.code(), ..ListGroupsResponse::default() },
        }
    }

    /// DeleteGroups, with one result for each different name.
    pub async fn delete_groups(&self, request: DeleteGroupsRequest) -> DeleteGroupsResponse {
        let mut by_partition: BTreeMap<PartitionIndex, Vec<String>> = BTreeMap::new();
        for name in request.groups_names {
            let names = by_partition.entry(self.partition_of(&name)).or_default();
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let mut response = DeleteGroupsResponse::default();
        for (partition, names) in by_partition {
            let ids = names.clone();
            let asked = self
                .ask_partition(partition, |coordinator, now, to| coordinator.delete_groups(now, ids, to))
                .await;
            match asked {
                Ok(Answer::DeleteGroups(answer)) => response.results.extend(answer.results),
                other => {
                    let error_code = code_of(other).code();
                    let refused = |group_id| DeletableGroupResult { group_id, error_code };
                    response.results.extend(names.into_iter().map(refused));
                }
            }
        }
        response
    }
}

/// The code of an answer that is not the expected one.
pub(super) fn code_of(answer: Result<Answer, ErrorCode>) -> ErrorCode {
    // Coordinators answer each request with its own kind of answer, so that there is only one thing that went wrong.
    answer.err().unwrap_or(ErrorCode::UnknownServerError)
}
