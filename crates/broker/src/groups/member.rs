//! One member of a classic group.

use std::sync::Arc;

use bytes::Bytes;
use protocol::messages::join_group::request::JoinGroupRequestProtocol;

use super::answers::ReplyTo;

/// A member: what it said when it joined, what its leader assigned to it, and what it waits for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Member {
    pub(super) id: Arc<str>,
    /// `group.instance.id` of a static member (KIP-345).
    pub(super) instance_id: Option<Arc<str>>,
    pub(super) client_id: String,
    /// Address of the client as Kafka writes it: `/127.0.0.1`.
    pub(super) client_host: String,
    pub(super) rebalance_timeout_ms: i32,
    pub(super) session_timeout_ms: i32,
    /// In the member's order of preference, each name once.
    pub(super) protocols: Vec<JoinGroupRequestProtocol>,
    /// Empty until the leader has assigned something.
    pub(super) assignment: Bytes,
    /// The JoinGroup request that waits for the join phase to end.
    pub(super) awaiting_join: Option<ReplyTo>,
    /// The SyncGroup request that waits for the leader's assignment.
    pub(super) awaiting_sync: Option<ReplyTo>,
    /// The member has not been told its id yet, so it cannot send heartbeats.
    pub(super) is_new: bool,
}

impl Member {
    pub(super) fn is_static(&self) -> bool {
        self.instance_id.is_some()
    }

    /// What the member said with one of its protocols; empty for a protocol that it does not have.
    pub(super) fn metadata(&self, protocol: &str) -> Bytes {
        self.protocols
            .iter()
            .find(|own| own.name == protocol)
            .map(|own| own.metadata.clone())
            .unwrap_or_default()
    }

    /// Whether a join says again what the member had said before.
    pub(super) fn matches(&self, protocols: &[JoinGroupRequestProtocol]) -> bool {
        self.protocols == protocols
    }

    /// Whether the member need not be heard of now: it waits for the coordinator.
    pub(super) fn waits_for_the_group(&self) -> bool {
        // A new member's request may be one that the client has given up and sent again elsewhere: such members have
        // to time out although they wait, or a rebalance would fill with them.
        !self.is_new && (self.awaiting_join.is_some() || self.awaiting_sync.is_some())
    }
}

/// The protocols of a request as they are kept: each name once, and copied, because the bytes of a request lie in its
/// buffer, which a member would keep alive for as long as it lives.
pub(super) fn own_protocols(protocols: Vec<JoinGroupRequestProtocol>) -> Vec<JoinGroupRequestProtocol> {
    let mut own: Vec<JoinGroupRequestProtocol> = Vec::with_capacity(protocols.len());
    let mut seen = std::collections::HashSet::with_capacity(protocols.len());
    for protocol in protocols {
        if seen.insert(protocol.name.clone()) {
            own.push(JoinGroupRequestProtocol {
                metadata: Bytes::copy_from_slice(&protocol.metadata),
                ..protocol
            });
        }
    }
    own
}
