//! What a connection promises, whatever the broker does.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::fake::{FakeBroker, Reply, all_versions, answer, metadata};
use bytes::Bytes;
use client::{ClientError, Connection, ConnectionConfig};
use protocol::api::encode_response;
use protocol::messages::api_versions::ApiVersionsResponse;
use protocol::messages::api_versions::response::ApiVersion;
use protocol::messages::heartbeat::{HeartbeatRequest, HeartbeatResponse};
use protocol::messages::metadata::MetadataRequest;
use protocol::{ApiKey, ErrorCode};

fn heartbeat(generation_id: i32) -> HeartbeatRequest {
    HeartbeatRequest { generation_id, ..HeartbeatRequest::default() }
}

/// Answers a heartbeat with its generation, so that answers can be told apart.
fn echo(request: &protocol::api::RequestFrame) -> Reply {
    let asked: HeartbeatRequest = request.read().unwrap();
    answer(
        request,
        &HeartbeatResponse { throttle_time_ms: asked.generation_id, ..HeartbeatResponse::default() },
    )
}

#[tokio::test]
async fn every_one_of_many_requests_under_way_gets_its_own_answer() {
    let broker = FakeBroker::start(|_, request| match request.api {
        ApiKey::ApiVersions => answer(request, &all_versions()),
        _ => echo(request),
    })
    .await;
    let connection = Connection::open(&broker.address, &ConnectionConfig::default()).await.unwrap();
    let mut under_way = Vec::new();
    for number in 0..50 {
        under_way.push(connection.send(&heartbeat(number)).await.unwrap());
    }
    // Those who give up do not disturb the others.
    drop(under_way.remove(20));
    for (in_flight, number) in under_way.into_iter().zip((0..50).filter(|number| *number != 20)) {
        assert_eq!(in_flight.answer().await.unwrap().throttle_time_ms, number);
    }
}

#[tokio::test]
async fn no_more_requests_are_under_way_than_allowed() {
    let broker = FakeBroker::start(|_, request| match request.api {
        ApiKey::ApiVersions => answer(request, &all_versions()),
        ApiKey::Heartbeat => echo(request),
        _ => Reply::Nothing,
    })
    .await;
    let connection = Connection::open(
        &broker.address,
        &ConnectionConfig { max_in_flight: 2, ..ConnectionConfig::default() },
    )
    .await
    .unwrap();
    let first = connection.send(&heartbeat(1)).await.unwrap();
    let _never = connection.send(&MetadataRequest::default()).await.unwrap();
    first.answer().await.unwrap();
    let _again = connection.send(&MetadataRequest::default()).await.unwrap();
    let third = heartbeat(3);
    let mut third = pin!(connection.send(&third));
    assert!(matches!(third.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending));
}

#[tokio::test]
async fn a_broker_that_only_knows_the_oldest_versions_is_asked_in_these() {
    let oldest = |api: ApiKey, last| ApiVersion { api_key: api as i16, min_version: 0, max_version: last };
    let broker = FakeBroker::start(move |address, request| match (request.api, request.version) {
        (ApiKey::ApiVersions, version) => {
            let error_code =
                if version == 0 { ErrorCode::None } else { ErrorCode::UnsupportedVersion }.code();
            let api_keys = vec![oldest(ApiKey::ApiVersions, 0), oldest(ApiKey::Metadata, 1)];
            let response = ApiVersionsResponse { error_code, api_keys, ..ApiVersionsResponse::default() };
            Reply::Answer(encode_response::<Bytes, _>(&response, 0, request.correlation_id).into_bytes())
        }
        _ => answer(request, &metadata(address, 1)),
    })
    .await;
    let connection = Connection::open(&broker.address, &ConnectionConfig::default()).await.unwrap();
    assert_eq!(connection.version(ApiKey::Metadata).unwrap(), 1);
    assert_eq!(connection.call(&MetadataRequest::default()).await.unwrap().brokers.len(), 1);
    let error = connection.call(&heartbeat(1)).await.unwrap_err();
    assert!(matches!(error, ClientError::Unsupported { api: ApiKey::Heartbeat, .. }), "{error}");
}

#[tokio::test]
async fn a_connection_that_ends_fails_all_that_wait_for_it_and_says_why() {
    let mut heartbeats = 0;
    let broker = FakeBroker::start(move |_, request| {
        if request.api == ApiKey::ApiVersions {
            return answer(request, &all_versions());
        }
        heartbeats += 1;
        if heartbeats < 3 { Reply::Nothing } else { Reply::Close }
    })
    .await;
    let connection = Connection::open(&broker.address, &ConnectionConfig::default()).await.unwrap();
    let mut under_way = Vec::new();
    for number in 0..3 {
        under_way.push(connection.send(&heartbeat(number)).await.unwrap());
    }
    for in_flight in under_way {
        let error = in_flight.answer().await.unwrap_err();
        assert!(matches!(&error, ClientError::Disconnected { .. }) && error.is_retriable(), "{error}");
    }
    assert!(connection.is_closed());
    assert!(connection.call(&heartbeat(4)).await.is_err());
}

#[tokio::test]
async fn an_answer_to_nothing_and_one_beyond_all_bounds_end_the_connection() {
    let to_nothing = encode_response::<Bytes, _>(&HeartbeatResponse::default(), 4, 4711).into_bytes();
    let too_large = Bytes::from_static(&[0x7f, 0xff, 0xff, 0xff]);
    let negative = Bytes::from_static(&[0xff, 0xff, 0xff, 0xff]);
    for (bad, word) in [(to_nothing, "not asked"), (too_large, "at most"), (negative, "at most")] {
        let broker = FakeBroker::start(move |_, request| match request.api {
            ApiKey::ApiVersions => answer(request, &all_versions()),
            _ => Reply::Answer(bad.clone()),
        })
        .await;
        let connection = Connection::open(&broker.address, &ConnectionConfig::default()).await.unwrap();
        let error = connection.call(&heartbeat(1)).await.unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}

#[tokio::test]
async fn bytes_that_are_no_response_are_told_with_the_api() {
    let broker = FakeBroker::start(|_, request| match request.api {
        ApiKey::ApiVersions => answer(request, &all_versions()),
        _ => Reply::Answer([&[0, 0, 0, 5][..], &request.correlation_id.to_be_bytes(), &[0]].concat().into()),
    })
    .await;
    let connection = Connection::open(&broker.address, &ConnectionConfig::default()).await.unwrap();
    let error = connection.call(&heartbeat(1)).await.unwrap_err();
    assert!(matches!(error, ClientError::Malformed { api: ApiKey::Heartbeat, .. }), "{error}");
}

#[tokio::test]
async fn a_broker_that_does_not_answer_is_not_waited_for_longer_than_allowed() {
    let broker = FakeBroker::start(|_, request| match request.api {
        ApiKey::ApiVersions => answer(request, &all_versions()),
        _ => Reply::Nothing,
    })
    .await;
    let connection = Connection::open(&broker.address, &ConnectionConfig::default()).await.unwrap();
    let in_flight = connection.send(&heartbeat(1)).await.unwrap();
    let error = in_flight.answer_within(Duration::from_millis(1)).await.unwrap_err();
    assert!(matches!(error, ClientError::Timeout { api: ApiKey::Heartbeat, .. }), "{error}");
}
