//! Frames that real clients and Apache Kafka sent each other: what is read and written again has the same bytes, and the
//! batches in them are sound. `cargo xtask capture` records them.

use bytes::{Buf, Bytes};
use protocol::ApiKey;
use protocol::api::{RequestFrame, decode_response};
use protocol::messages::fetch::FetchRequest;
use protocol::messages::produce::ProduceRequest;
use protocol::records::{Batches, RecordsError};

const FRAMES: &str = include_str!("captured/frames.tsv");

/// More than the records of any captured batch take.
const MAX_BODY_BYTES: usize = 1 << 20;

struct Captured {
    api: ApiKey,
    version: i16,
    is_request: bool,
    /// For a failure to name.
    place: String,
    frame: Bytes,
}

#[test]
fn requests_of_real_clients_are_written_as_they_were_read() {
    for captured in all().filter(|captured| captured.is_request) {
        let request = RequestFrame::parse(captured.frame).unwrap();
        assert_eq!((request.api, request.version), (captured.api, captured.version));
        let again = (captured.api.request_spec().reencode)(request.body.clone(), captured.version);
        assert_eq!(again, Ok(request.body), "{}", captured.place);
    }
}

#[test]
fn responses_of_apache_kafka_are_written_as_they_were_read() {
    for mut captured in all().filter(|captured| !captured.is_request) {
        // The correlation id, and in flexible versions an empty set of tagged fields.
        let header_version = captured.api.response_header_version(captured.version);
        captured.frame.advance(4 + usize::from(header_version == 1));
        let again = (captured.api.response_spec().reencode)(captured.frame.clone(), captured.version);
        assert_eq!(again, Ok(captured.frame), "{}", captured.place);
    }
}

#[test]
fn batches_of_real_producers_are_sound() {
    let mut records_in_batches = 0;
    for captured in all().filter(|captured| captured.api == ApiKey::Produce && captured.is_request) {
        let request: ProduceRequest = RequestFrame::parse(captured.frame).unwrap().read().unwrap();
        for partition in request.topic_data.into_iter().flat_map(|topic| topic.partition_data) {
            records_in_batches += records_of(partition.records, captured.is_request, &captured.place);
        }
    }
    for captured in all().filter(|captured| captured.api == ApiKey::Fetch && !captured.is_request) {
        let response = decode_response::<FetchRequest>(captured.frame, captured.version).unwrap();
        for partition in response.responses.into_iter().flat_map(|topic| topic.partitions) {
            records_in_batches += records_of(partition.records, captured.is_request, &captured.place);
        }
    }
    assert!(records_in_batches > 20, "only {records_in_batches} records were captured");
}

fn records_of(batches: Option<Bytes>, is_request: bool, place: &str) -> usize {
    let mut records = 0;
    for batch in Batches::new(batches.unwrap_or_default()) {
        // A fetch may end in the middle of a batch.
        if !is_request && matches!(batch, Err(RecordsError::Truncated { .. })) {
            break;
        }
        let batch = batch.unwrap_or_else(|error| panic!("{place}: {error}"));
        batch.verify_crc().unwrap_or_else(|error| panic!("{place}: {error}"));
        let body = batch.body(MAX_BODY_BYTES).unwrap_or_else(|error| panic!("{place}: {error}"));
        for record in body.records() {
            record.unwrap_or_else(|error| panic!("{place}: {error}"));
            records += 1;
        }
    }
    records
}

fn all() -> impl Iterator<Item = Captured> {
    FRAMES.lines().map(|line| {
        let [api, version, direction, client, hex] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("five fields, not {line:?}")
        };
        Captured {
            api: *ApiKey::ALL.iter().find(|known| known.name() == api).expect("a known API"),
            version: version.parse().expect("a version"),
            is_request: direction == "request",
            place: format!("{direction} {api} version {version} with {client}"),
            frame: bytes_of(hex),
        }
    })
}

fn bytes_of(hex: &str) -> Bytes {
    hex.as_bytes()
        .chunks(2)
        .map(|digits| std::str::from_utf8(digits).ok().and_then(|digits| u8::from_str_radix(digits, 16).ok()))
        .map(|byte| byte.expect("hexadecimal digits"))
        .collect()
}
