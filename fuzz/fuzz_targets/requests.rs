//! Requests as a broker reads them from a socket: a frame without its size.

#![no_main]

use bytes::Bytes;
use fuzz::{corpus, memory, messages};
use libfuzzer_sys::fuzz_target;
use protocol::ApiKey;
use protocol::api::RequestFrame;
use protocol::codec::{Encoder, Message};
use protocol::messages::headers::RequestHeader;

fuzz_target!(init: corpus::seed("requests", seeds()), |frame: &[u8]| {
    let frame = Bytes::copy_from_slice(frame);
    let limit_bytes = memory::of_decoding(frame.len());
    if let Ok(request) = memory::within(limit_bytes, || RequestFrame::parse(frame)) {
        messages::read_twice(request.api.request_spec(), request.body, request.version);
    }
});

/// Every request in the first and the last version.
fn seeds() -> impl Iterator<Item = (String, Vec<u8>)> {
    ApiKey::ALL.iter().flat_map(|&api| {
        let versions = api.request_spec().versions;
        [versions.first, versions.last].map(|version| (format!("{api}-{version}"), request(api, version)))
    })
}

fn request(api: ApiKey, version: i16) -> Vec<u8> {
    let header = RequestHeader {
        request_api_key: api.key(),
        request_api_version: version,
        correlation_id: 1,
        client_id: Some("fuzz".to_owned()),
    };
    let mut encoder = Encoder::<Bytes>::default();
    header.write(&mut encoder, api.request_header_version(version));
    let mut frame = encoder.finish().into_bytes().to_vec();
    frame.extend(messages::arbitrary(api.request_spec(), version));
    frame
}
