//! What a message may take in memory: as much as clients need, and no more than its bytes justify.

use bytes::Bytes;
use protocol::api::Request;
use protocol::codec::{DecodeError, Encoder, Fault};
use protocol::messages::delete_groups::DeleteGroupsRequest;
use protocol::messages::metadata::MetadataRequest;
use protocol::messages::metadata::request::MetadataRequestTopic;
use protocol::messages::offset_commit::OffsetCommitRequest;
use protocol::messages::offset_commit::request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use protocol::messages::offset_fetch::OffsetFetchRequest;
use protocol::messages::offset_fetch::request::OffsetFetchRequestGroup;
use protocol::messages::produce::ProduceRequest;
use protocol::messages::produce::request::{PartitionProduceData, TopicProduceData};

/// More of everything than the largest clusters have.
const MANY: usize = 100_000;

/// What a hostile request may take at most, whatever its size.
const MOST_BYTES: u64 = 256 << 20;

/// In the first and the last version: without and with compact lengths.
fn is_read<M: Request>(request: &M) {
    for version in [M::SPEC.versions.first, M::SPEC.versions.last] {
        let mut encoder = Encoder::<Bytes>::default();
        request.write(&mut encoder, version);
        let read = M::read(encoder.finish().into_bytes(), version);
        assert!(read.is_ok(), "version {version}: {:?}", read.err());
    }
}

/// Names as short as so many different ones can be.
fn names() -> impl Iterator<Item = String> {
    (0..MANY).map(|number| format!("{number:x}"))
}

#[test]
fn the_largest_requests_of_real_clients_are_read() {
    let topics = names().map(|name| MetadataRequestTopic { name: Some(name), ..Default::default() });
    is_read(&MetadataRequest { topics: Some(topics.collect()), ..Default::default() });

    is_read(&DeleteGroupsRequest { groups_names: names().collect() });

    let groups =
        names().map(|group_id| OffsetFetchRequestGroup { group_id, topics: None, ..Default::default() });
    is_read(&OffsetFetchRequest { groups: groups.collect(), ..Default::default() });

    let topics = names().map(|name| OffsetCommitRequestTopic {
        name,
        partitions: vec![OffsetCommitRequestPartition::default()],
        ..Default::default()
    });
    is_read(&OffsetCommitRequest { topics: topics.collect(), ..Default::default() });

    let topics = names().map(|name| TopicProduceData {
        name,
        partition_data: vec![PartitionProduceData {
            records: Some(Bytes::from_static(b"a batch")),
            ..Default::default()
        }],
        ..Default::default()
    });
    is_read(&ProduceRequest { topic_data: topics.collect(), ..Default::default() });
}

#[test]
fn a_hostile_request_of_any_size_takes_bounded_memory_and_names_its_field() {
    for size in [1 << 10, 1 << 16, 1 << 20, 100 << 20] {
        // Groups without names.
        let error = read::<DeleteGroupsRequest>(array_of(size, 1), 2);
        if size > 1 << 10 {
            let error = error.expect("more than names can need");
            assert!(matches!(error.fault(), Fault::TooMuchMemory { .. }), "{error}");
            assert!(error.to_string().starts_with("DeleteGroupsRequest: groups_names: "), "{error}");
        }
        // Topics without names, and topics of an id and no partitions.
        read::<MetadataRequest>(array_of(size, 1), 9);
        read::<MetadataRequest>(array_of(size, 0), 12);
    }
}

/// A compact array that claims as many elements as there are bytes, all of which are `filler`.
fn array_of(size: u32, filler: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut count = size + 1;
    while count >= 0x80 {
        bytes.push(count as u8 | 0x80);
        count >>= 7;
    }
    bytes.push(count as u8);
    bytes.resize(bytes.len() + size as usize, filler);
    bytes
}

fn read<M: Request>(body: Vec<u8>, version: i16) -> Option<DecodeError> {
    let body = Bytes::from(body);
    let mut error = None;
    let memory = allocation_counter::measure(|| error = M::read(body, version).err());
    assert!(memory.bytes_max <= MOST_BYTES, "{} bytes", memory.bytes_max);
    error
}
