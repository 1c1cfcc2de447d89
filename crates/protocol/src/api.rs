//! Requests and responses as frames: a header, then the body. A frame on the wire begins with its size in four bytes;
//! frames given to decode come without it.

use bytes::Bytes;

use crate::api_key::ApiKey;
use crate::codec::{Decode, DecodeError, Decoder, Encode, Encoder, Fault, Frame, Message, Records};
use crate::messages::headers::{RequestHeader, ResponseHeader};

/// Bytes that a frame expects to need before it knows; most requests and responses without records fit.
const EXPECTED_BYTES: usize = 256;

/// A request that knows its answer.
pub trait Request: Message + Decode + Encode<Bytes> {
    /// The API that it asks.
    const API: ApiKey;
    /// What a client gets back.
    type Response: Message + Decode;
}

/// A request as it came from a client: the header is read, the body is not.
#[derive(Clone, Debug)]
pub struct RequestFrame {
    /// The API that is asked.
    pub api: ApiKey,
    /// The version of the request, which this crate may not know.
    pub version: i16,
    /// The number that the client wants back with the answer.
    pub correlation_id: i32,
    /// The name that the client gave itself.
    pub client_id: Option<String>,
    /// What is behind the header.
    pub body: Bytes,
}

impl RequestFrame {
    /// Reads the header of a request. A version that the API does not have is no error here: ApiVersions answers it.
    pub fn parse(frame: Bytes) -> Result<Self, DecodeError> {
        let mut start = Decoder::new(frame.clone());
        let key = start.i16()?;
        let version = start.i16()?;
        let api = ApiKey::from_key(key).ok_or(Fault::UnknownApi(key))?;
        let mut decoder = Decoder::new(frame);
        let header = RequestHeader::read_from(&mut decoder, api.request_header_version(version))?;
        Ok(Self {
            api,
            version,
            correlation_id: header.correlation_id,
            client_id: header.client_id,
            body: decoder.into_rest(),
        })
    }

    /// Reads the body, which shares its records and byte arrays with the frame.
    #[inline]
    pub fn read<M: Request>(&self) -> Result<M, DecodeError> {
        debug_assert_eq!(M::API, self.api, "the caller matched on the API");
        M::read(self.body.clone(), self.version)
    }
}

/// A request to send, with its size in front.
pub fn encode_request<R: Records, M: Message + Encode<R>>(
    request: &M,
    version: i16,
    correlation_id: i32,
    client_id: Option<&str>,
) -> Frame<R> {
    let key = M::SPEC.key.unwrap_or_default();
    let header = RequestHeader {
        request_api_key: key,
        request_api_version: version,
        correlation_id,
        client_id: client_id.map(str::to_owned),
    };
    let header_version = ApiKey::from_key(key).map_or(1, |api| api.request_header_version(version));
    let mut encoder = Encoder::frame_with_capacity(EXPECTED_BYTES);
    header.write(&mut encoder, header_version);
    request.write(&mut encoder, version);
    encoder.finish_frame()
}

/// A response to send, with its size in front. Records stay where they lie.
pub fn encode_response<R: Records, M: Message + Encode<R>>(
    response: &M,
    version: i16,
    correlation_id: i32,
) -> Frame<R> {
    let api = M::SPEC.key.and_then(ApiKey::from_key);
    let header_version = api.map_or(0, |api| api.response_header_version(version));
    let mut encoder = Encoder::frame_with_capacity(EXPECTED_BYTES);
    ResponseHeader { correlation_id }.write(&mut encoder, header_version);
    response.write(&mut encoder, version);
    encoder.finish_frame()
}

/// The correlation id of a response, by which a client finds the request it sent.
pub fn correlation_id(frame: &Bytes) -> Result<i32, DecodeError> {
    Decoder::new(frame.clone()).i32()
}

/// Reads the response to a request of type `M` that was sent in `version`.
pub fn decode_response<M: Request>(frame: Bytes, version: i16) -> Result<M::Response, DecodeError> {
    let mut decoder = Decoder::new(frame);
    ResponseHeader::read_from(&mut decoder, M::API.response_header_version(version))?;
    M::Response::read_from(&mut decoder, version)
}
