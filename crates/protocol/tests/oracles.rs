//! The codec against two others that were written by other people, `kafka-protocol` and `kafka-wire`: each reads what
//! the other wrote, and what comes out is the same again.

mod support;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey as TheirApiKey, RequestKind, ResponseKind};
use kafka_wire::KafkaMessage;
use kafka_wire_core::{ApiVersion, DecodeLimits};
use protocol::ApiKey;
use protocol::codec::{MessageSpec, Versions};

/// Messages per API and version.
const SEEDS: u64 = 24;

/// Versions that are in the table of `kafka-protocol` and refused by its messages: these Kafka still called unstable
/// when they were generated. `kafka-wire` has them.
const REFUSED_BY_KAFKA_PROTOCOL: [(ApiKey, i16); 3] =
    [(ApiKey::OffsetCommit, 10), (ApiKey::OffsetFetch, 10), (ApiKey::InitProducerId, 6)];

#[test]
fn kafka_protocol_reads_and_writes_the_same_requests() {
    let mut versions_compared = 0;
    for (api, theirs, versions) in apis_of_kafka_protocol() {
        versions_compared += compare(api.request_spec(), versions, |bytes, version| {
            let request =
                RequestKind::decode(theirs, &mut bytes.clone(), version).map_err(|e| format!("{e:#}"))?;
            let mut out = BytesMut::new();
            request.encode(&mut out, version).map_err(|e| format!("{e:#}"))?;
            Ok(out.freeze())
        });
    }
    assert!(versions_compared > 200, "only {versions_compared} versions were compared");
}

#[test]
fn kafka_protocol_reads_and_writes_the_same_responses() {
    let mut versions_compared = 0;
    for (api, theirs, versions) in apis_of_kafka_protocol() {
        versions_compared += compare(api.response_spec(), versions, |bytes, version| {
            let response =
                ResponseKind::decode(theirs, &mut bytes.clone(), version).map_err(|e| format!("{e:#}"))?;
            let mut out = BytesMut::new();
            response.encode(&mut out, version).map_err(|e| format!("{e:#}"))?;
            Ok(out.freeze())
        });
    }
    assert!(versions_compared > 200, "only {versions_compared} versions were compared");
}

fn apis_of_kafka_protocol() -> impl Iterator<Item = (ApiKey, TheirApiKey, Versions)> {
    ApiKey::ALL.iter().filter_map(|&api| {
        let theirs = TheirApiKey::try_from(api.key()).ok()?;
        let known = theirs.valid_versions();
        let last =
            if REFUSED_BY_KAFKA_PROTOCOL.contains(&(api, known.max)) { known.max - 1 } else { known.max };
        Some((api, theirs, Versions { first: known.min, last }))
    })
}

/// Compares messages that both have under the same name.
macro_rules! compare_with_kafka_wire {
    ($($message:ident,)*) => {
        [$(compare_one::<kafka_wire::$message>(stringify!($message)),)*].into_iter().sum::<usize>()
    };
}

#[test]
fn kafka_wire_reads_and_writes_the_same_messages() {
    let versions_compared = compare_with_kafka_wire! {
        ProduceRequest, ProduceResponse,
        FetchRequest, FetchResponse,
        ListOffsetsRequest, ListOffsetsResponse,
        MetadataRequest, MetadataResponse,
        OffsetCommitRequest, OffsetCommitResponse,
        OffsetFetchRequest, OffsetFetchResponse,
        FindCoordinatorRequest, FindCoordinatorResponse,
        JoinGroupRequest, JoinGroupResponse,
        HeartbeatRequest, HeartbeatResponse,
        LeaveGroupRequest, LeaveGroupResponse,
        SyncGroupRequest, SyncGroupResponse,
        DescribeGroupsRequest, DescribeGroupsResponse,
        ListGroupsRequest, ListGroupsResponse,
        SaslHandshakeRequest, SaslHandshakeResponse,
        ApiVersionsRequest, ApiVersionsResponse,
        CreateTopicsRequest, CreateTopicsResponse,
        DeleteTopicsRequest, DeleteTopicsResponse,
        DeleteRecordsRequest, DeleteRecordsResponse,
        InitProducerIdRequest, InitProducerIdResponse,
        OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse,
        AddPartitionsToTxnRequest, AddPartitionsToTxnResponse,
        AddOffsetsToTxnRequest, AddOffsetsToTxnResponse,
        EndTxnRequest, EndTxnResponse,
        WriteTxnMarkersRequest, WriteTxnMarkersResponse,
        TxnOffsetCommitRequest, TxnOffsetCommitResponse,
        DescribeConfigsRequest, DescribeConfigsResponse,
        AlterConfigsRequest, AlterConfigsResponse,
        SaslAuthenticateRequest, SaslAuthenticateResponse,
        CreatePartitionsRequest, CreatePartitionsResponse,
        DeleteGroupsRequest, DeleteGroupsResponse,
        IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
        OffsetDeleteRequest, OffsetDeleteResponse,
        DescribeClusterRequest, DescribeClusterResponse,
        DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse,
        ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse,
        ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse,
        ShareFetchRequest, ShareFetchResponse,
        VoteRequest, VoteResponse,
        FetchSnapshotRequest, FetchSnapshotResponse,
        BrokerRegistrationRequest, BrokerRegistrationResponse,
    };
    assert!(versions_compared > 200, "only {versions_compared} versions were compared");
}

fn compare_one<M: KafkaMessage>(name: &str) -> usize {
    let spec = protocol::messages::all().find(|spec| spec.name == name).expect("declared");
    let known = M::SUPPORTED_VERSIONS;
    let versions = Versions { first: known.min().value(), last: known.max().value() };
    compare(spec, versions, |bytes, version| {
        let version = ApiVersion::new(version);
        let message =
            M::decode_from_bytes(bytes, version, DecodeLimits::default()).map_err(|e| format!("{e:#}"))?;
        message.encode_to_bytes(version).map_err(|e| format!("{e:#}"))
    })
}

/// Sends arbitrary messages through the other codec and back through ours, in all versions that both have, and tells
/// how many these are.
fn compare(
    spec: &'static MessageSpec,
    known: Versions,
    through_theirs: impl Fn(Bytes, i16) -> Result<Bytes, String>,
) -> usize {
    let versions: Vec<i16> = spec.versions.iter().filter(|&version| known.contains(version)).collect();
    for &version in &versions {
        for seed in 0..SEEDS {
            let ours =
                (spec.reencode)(support::message(spec, version, seed), version).expect("a whole message");
            let place = format!("{} version {version}, seed {seed}", spec.name);
            let theirs =
                through_theirs(ours.clone(), version).unwrap_or_else(|error| panic!("{place}: {error}"));
            assert_eq!(theirs, ours, "{place}");
            assert_eq!((spec.reencode)(theirs, version), Ok(ours), "{place}");
        }
    }
    versions.len()
}
