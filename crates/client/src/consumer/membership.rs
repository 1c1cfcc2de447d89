//! Being a member of a group in the classic protocol: joining, getting a share, staying alive, committing, leaving.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use protocol::codec::{Decode, DecodeError, Decoder, Encode, Encoder, Message};
use protocol::messages::data::consumer_protocol_assignment::{
    ConsumerProtocolAssignment, TopicPartition as Share,
};
use protocol::messages::data::consumer_protocol_subscription::ConsumerProtocolSubscription;
use protocol::messages::heartbeat::HeartbeatRequest;
use protocol::messages::join_group::request::JoinGroupRequestProtocol;
use protocol::messages::join_group::response::JoinGroupResponseMember;
use protocol::messages::join_group::{JoinGroupRequest, JoinGroupResponse};
use protocol::messages::leave_group::LeaveGroupRequest;
use protocol::messages::leave_group::request::MemberIdentity;
use protocol::messages::sync_group::SyncGroupRequest;
use protocol::messages::sync_group::request::SyncGroupRequestAssignment;
use protocol::{ApiKey, ErrorCode, PartitionIndex};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::assignor::{self, Member};
use crate::retry::Effort;
use crate::{Client, ClientError, Connection, TopicPartition};

/// The kind of group whose members read topics.
const PROTOCOL_TYPE: &str = "consumer";
/// The one way to divide partitions that this client offers; every other client knows it, too.
const RANGE: &str = "range";
/// The version in which subscriptions and assignments are written: all brokers and clients read it.
const DATA_VERSION: i16 = 1;

/// How a member takes part in its group.
#[derive(Clone, Debug)]
pub struct GroupConfig {
    /// The group.
    pub group_id: String,
    /// A name that survives restarts: a member that comes back under it gets its old share (KIP-345).
    pub instance_id: Option<String>,
    /// After this long without a heartbeat the member counts as dead.
    pub session_timeout: Duration,
    /// How long a member may take to come back when the group divides anew.
    pub rebalance_timeout: Duration,
    /// The time between heartbeats.
    pub heartbeat_interval: Duration,
}

impl GroupConfig {
    /// The defaults, for this group.
    #[must_use]
    pub fn new(group_id: impl Into<String>) -> Self {
        Self {
            group_id: group_id.into(),
            instance_id: None,
            session_timeout: Duration::from_secs(45),
            rebalance_timeout: Duration::from_secs(60),
            heartbeat_interval: Duration::from_secs(3),
        }
    }
}

/// A membership, in force until the coordinator says otherwise.
#[derive(Debug)]
pub(super) struct Membership {
    client: Client,
    config: GroupConfig,
    topics: BTreeSet<String>,
    /// Kept between rejoins: the coordinator knows the member by it.
    member_id: String,
    current: Option<Current>,
}

/// What holds for one generation.
#[derive(Debug)]
struct Current {
    coordinator: Connection,
    generation: i32,
    heart: Heart,
}

/// Beats in the background until it is dropped.
#[derive(Debug)]
struct Heart {
    /// What ended the generation, once something has.
    ended: watch::Receiver<Option<ClientError>>,
    task: JoinHandle<()>,
}

impl Drop for Heart {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Membership {
    pub(super) fn new(client: Client, config: GroupConfig, topics: BTreeSet<String>) -> Self {
        Self { client, config, topics, member_id: String::new(), current: None }
    }

    /// Joins or rejoins, and returns this member's share.
    pub(super) async fn join(&mut self) -> Result<Vec<TopicPartition>, ClientError> {
        self.current = None;
        let mut effort = Effort::new(self.client.config().retry_for + self.config.rebalance_timeout);
        loop {
            match self.join_once().await {
                Ok(share) => return Ok(share),
                Err(error) => match error.code() {
                    // The coordinator has given an id, or another round has begun: that is no failure.
                    Some(ErrorCode::MemberIdRequired | ErrorCode::RebalanceInProgress) => {}
                    Some(ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration) => self.member_id.clear(),
                    _ => effort.again(error).await?,
                },
            }
        }
    }

    /// What ended the current generation, if something has.
    pub(super) fn ended(&self) -> Option<ClientError> {
        self.current.as_ref()?.heart.ended.borrow().clone()
    }

    /// Waits until something ends the current generation.
    pub(super) async fn until_ended(&mut self) -> Option<ClientError> {
        let current = self.current.as_mut()?;
        let ended = current.heart.ended.wait_for(Option::is_some).await;
        ended.ok().and_then(|error| error.clone())
    }

    /// The coordinator and the identity by which it knows this member.
    pub(super) fn identity(&self) -> Option<(&Connection, i32, &str)> {
        let current = self.current.as_ref()?;
        Some((&current.coordinator, current.generation, &self.member_id))
    }

    pub(super) fn config(&self) -> &GroupConfig {
        &self.config
    }

    /// Tells the group at once, instead of letting it wait for a heartbeat. A static member stays, to come back.
    pub(super) async fn leave(&mut self) -> Result<(), ClientError> {
        let Some(current) = self.current.take().filter(|_| self.config.instance_id.is_none()) else {
            return Ok(());
        };
        let request = LeaveGroupRequest {
            group_id: self.config.group_id.clone(),
            member_id: self.member_id.clone(),
            members: vec![MemberIdentity {
                member_id: self.member_id.clone(),
                reason: Some("the consumer is closing".to_owned()),
                ..MemberIdentity::default()
            }],
        };
        let response = current.coordinator.call(&request).await?;
        let code = response.members.first().map_or(response.error_code, |member| member.error_code);
        current.coordinator.check(ApiKey::LeaveGroup, code, None, || self.subject())
    }

    async fn join_once(&mut self) -> Result<Vec<TopicPartition>, ClientError> {
        let coordinator = self.client.open_coordinator(&self.config.group_id).await?;
        let joined = self.send_join(&coordinator).await?;
        let assignments = if joined.leader == joined.member_id {
            self.divide(&coordinator, &joined).await?
        } else {
            Vec::new()
        };
        let request = SyncGroupRequest {
            group_id: self.config.group_id.clone(),
            generation_id: joined.generation_id,
            member_id: self.member_id.clone(),
            group_instance_id: self.config.instance_id.clone(),
            protocol_type: Some(PROTOCOL_TYPE.to_owned()),
            protocol_name: joined.protocol_name.clone(),
            assignments,
        };
        let synced = coordinator.call(&request).await?;
        coordinator.check(ApiKey::SyncGroup, synced.error_code, None, || self.subject())?;
        let share = decode_share(synced.assignment)
            .map_err(|reason| malformed(&coordinator, ApiKey::SyncGroup, reason))?;
        let heart = self.beat(coordinator.clone(), joined.generation_id);
        self.current = Some(Current { coordinator, generation: joined.generation_id, heart });
        Ok(share)
    }

    async fn send_join(&mut self, coordinator: &Connection) -> Result<JoinGroupResponse, ClientError> {
        let subscription = ConsumerProtocolSubscription {
            topics: self.topics.iter().cloned().collect(),
            ..ConsumerProtocolSubscription::default()
        };
        let request = JoinGroupRequest {
            group_id: self.config.group_id.clone(),
            session_timeout_ms: millis(self.config.session_timeout),
            rebalance_timeout_ms: millis(self.config.rebalance_timeout),
            member_id: self.member_id.clone(),
            group_instance_id: self.config.instance_id.clone(),
            protocol_type: PROTOCOL_TYPE.to_owned(),
            protocols: vec![JoinGroupRequestProtocol {
                name: RANGE.to_owned(),
                metadata: encode(&subscription),
            }],
            reason: None,
        };
        // The coordinator answers when all members have come back, or their time is over.
        let patience = self.config.rebalance_timeout + coordinator.request_timeout();
        let joined = coordinator.send(&request).await?.answer_within(patience).await?;
        if !joined.member_id.is_empty() {
            self.member_id.clone_from(&joined.member_id);
        }
        coordinator.check(ApiKey::JoinGroup, joined.error_code, None, || self.subject())?;
        Ok(joined)
    }

    /// As the leader of the group, divides the partitions of all topics among all members.
    async fn divide(
        &self,
        coordinator: &Connection,
        joined: &JoinGroupResponse,
    ) -> Result<Vec<SyncGroupRequestAssignment>, ClientError> {
        let members: Result<Vec<Member>, DecodeError> = joined.members.iter().map(member).collect();
        let members = members.map_err(|reason| malformed(coordinator, ApiKey::JoinGroup, reason))?;
        let topics: BTreeSet<&str> =
            members.iter().flat_map(|member| &member.topics).map(String::as_str).collect();
        let topics: Vec<&str> = topics.into_iter().collect();
        let cluster = self.client.describe(Some(&topics)).await?;
        // A topic that does not exist has no partitions to divide.
        let counts =
            cluster.topics.iter().map(|(name, topic)| (name.clone(), topic.partition_count())).collect();
        let shares = assignor::range(&members, &counts);
        Ok(shares
            .into_iter()
            .map(|(member_id, share)| SyncGroupRequestAssignment {
                member_id,
                assignment: encode_share(&share),
            })
            .collect())
    }

    fn beat(&self, coordinator: Connection, generation_id: i32) -> Heart {
        let (tell, ended) = watch::channel(None);
        let request = HeartbeatRequest {
            group_id: self.config.group_id.clone(),
            generation_id,
            member_id: self.member_id.clone(),
            group_instance_id: self.config.instance_id.clone(),
        };
        let (every, subject) = (self.config.heartbeat_interval, self.subject());
        let task = tokio::spawn(async move {
            let mut ticks = interval(every);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                let answer = coordinator.call(&request).await.and_then(|answer| {
                    coordinator.check(ApiKey::Heartbeat, answer.error_code, None, || subject.clone())
                });
                if let Err(error) = answer {
                    tracing::debug!(%error, "the generation has ended");
                    tell.send_replace(Some(error));
                    return;
                }
            }
        });
        Heart { ended, task }
    }

    fn subject(&self) -> String {
        format!("group {}", self.config.group_id)
    }
}

fn member(member: &JoinGroupResponseMember) -> Result<Member, DecodeError> {
    let subscription: ConsumerProtocolSubscription = decode(member.metadata.clone())?;
    Ok(Member {
        instance_id: member.group_instance_id.clone(),
        id: member.member_id.clone(),
        topics: subscription.topics.into_iter().collect(),
    })
}

fn encode_share(share: &assignor::Assignment) -> Bytes {
    let assigned_partitions = share.iter().map(|(topic, partitions)| Share {
        topic: topic.clone(),
        partitions: partitions.iter().map(|index| index.0).collect(),
    });
    encode(&ConsumerProtocolAssignment {
        assigned_partitions: assigned_partitions.collect(),
        ..ConsumerProtocolAssignment::default()
    })
}

/// A member without partitions may get no bytes at all.
fn decode_share(bytes: Bytes) -> Result<Vec<TopicPartition>, DecodeError> {
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let assignment: ConsumerProtocolAssignment = decode(bytes)?;
    let mut share = BTreeMap::new();
    for Share { topic, partitions } in assignment.assigned_partitions {
        for index in partitions {
            share.insert(TopicPartition::new(topic.as_str(), PartitionIndex(index)), ());
        }
    }
    Ok(share.into_keys().collect())
}

/// Subscriptions and assignments travel with their version in front.
fn encode<M: Message + Encode<Bytes>>(message: &M) -> Bytes {
    let mut encoder = Encoder::with_capacity(64);
    encoder.i16(DATA_VERSION);
    message.write(&mut encoder, DATA_VERSION);
    encoder.finish().into_bytes()
}

/// A later version only adds fields at the end: it is read like the last one known.
fn decode<M: Message + Decode>(bytes: Bytes) -> Result<M, DecodeError> {
    let mut decoder = Decoder::new(bytes);
    let version = decoder.i16()?;
    M::read_from(&mut decoder, version.min(M::SPEC.versions.last))
}

fn malformed(broker: &Connection, api: ApiKey, reason: DecodeError) -> ClientError {
    ClientError::Malformed { broker: broker.address().clone(), api, reason }
}

fn millis(duration: Duration) -> i32 {
    i32::try_from(duration.as_millis()).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_survives_its_way_through_the_coordinator() {
        let share = BTreeMap::from([
            ("a".to_owned(), vec![PartitionIndex(0), PartitionIndex(1)]),
            ("b".to_owned(), vec![PartitionIndex(5)]),
        ]);
        let decoded = decode_share(encode_share(&share)).unwrap();
        let text: Vec<String> = decoded.iter().map(TopicPartition::to_string).collect();
        assert_eq!(text, ["a-0", "a-1", "b-5"]);
        assert_eq!(decode_share(Bytes::new()).unwrap(), []);
    }

    #[test]
    fn a_subscription_of_a_later_version_is_read() {
        let subscription = ConsumerProtocolSubscription {
            topics: vec!["t".to_owned()],
            ..ConsumerProtocolSubscription::default()
        };
        let mut later = Encoder::with_capacity(64);
        later.i16(9);
        subscription.write(&mut later, 3);
        later.i32(42);
        let decoded: ConsumerProtocolSubscription = decode(later.finish().into_bytes()).unwrap();
        assert_eq!(decoded.topics, ["t"]);
    }
}
