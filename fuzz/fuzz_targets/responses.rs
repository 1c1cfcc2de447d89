//! Responses as a client reads them from a socket: a byte that chooses the API, a byte that chooses the version, and a
//! frame without its size.

#![no_main]

use bytes::Bytes;
use fuzz::{corpus, messages};
use libfuzzer_sys::fuzz_target;
use protocol::ApiKey;
use protocol::api;
use protocol::codec::{Decoder, Encoder, Message};
use protocol::messages::headers::ResponseHeader;

fuzz_target!(init: corpus::seed("responses", seeds()), |input: &[u8]| {
    let [api, version, frame @ ..] = input else { return };
    let api = ApiKey::ALL[usize::from(*api) % ApiKey::ALL.len()];
    let versions = api.response_spec().versions;
    let version = versions.first + i16::from(*version) % (versions.last - versions.first + 1);
    let frame = Bytes::copy_from_slice(frame);
    let _ = api::correlation_id(&frame);
    let mut decoder = Decoder::new(frame);
    if ResponseHeader::read_from(&mut decoder, api.response_header_version(version)).is_ok() {
        messages::read_twice(api.response_spec(), decoder.into_rest(), version);
    }
});

/// Every response in the first and the last version.
fn seeds() -> impl Iterator<Item = (String, Vec<u8>)> {
    ApiKey::ALL.iter().zip(0..).flat_map(|(&api, index)| {
        let versions = api.response_spec().versions;
        [versions.first, versions.last].map(|version| {
            let mut input = vec![index, (version - versions.first) as u8];
            input.extend(response(api, version));
            (format!("{api}-{version}"), input)
        })
    })
}

fn response(api: ApiKey, version: i16) -> Vec<u8> {
    let mut encoder = Encoder::<Bytes>::default();
    ResponseHeader { correlation_id: 1 }.write(&mut encoder, api.response_header_version(version));
    let mut frame = encoder.finish().into_bytes().to_vec();
    frame.extend(messages::arbitrary(api.response_spec(), version));
    frame
}
