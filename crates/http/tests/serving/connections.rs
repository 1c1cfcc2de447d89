//! What follows what on a connection.

use crate::common::{Site, content, request};

#[tokio::test]
async fn requests_that_come_at_once_are_answered_in_their_order() {
    let site = Site::start().await;
    let (one, two) = (content(100_000), content(10));
    site.write("one", &one);
    site.write("two", &two);
    let mut connection = site.connect().await;
    let all: String =
        ["/one", "/nothing", "/two", "/one"].iter().map(|target| request("GET", target, &[])).collect();
    connection.send(all).await;
    for (status, body) in [(200, Some(&one)), (404, None), (200, Some(&two)), (200, Some(&one))] {
        let response = connection.receive().await.unwrap();
        assert_eq!(response.status, status);
        assert!(body.is_none_or(|body| *body == response.body));
    }
}

#[tokio::test]
async fn a_request_may_come_byte_by_byte() {
    let site = Site::start().await;
    site.write("file", "content");
    let mut connection = site.connect().await;
    connection.stream.set_nodelay(true).unwrap();
    for _ in 0..2 {
        for byte in format!("\r\n{}", request("GET", "/file", &["X: y"])).bytes() {
            connection.send([byte]).await;
            tokio::task::yield_now().await;
        }
        assert_eq!(connection.receive().await.unwrap().body, b"content");
    }
}

#[tokio::test]
async fn the_connection_ends_when_the_client_wants_it_to() {
    let site = Site::start().await;
    site.write("file", "content");
    let close = request("GET", "/file", &["Connection: close"]);
    for text in [close.as_str(), "GET /file HTTP/1.0\r\n\r\n"] {
        let mut connection = site.connect().await;
        connection.send(text).await;
        let response = connection.receive().await.unwrap();
        assert_eq!(
            (response.body.as_slice(), response.field("Connection")),
            (&b"content"[..], Some("close"))
        );
        assert!(connection.is_closed().await);
    }
    let mut connection = site.connect().await;
    for _ in 0..2 {
        connection.send("GET /file HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").await;
        assert_eq!(connection.receive().await.unwrap().field("Connection"), Some("keep-alive"));
    }
}

#[tokio::test]
async fn who_closes_its_side_still_gets_its_answers() {
    use tokio::io::AsyncWriteExt;

    let site = Site::start().await;
    site.write("file", content(1 << 20));
    let mut connection = site.connect().await;
    connection.send(request("GET", "/file", &[]).repeat(3)).await;
    connection.stream.shutdown().await.unwrap();
    for _ in 0..3 {
        assert_eq!(connection.receive().await.unwrap().body.len(), 1 << 20);
    }
    assert!(connection.is_closed().await);
}
