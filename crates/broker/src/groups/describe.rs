//! DescribeGroups and ListGroups.

use protocol::ErrorCode;
use protocol::messages::describe_groups::response::{DescribedGroup, DescribedGroupMember};
use protocol::messages::list_groups::response::ListedGroup;

use super::classic::{ClassicGroup, State};
use super::coordinator::{Coordinator, Group, Membership, Now};
use super::foreign::ForeignKind;
use super::member::Member;

/// From this version on, a group that is not there is an error and not a dead group (KIP-1043).
const FIRST_VERSION_WITH_GROUP_ID_NOT_FOUND: i16 = 6;

/// The type that clients are shown for classic groups.
const CLASSIC: &str = "classic";

impl Coordinator {
    /// A classic group and its members, as of `version` of DescribeGroups.
    #[must_use]
    pub fn describe_group(&self, id: &str, version: i16) -> DescribedGroup {
        match self.classic(id) {
            Some(group) => describe(group),
            None => unknown_group(id, version),
        }
    }

    /// The groups whose state and type are among those asked for; no states or no types means all of them.
    #[must_use]
    pub fn list_groups(&self, now: Now, states: &[String], types: &[String]) -> Vec<ListedGroup> {
        let wants = |filter: &[String], name: &str| {
            filter.is_empty() || filter.iter().any(|wanted| wanted.trim().eq_ignore_ascii_case(name))
        };
        let listed = self.groups.iter().map(|(id, group)| list(id, group, now));
        listed.filter(|group| wants(states, &group.group_state) && wants(types, &group.group_type)).collect()
    }
}

fn describe(group: &ClassicGroup) -> DescribedGroup {
    // What the members said and were assigned means something only together with the protocol.
    let protocol = if group.state() == State::Stable { group.protocol.as_deref() } else { None };
    DescribedGroup {
        group_id: group.id.to_string(),
        group_state: group.state().name().to_owned(),
        protocol_type: group.protocol_type.clone().unwrap_or_default(),
        protocol_data: protocol.unwrap_or_default().to_owned(),
        members: group.members().map(|member| describe_member(member, protocol)).collect(),
        ..DescribedGroup::default()
    }
}

fn describe_member(member: &Member, protocol: Option<&str>) -> DescribedGroupMember {
    DescribedGroupMember {
        member_id: member.id.to_string(),
        group_instance_id: member.instance_id.as_deref().map(str::to_owned),
        client_id: member.client_id.clone(),
        client_host: member.client_host.clone(),
        member_metadata: protocol.map(|protocol| member.metadata(protocol)).unwrap_or_default(),
        member_assignment: member.assignment.clone(),
    }
}

fn unknown_group(id: &str, version: i16) -> DescribedGroup {
    let dead = DescribedGroup {
        group_id: id.to_owned(),
        group_state: State::Dead.name().to_owned(),
        ..DescribedGroup::default()
    };
    if version < FIRST_VERSION_WITH_GROUP_ID_NOT_FOUND {
        return dead;
    }
    DescribedGroup {
        error_code: ErrorCode::GroupIdNotFound.code(),
        error_message: Some(format!("Group {id} not found.")),
        ..dead
    }
}

fn list(id: &str, group: &Group, now: Now) -> ListedGroup {
    let (protocol_type, state, kind) = match &group.membership {
        Membership::Classic(group) => {
            (group.protocol_type.as_deref().unwrap_or_default(), group.state().name(), CLASSIC)
        }
        Membership::Foreign(group) => {
            let state = match (group.is_empty(now.timer_ms), group.kind) {
                (true, _) => State::Empty,
                (false, ForeignKind::Consumer | ForeignKind::Share | ForeignKind::Streams) => State::Stable,
            };
            (group.kind.name(), state.name(), group.kind.name())
        }
    };
    ListedGroup {
        group_id: id.to_owned(),
        protocol_type: protocol_type.to_owned(),
        group_state: state.to_owned(),
        group_type: kind.to_owned(),
    }
}
