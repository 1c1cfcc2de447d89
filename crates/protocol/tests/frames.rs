//! Frames: what stands around a message, where records go, and what is said about bytes that are no request.

use bytes::Bytes;
use protocol::ApiKey;
use protocol::api::{self, RequestFrame};
use protocol::codec::{Fault, Kind, Message, Part, Records, Step};
use protocol::messages::api_versions::ApiVersionsRequest;
use protocol::messages::fetch::FetchRequest;
use protocol::messages::fetch::response::{FetchResponse, FetchableTopicResponse, PartitionData};
use protocol::messages::metadata::{MetadataRequest, MetadataResponse};

/// Records that are not in memory: so many bytes somewhere.
#[derive(Clone, Debug, PartialEq)]
struct Elsewhere(usize);

impl Records for Elsewhere {
    fn len(&self) -> usize {
        self.0
    }
}

fn fetch_response<R>(records: impl IntoIterator<Item = Option<R>>) -> FetchResponse<R> {
    let partition = |records| PartitionData { records, ..Default::default() };
    let partitions = records.into_iter().map(partition).collect();
    let topic = FetchableTopicResponse { partitions, ..Default::default() };
    FetchResponse { responses: vec![topic], ..Default::default() }
}

#[test]
fn records_stay_where_they_lie_and_count_in_the_size() {
    for version in FetchResponse::<Bytes>::SPEC.versions.iter() {
        let in_memory =
            [Some(Bytes::from(vec![1; 300])), None, Some(Bytes::new()), Some(Bytes::from(vec![2; 7]))];
        let elsewhere = in_memory.clone().map(|records| records.map(|records| Elsewhere(records.len())));
        let expected = api::encode_response(&fetch_response(in_memory), version, 5).into_bytes();

        let frame = api::encode_response(&fetch_response(elsewhere), version, 5);
        assert_eq!(frame.len(), expected.len());
        assert_eq!(frame.records_bytes(), 307);
        let mut filler = [1, 2].into_iter();
        let mut whole = Vec::new();
        for part in frame.into_parts() {
            match part {
                Part::Bytes(bytes) => whole.extend_from_slice(&bytes),
                Part::Records(Elsewhere(count)) => whole.resize(whole.len() + count, filler.next().unwrap()),
            }
        }
        assert_eq!(whole, expected);
        assert_eq!(whole[..4], (whole.len() as i32 - 4).to_be_bytes());
    }
}

#[test]
fn records_that_are_read_share_the_memory_of_the_frame() {
    let response = fetch_response([Some(Bytes::from_static(b"records"))]);
    let frame = api::encode_response(&response, 17, 5).into_bytes().slice(4..);
    let within = frame.as_ptr_range();
    let read = api::decode_response::<FetchRequest>(frame.clone(), 17).unwrap();
    let records = read.responses[0].partitions[0].records.as_ref().unwrap();
    assert_eq!(records, "records");
    assert!(within.contains(&records.as_ptr()));
}

#[test]
fn every_header_version_is_the_one_that_kafka_uses() {
    for &api in ApiKey::ALL {
        assert_eq!(ApiKey::from_key(api.key()), Some(api));
        assert_eq!((api.request_spec().kind, api.response_spec().kind), (Kind::Request, Kind::Response));
        assert_eq!((api.request_spec().key, api.response_spec().key), (Some(api.key()), Some(api.key())));
        assert_eq!(api.request_spec().name, format!("{api}Request"));
        assert_eq!(api.response_spec().name, format!("{api}Response"));
        assert_eq!(api.request_spec().versions, api.response_spec().versions, "{api}");
        for version in api.versions().iter() {
            let flexible = i16::from(api.request_spec().flexible.contains(version));
            assert_eq!(api.request_header_version(version), 1 + flexible, "{api} {version}");
            let expected = if api == ApiKey::ApiVersions { 0 } else { flexible };
            assert_eq!(api.response_header_version(version), expected, "{api} {version}");
        }
    }
    assert_eq!(ApiKey::InitProducerId.versions().last, 5, "version 6 is unstable");
    assert_eq!(ApiKey::from_key(4), None);
}

#[test]
fn a_request_comes_out_as_it_went_in() {
    let request = MetadataRequest { topics: None, ..Default::default() };
    for version in MetadataRequest::SPEC.versions.iter().skip(1) {
        let frame = api::encode_request(&request, version, 77, Some("me")).into_bytes();
        let received = RequestFrame::parse(frame.slice(4..)).unwrap();
        assert_eq!(
            (received.api, received.version, received.correlation_id),
            (ApiKey::Metadata, version, 77)
        );
        assert_eq!(received.client_id.as_deref(), Some("me"));
        let read: MetadataRequest = received.read().unwrap();
        assert_eq!(read.topics, None);
    }
    let response = MetadataResponse { controller_id: 3, ..Default::default() };
    let frame = api::encode_response(&response, 12, 77).into_bytes().slice(4..);
    assert_eq!(api::correlation_id(&frame), Ok(77));
    assert_eq!(api::decode_response::<MetadataRequest>(frame, 12).unwrap().controller_id, 3);
}

#[test]
fn the_header_of_an_api_versions_request_from_the_future_can_be_read() {
    let frame = Bytes::from_static(&[0, 18, 0, 99, 0, 0, 0, 7, 0, 2, b'm', b'e', 0, 0xde, 0xad]);
    let received = RequestFrame::parse(frame).unwrap();
    assert_eq!((received.api, received.version, received.correlation_id), (ApiKey::ApiVersions, 99, 7));
    let error = received.read::<ApiVersionsRequest>().unwrap_err();
    assert_eq!(error.fault(), Fault::UnsupportedVersion(99));
    assert_eq!(error.to_string(), "ApiVersionsRequest: version 99, which does not exist");
}

#[test]
fn a_request_that_cannot_be_read_names_the_field() {
    let unknown = RequestFrame::parse(Bytes::from_static(&[0, 4, 0, 0, 0, 0, 0, 0, 0xff, 0xff])).unwrap_err();
    assert_eq!(unknown.to_string(), "no API has the key 4");
    let short = RequestFrame::parse(Bytes::from_static(&[0, 3, 0])).unwrap_err();
    assert_eq!(short.fault(), Fault::Truncated { needed: 2, left: 1 });

    // Two topics are announced, the second one's name is cut.
    let body = Bytes::from_static(&[0, 0, 0, 2, 0, 1, b'a', 0, 9, b'b']);
    let error = MetadataRequest::read(body, 1).unwrap_err();
    assert_eq!(
        error.to_string(),
        "MetadataRequest: topics[1].name: a length or count of 9, with 1 bytes left"
    );
    let path: Vec<Step> = error.path().collect();
    assert_eq!(path[..3], [Step::Message("MetadataRequest"), Step::Field("topics"), Step::Element(1)]);

    for (body, fault) in [
        (&[0xff, 0xff, 0xff, 0xfe][..], Fault::NegativeLength(-2)),
        (&[0, 0, 0, 1, 0xff, 0xff][..], Fault::Null),
        (&[0, 0, 0, 1, 0, 1, 0xff][..], Fault::NotUtf8),
        (&[0x7f, 0xff, 0xff, 0xff][..], Fault::LengthBeyondEnd { claimed: 0x7fff_ffff, left: 0 }),
    ] {
        assert_eq!(MetadataRequest::read(Bytes::from_static(body), 1).unwrap_err().fault(), fault);
    }
    let endless = Bytes::from_static(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    assert_eq!(MetadataRequest::read(endless, 12).unwrap_err().fault(), Fault::Varint);
}

#[test]
fn a_tagged_field_is_exactly_as_long_as_it_says() {
    // FetchRequest 12 with no topics, and the cluster id "c" in a tagged field that says it takes 3 bytes.
    let mut body = [0xff; 4].to_vec();
    body.extend([0; 4 + 4 + 4 + 1 + 4 + 4]);
    body.extend([1, 1, 1, 1, 0, 3, 2, b'c', 0]);
    let error = FetchRequest::read(body.into(), 12).unwrap_err();
    assert_eq!(error.fault(), Fault::BytesLeftOver(1));
}
