//! Clients that are slow, silent or many. Time is the runtime's: it moves on when nobody has anything to do.

use std::time::Duration;

use tokio::io::AsyncReadExt;

use crate::common::{Connection, Site, content, request};

#[tokio::test(start_paused = true)]
async fn half_a_request_is_waited_for_and_then_refused() {
    let site = Site::start().await;
    let mut connection = site.connect().await;
    connection.send("GET / HTTP/1.1\r\nHost: a\r\nX:").await;
    let response = connection.receive().await.unwrap();
    assert_eq!((response.status, response.field("Connection")), (408, Some("close")));
    assert!(connection.is_closed().await);
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_requests_is_closed_without_a_word() {
    let site = Site::start().await;
    site.write("file", "content");
    let mut silent = site.connect().await;
    assert!(silent.is_closed().await);
    let mut used = site.connect().await;
    used.send(request("GET", "/file", &[])).await;
    assert_eq!(used.receive().await.unwrap().status, 200);
    assert!(used.is_closed().await);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_let_go() {
    let site = Site::start().await;
    let connection = ask_for_much(&site).await;
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert_cut(connection).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_does_not_keep_the_server_from_stopping() {
    let site = Site::start().await;
    let connection = ask_for_much(&site).await;
    connection.stream.readable().await.unwrap();
    site.server.stop().await;
    assert_cut(connection).await;
}

/// More than sockets hold.
const MUCH_BYTES: usize = 64 << 20;

/// A connection that has asked for [`MUCH_BYTES`] and has read nothing of them.
async fn ask_for_much(site: &Site) -> Connection {
    site.write("file", content(MUCH_BYTES));
    let mut connection = site.connect().await;
    connection.send(request("GET", "/file", &[])).await;
    connection
}

/// Nobody sends any more by now.
async fn assert_cut(mut connection: Connection) {
    let mut received = Vec::new();
    let _ = connection.stream.read_to_end(&mut received).await;
    assert!(received.len() < MUCH_BYTES, "the whole answer was waited for");
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_a_place() {
    let site = Site::with(|settings| settings.connections_max = 1).await;
    site.write("file", "content");
    let mut first = site.connect().await;
    first.send(request("GET", "/file", &[])).await;
    first.receive().await.unwrap();
    let mut second = site.connect().await;
    second.send(request("GET", "/file", &[])).await;
    let early = tokio::time::timeout(Duration::from_millis(100), second.receive()).await;
    assert!(early.is_err(), "two connections are served");
    drop(first);
    assert_eq!(second.receive().await.unwrap().body, b"content");
}
