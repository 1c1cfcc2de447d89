//! Messages with every field told apart, against the bytes that Apache Kafka 4.3.1's own classes write for them.

use bytes::Bytes;
use protocol::api;
use protocol::codec::{Decode, Encode, Encoder, Fault, Message};
use protocol::messages::api_versions::response::{ApiVersion, ApiVersionsResponse, FinalizedFeatureKey};
use protocol::messages::fetch::request::{FetchPartition, FetchRequest, FetchTopic, ReplicaState};
use protocol::messages::fetch::response::{
    FetchResponse, FetchableTopicResponse, LeaderIdAndEpoch, NodeEndpoint, PartitionData,
};
use protocol::messages::group_records::{
    ConsumerGroupMemberMetadataValue, GroupMetadataKey, GroupMetadataValue, GroupRecordKey, GroupRecordValue,
    OffsetCommitKey, OffsetCommitValue, consumer_group_member_metadata::value::ClassicMemberMetadata,
    group_metadata::value::MemberMetadata,
};
use protocol::messages::heartbeat::HeartbeatResponse;
use protocol::messages::metadata::request::{MetadataRequest, MetadataRequestTopic};
use protocol::messages::metadata_records::{MetadataRecord, NoOpRecord, PartitionChangeRecord, TopicRecord};
use protocol::messages::produce::request::{PartitionProduceData, ProduceRequest, TopicProduceData};
use uuid::Uuid;

const ID: Uuid = Uuid::from_u128(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10);
const DIRECTORY: Uuid = Uuid::from_u64_pair(1, 2);

#[test]
fn fetch_requests_are_as_kafka_writes_them() {
    let partition = FetchPartition {
        partition: 7,
        current_leader_epoch: 3,
        fetch_offset: 1_234_567_890_123,
        last_fetched_epoch: 2,
        log_start_offset: 5,
        partition_max_bytes: 1_048_576,
        replica_directory_id: DIRECTORY,
        high_watermark: 99,
    };
    let request = FetchRequest {
        cluster_id: Some("c".into()),
        replica_state: ReplicaState { replica_id: 4, replica_epoch: 6 },
        max_wait_ms: 500,
        min_bytes: 1,
        max_bytes: 52_428_800,
        isolation_level: 1,
        session_id: 11,
        session_epoch: 12,
        topics: vec![FetchTopic { topic_id: ID, partitions: vec![partition], ..Default::default() }],
        rack_id: "r1".into(),
        ..Default::default()
    };
    check(
        &request,
        18,
        "000001f40000000103200000010000000b0000000c020102030405060708090a0b0c0d0e0f100200000007000000030000011f71\
         fb04cb00000002000000000000000500100000020010000000000000000100000000000000020108000000000000006300010372\
         310200020263010d00000004000000000000000600",
    );

    let partition = FetchPartition {
        partition: 7,
        fetch_offset: 42,
        partition_max_bytes: 1_048_576,
        ..Default::default()
    };
    let request = FetchRequest {
        max_wait_ms: 500,
        min_bytes: 1,
        max_bytes: 52_428_800,
        topics: vec![FetchTopic { topic: "topic".into(), partitions: vec![partition], ..Default::default() }],
        ..Default::default()
    };
    check(
        &request,
        4,
        "ffffffff000001f4000000010320000000000000010005746f7069630000000100000007000000000000002a00100000",
    );
}

#[test]
fn fetch_responses_are_as_kafka_writes_them() {
    let partition = PartitionData {
        partition_index: 1,
        high_watermark: 100,
        last_stable_offset: 90,
        log_start_offset: 10,
        current_leader: LeaderIdAndEpoch { leader_id: 2, leader_epoch: 3 },
        aborted_transactions: None,
        records: Some(Bytes::from_static(&[1, 2, 3])),
        ..Default::default()
    };
    let topic = FetchableTopicResponse { topic_id: ID, partitions: vec![partition], ..Default::default() };
    let endpoint = NodeEndpoint { node_id: 2, host: "h".into(), port: 9092, rack: None };
    let response: FetchResponse = FetchResponse {
        session_id: 9,
        responses: vec![topic],
        node_endpoints: vec![endpoint],
        ..Default::default()
    };
    check(
        &response,
        17,
        "00000000000000000009020102030405060708090a0b0c0d0e0f10020000000100000000000000000064000000000000005a0000\
         00000000000a00ffffffff040102030101090000000200000003000001000d02000000020268000023840000",
    );
}

#[test]
fn produce_requests_are_as_kafka_writes_them() {
    let partition = PartitionProduceData { index: 3, records: Some(Bytes::from_static(&[9, 8, 7])) };
    let topic = TopicProduceData { name: "t".into(), partition_data: vec![partition], ..Default::default() };
    let request: ProduceRequest =
        ProduceRequest { transactional_id: None, acks: -1, timeout_ms: 30_000, topic_data: vec![topic] };
    check(&request, 3, "ffffffff0000753000000001000174000000010000000300000003090807");
    check(&request, 9, "00ffff00007530020274020000000304090807000000");
}

#[test]
fn metadata_requests_are_as_kafka_writes_them() {
    let all_topics = all_topics();
    check(&all_topics, 4, "ffffffff00");
    check(&all_topics, 12, "00000000");
    let by_id = MetadataRequestTopic { topic_id: ID, name: None };
    let request = MetadataRequest { topics: Some(vec![by_id]), ..Default::default() };
    check(&request, 12, "020102030405060708090a0b0c0d0e0f100000010000");
}

#[test]
fn the_default_of_a_nullable_field_is_the_one_that_kafka_has() {
    let classic = |classic_member_metadata| ConsumerGroupMemberMetadataValue {
        instance_id: None,
        rack_id: None,
        client_id: "c".into(),
        client_host: "h".into(),
        subscribed_topic_names: vec!["t".into()],
        subscribed_topic_regex: None,
        server_assignor: None,
        classic_member_metadata,
        ..Default::default()
    };
    check(&classic(None), 0, "00000263026802027400ffffffff0001000100");
    let five = ClassicMemberMetadata { session_timeout_ms: 5, ..Default::default() };
    check(&classic(Some(five)), 0, "00000263026802027400ffffffff0001000701000000050100");
    check(&classic(Some(ClassicMemberMetadata::default())), 0, "00000263026802027400ffffffff0000");
}

#[test]
fn metadata_records_are_framed_as_kafka_frames_them() {
    let change = PartitionChangeRecord {
        partition_id: 2,
        topic_id: ID,
        isr: Some(vec![1, 2]),
        leader: 1,
        leader_recovery_state: 1,
        directories: Some(vec![DIRECTORY]),
        eligible_leader_replicas: Some(vec![3]),
        last_known_elr: Some(vec![]),
        ..Default::default()
    };
    let topic = TopicRecord { name: "orders".into(), topic_id: ID };
    let known: [(MetadataRecord, i16, &str); 3] = [
        (
            change.into(),
            2,
            "010502000000020102030405060708090a0b0c0d0e0f1006000903000000010000000201040000000105010106050200000003\
             07010108110200000000000000010000000000000002",
        ),
        (topic.into(), 0, "010200076f72646572730102030405060708090a0b0c0d0e0f1000"),
        (NoOpRecord {}.into(), 0, "01140000"),
    ];
    for (record, version, hex) in known {
        assert_eq!(record.encode(version), bytes_of(hex), "{}", record.spec().name);
        assert_eq!(MetadataRecord::decode(bytes_of(hex)), Ok((record, version)));
    }

    let faults = [
        ("021400", Fault::UnknownFrameVersion(2)),
        ("018f4e00", Fault::UnknownRecord(9999)),
        ("011401", Fault::UnsupportedVersion(1)),
        ("0114000055", Fault::BytesLeftOver(1)),
        ("0114", Fault::Truncated { needed: 1, left: 0 }),
    ];
    for (hex, fault) in faults {
        assert_eq!(MetadataRecord::decode(bytes_of(hex)).unwrap_err().fault(), fault);
    }
}

#[test]
fn group_records_are_framed_as_kafka_frames_them() {
    let committed = OffsetCommitValue {
        offset: 77,
        leader_epoch: 4,
        metadata: "m".into(),
        commit_timestamp: 1_700_000_000_000,
        topic_id: ID,
        ..Default::default()
    };
    let member = MemberMetadata {
        member_id: "m".into(),
        group_instance_id: None,
        client_id: "c".into(),
        client_host: "/h".into(),
        rebalance_timeout: 1,
        session_timeout: 2,
        subscription: Bytes::from_static(&[1]),
        assignment: Bytes::new(),
    };
    let group = GroupMetadataValue {
        protocol_type: "consumer".into(),
        generation: 2,
        protocol: None,
        leader: Some("l".into()),
        current_state_timestamp: 5,
        members: vec![member],
    };
    let known: [(GroupRecordKey, &str, GroupRecordValue, i16, &str); 2] = [
        (
            OffsetCommitKey { group: "g".into(), topic: "t".into(), partition: 5 }.into(),
            "000100016700017400000005",
            committed.into(),
            4,
            "0004000000000000004d00000004026d0000018bcfe568000100100102030405060708090a0b0c0d0e0f10",
        ),
        (
            GroupMetadataKey { group: "g".into() }.into(),
            "0002000167",
            group.into(),
            3,
            "00030008636f6e73756d657200000002ffff00016c00000000000000050000000100016dffff00016300022f68000000010000\
             0002000000010100000000",
        ),
    ];
    for (key, key_hex, value, version, value_hex) in known {
        assert_eq!(key.encode(), bytes_of(key_hex));
        assert_eq!(GroupRecordKey::decode(bytes_of(key_hex)), Ok(key.clone()));
        assert_eq!(value.encode(version), bytes_of(value_hex));
        assert_eq!(key.decode_value(bytes_of(value_hex)), Ok((value, version)));
    }
    let unknown = GroupRecordKey::decode(bytes_of("03e7")).unwrap_err();
    assert_eq!(unknown.fault(), Fault::UnknownRecord(999));
}

#[test]
fn headers_are_as_kafka_writes_them() {
    let frame = |frame: protocol::codec::Frame| {
        let whole = frame.into_bytes();
        assert_eq!(whole[..4], (whole.len() as i32 - 4).to_be_bytes(), "the size in front");
        whole.slice(4..)
    };
    let request = frame(api::encode_request(&all_topics(), 12, 42, Some("cli")));
    assert_eq!(request, bytes_of("0003000c0000002a0003636c690000000000"));
    let request = frame(api::encode_request(&all_topics(), 4, 42, Some("cli")));
    assert_eq!(request, bytes_of("000300040000002a0003636c69ffffffff00"));

    let heartbeat = HeartbeatResponse { error_code: 27, ..Default::default() };
    assert_eq!(frame(api::encode_response(&heartbeat, 4, 42)), bytes_of("0000002a0000000000001b00"));

    // No tagged fields in the header of this one, although its body has them.
    let versions = frame(api::encode_response(&api_versions(), 3, 42));
    let (header, body) = (bytes_of("0000002a"), bytes_of(API_VERSIONS_3));
    assert_eq!(versions, [header, body].concat());
}

#[test]
fn api_versions_responses_are_as_kafka_writes_them() {
    check(&api_versions(), 3, API_VERSIONS_3);
    let mut encoder = Encoder::<Bytes>::default();
    api_versions().write(&mut encoder, 0);
    assert_eq!(encoder.finish().into_bytes(), bytes_of("002300000001001200000004"));
}

const API_VERSIONS_3: &str =
    "00230200120000000400000000010201080000000000000007021702116d657461646174612e76657273696f6e0019001900";

fn api_versions() -> ApiVersionsResponse {
    let feature =
        FinalizedFeatureKey { name: "metadata.version".into(), max_version_level: 25, min_version_level: 25 };
    ApiVersionsResponse {
        error_code: 35,
        api_keys: vec![ApiVersion { api_key: 18, min_version: 0, max_version: 4 }],
        throttle_time_ms: 1,
        finalized_features_epoch: 7,
        finalized_features: vec![feature],
        ..Default::default()
    }
}

fn all_topics() -> MetadataRequest {
    MetadataRequest { topics: None, allow_auto_topic_creation: false, ..Default::default() }
}

/// The message is written as these bytes, and the bytes are read as this message.
fn check<M>(message: &M, version: i16, hex: &str)
where
    M: Message + Decode + Encode<Bytes> + PartialEq + std::fmt::Debug,
{
    let mut encoder = Encoder::<Bytes>::default();
    message.write(&mut encoder, version);
    assert_eq!(encoder.finish().into_bytes(), bytes_of(hex), "{} version {version}", M::SPEC.name);
    assert_eq!(M::read(bytes_of(hex), version).as_ref(), Ok(message), "{} version {version}", M::SPEC.name);
}

fn bytes_of(hex: &str) -> Bytes {
    let digits: Vec<u8> =
        hex.chars().filter_map(|digit| digit.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
