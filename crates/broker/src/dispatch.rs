//! From the bytes of a request to its handler and back to the bytes of an answer.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;

use bytes::Bytes;
use protocol::api::{self, Request, RequestFrame};
use protocol::codec::{DecodeError, Encode, Frame, Message, Part, Records};
use protocol::{ApiKey, ErrorCode, messages};
use transfer::Plan;

use crate::fetch::FileRecords;
use crate::handlers;
use crate::network::Answer;
use crate::{Broker, fetch};

/// Who asks, and in which version.
#[derive(Clone, Debug)]
pub(crate) struct RequestContext {
    pub(crate) peer: SocketAddr,
    /// The name of the listener that the connection came in by: its endpoints are the ones the client can reach.
    pub(crate) listener: Arc<str>,
    pub(crate) client_id: Option<String>,
    pub(crate) version: i16,
}

/// Why a request is not answered and its connection is closed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// The frame does not even hold a request header.
    #[error("malformed request header: {0}")]
    BadHeader(DecodeError),
    /// The body is not what its API and version say.
    #[error("malformed {api} version {version} request: {error}")]
    BadBody {
        /// The API.
        api: &'static str,
        /// The version that the request claims.
        version: i16,
        /// The field and what is wrong with it.
        error: DecodeError,
    },
    /// No such API is served here.
    #[error("{0} is not served")]
    UnknownApi(&'static str),
    /// The API is served, the version is not.
    #[error("{api} version {version} is not served, expected {} to {}", served.start(), served.end())]
    UnknownVersion {
        /// The API.
        api: &'static str,
        /// The version that the request claims.
        version: i16,
        /// What is served.
        served: RangeInclusive<i16>,
    },
    /// A produce request with `acks=0` failed: closing the connection is the only way to say so.
    #[error("Produce without acks to {topic}-{partition} failed: {}", code.name())]
    ProduceWithoutAcks {
        /// The topic's name, empty where the request named it by id.
        topic: String,
        /// The partition.
        partition: i32,
        /// What a client with acks would have been told.
        code: ErrorCode,
    },
}

impl RequestContext {
    pub(crate) fn new(peer: SocketAddr, listener: Arc<str>) -> Self {
        Self { peer, listener, client_id: None, version: 0 }
    }
}

/// The APIs that are served and the handler of each. What is not in this table is not advertised.
macro_rules! served {
    ($($api:ident($module:ident :: $request:ident) $versions:expr => $handler:path;)*) => {
        const SERVED: &[(ApiKey, RangeInclusive<i16>)] = &[$((ApiKey::$api, $versions),)*];

        async fn route(
            broker: &Arc<Broker>,
            context: &RequestContext,
            frame: &RequestFrame,
        ) -> Result<Plan, Refusal> {
            match frame.api {
                $(ApiKey::$api => {
                    let request = read::<messages::$module::$request>(frame)?;
                    let response = $handler(broker, context, request).await;
                    Ok(encode::<Bytes>(frame, &response))
                })*
                other => Err(Refusal::UnknownApi(other.name())),
            }
        }
    };
}

served! {
    Metadata(metadata::MetadataRequest) 0..=13 => handlers::metadata::handle;
    ListOffsets(list_offsets::ListOffsetsRequest) 1..=11 => handlers::list_offsets::handle;
    OffsetForLeaderEpoch(offset_for_leader_epoch::OffsetForLeaderEpochRequest) 2..=4
        => handlers::offset_for_leader_epoch::handle;
    OffsetCommit(offset_commit::OffsetCommitRequest) 2..=10 => handlers::groups::commit_offsets;
    OffsetFetch(offset_fetch::OffsetFetchRequest) 1..=10 => handlers::groups::fetch_offsets;
    FindCoordinator(find_coordinator::FindCoordinatorRequest) 0..=6 => handlers::find_coordinator::handle;
    JoinGroup(join_group::JoinGroupRequest) 0..=9 => handlers::groups::join;
    Heartbeat(heartbeat::HeartbeatRequest) 0..=4 => handlers::groups::heartbeat;
    LeaveGroup(leave_group::LeaveGroupRequest) 0..=5 => handlers::groups::leave;
    SyncGroup(sync_group::SyncGroupRequest) 0..=5 => handlers::groups::sync;
    DescribeGroups(describe_groups::DescribeGroupsRequest) 0..=6 => handlers::groups::describe;
    ListGroups(list_groups::ListGroupsRequest) 0..=5 => handlers::groups::list;
    ApiVersions(api_versions::ApiVersionsRequest) 0..=4 => handlers::api_versions::handle;
    CreateTopics(create_topics::CreateTopicsRequest) 2..=7 => handlers::create_topics::handle;
    DeleteTopics(delete_topics::DeleteTopicsRequest) 1..=6 => handlers::delete_topics::handle;
    DeleteRecords(delete_records::DeleteRecordsRequest) 0..=2 => handlers::delete_records::handle;
    InitProducerId(init_producer_id::InitProducerIdRequest) 0..=5 => handlers::init_producer_id::handle;
    DescribeAcls(describe_acls::DescribeAclsRequest) 1..=3 => handlers::acls::describe;
    CreateAcls(create_acls::CreateAclsRequest) 1..=3 => handlers::acls::create;
    DeleteAcls(delete_acls::DeleteAclsRequest) 1..=3 => handlers::acls::delete;
    DescribeConfigs(describe_configs::DescribeConfigsRequest) 1..=4 => handlers::describe_configs::handle;
    AlterConfigs(alter_configs::AlterConfigsRequest) 0..=2 => handlers::alter_configs::replace;
    CreatePartitions(create_partitions::CreatePartitionsRequest) 0..=3 => handlers::create_partitions::handle;
    DeleteGroups(delete_groups::DeleteGroupsRequest) 0..=2 => handlers::groups::delete;
    IncrementalAlterConfigs(incremental_alter_configs::IncrementalAlterConfigsRequest) 0..=1
        => handlers::alter_configs::change;
    ListPartitionReassignments(list_partition_reassignments::ListPartitionReassignmentsRequest) 0..=0
        => handlers::list_partition_reassignments::handle;
    OffsetDelete(offset_delete::OffsetDeleteRequest) 0..=0 => handlers::groups::delete_offsets;
    DescribeCluster(describe_cluster::DescribeClusterRequest) 0..=2 => handlers::describe_cluster::handle;
    DescribeTopicPartitions(describe_topic_partitions::DescribeTopicPartitionsRequest) 0..=0
        => handlers::describe_topic_partitions::handle;
}

/// Produce is advertised from 0 although 0 to 2 are refused: old librdkafka switches features off otherwise
/// (KAFKA-18659).
const PRODUCE_ADVERTISED: RangeInclusive<i16> = 0..=13;
const PRODUCE_SERVED: RangeInclusive<i16> = 3..=13;
const FETCH_SERVED: RangeInclusive<i16> = 4..=18;

/// Everything that this broker serves, as ApiVersions tells it.
pub(crate) fn advertised() -> impl Iterator<Item = (ApiKey, RangeInclusive<i16>)> {
    [(ApiKey::Produce, PRODUCE_ADVERTISED), (ApiKey::Fetch, FETCH_SERVED)]
        .into_iter()
        .chain(SERVED.iter().cloned())
}

/// Handles one request frame.
pub(crate) async fn answer(
    broker: &Arc<Broker>,
    context: &mut RequestContext,
    frame: Bytes,
) -> Result<Answer, Refusal> {
    let frame = RequestFrame::parse(frame).map_err(Refusal::BadHeader)?;
    let served = match frame.api {
        ApiKey::Produce => Some(PRODUCE_SERVED),
        api => advertised().find(|(served, _)| *served == api).map(|(_, versions)| versions),
    };
    let served = served.ok_or_else(|| Refusal::UnknownApi(frame.api.name()))?;
    if !served.contains(&frame.version) {
        return unknown_version(&frame, served);
    }
    let timer = broker.metrics.request(frame.api);
    context.version = frame.version;
    context.client_id.clone_from(&frame.client_id);
    let answer = match frame.api {
        ApiKey::Produce => produce(broker, context, &frame).await?,
        ApiKey::Fetch => fetch(broker, context, &frame).await?,
        _ => Answer::Send(route(broker, context, &frame).await?),
    };
    timer.done();
    Ok(answer)
}

async fn produce(
    broker: &Arc<Broker>,
    context: &RequestContext,
    frame: &RequestFrame,
) -> Result<Answer, Refusal> {
    let request = read::<messages::produce::ProduceRequest>(frame)?;
    let response = handlers::produce::handle(broker, context, request).await?;
    Ok(response.map_or(Answer::Nothing, |response| Answer::Send(encode::<Bytes>(frame, &response))))
}

async fn fetch(
    broker: &Arc<Broker>,
    context: &RequestContext,
    frame: &RequestFrame,
) -> Result<Answer, Refusal> {
    let request = read::<messages::fetch::FetchRequest>(frame)?;
    let response = fetch::handle(broker, context, request).await;
    Ok(Answer::Send(encode::<FileRecords>(frame, &response)))
}

/// ApiVersions is how clients learn what is served, so it is answered in any version; others are closed on.
fn unknown_version(frame: &RequestFrame, served: RangeInclusive<i16>) -> Result<Answer, Refusal> {
    if frame.api != ApiKey::ApiVersions {
        return Err(Refusal::UnknownVersion { api: frame.api.name(), version: frame.version, served });
    }
    let response = handlers::api_versions::unsupported_version();
    Ok(Answer::Send(plan::<Bytes>(api::encode_response(&response, 0, frame.correlation_id))))
}

fn read<Q: Request>(frame: &RequestFrame) -> Result<Q, Refusal> {
    frame.read().map_err(|error| Refusal::BadBody { api: frame.api.name(), version: frame.version, error })
}

fn encode<R: Placed>(frame: &RequestFrame, response: &(impl Message + Encode<R>)) -> Plan {
    plan(api::encode_response(response, frame.version, frame.correlation_id))
}

fn plan<R: Placed>(frame: Frame<R>) -> Plan {
    let mut plan = Plan::new();
    for part in frame.into_parts() {
        match part {
            Part::Bytes(bytes) => plan.push_bytes(bytes),
            Part::Records(records) => records.add_to(&mut plan),
        }
    }
    plan
}

/// Where records lie when they are sent: in a file here, in memory in messages that carry a few.
pub(crate) trait Placed: Records {
    fn add_to(self, plan: &mut Plan);
}

impl Placed for Bytes {
    fn add_to(self, plan: &mut Plan) {
        plan.push_bytes(self);
    }
}

impl Placed for FileRecords {
    fn add_to(self, plan: &mut Plan) {
        if let Some(region) = self.0 {
            plan.push_file(region);
        }
    }
}

impl Records for FileRecords {
    fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |region| usize::try_from(region.len()).unwrap_or(usize::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPATIBILITY: &str = include_str!("../../../docs/compatibility.md");

    #[test]
    fn the_documentation_names_every_api_and_its_versions_and_no_other() {
        let documented = COMPATIBILITY
            .lines()
            .skip_while(|line| *line != "## APIs")
            .skip_while(|line| !line.starts_with("|---"));
        let documented: Vec<String> = documented
            .skip(1)
            .take_while(|line| line.starts_with('|'))
            .map(|line| line.split('|').skip(1).take(2).map(str::trim).collect::<Vec<_>>().join(" "))
            .collect();
        let mut served: Vec<_> = advertised().collect();
        served.sort_by_key(|(api, _)| api.key());
        let served: Vec<String> = served
            .into_iter()
            .map(|(api, versions)| format!("{} {}-{}", api.name(), versions.start(), versions.end()))
            .collect();
        assert_eq!(documented, served);
    }

    #[test]
    fn what_is_served_is_what_kafka_serves() {
        for (api, versions) in advertised().filter(|(api, _)| *api != ApiKey::Produce) {
            let declared = api.versions();
            assert_eq!((*versions.start(), *versions.end()), (declared.first, declared.last), "{api}");
        }
    }
}
