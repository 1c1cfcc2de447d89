//! What is wrong with a request is said, and what cannot be told apart ends the connection.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::common::{Site, request};

async fn first_answer(site: &Site, text: &str) -> (u16, bool) {
    let mut connection = site.connect().await;
    connection.send(text).await;
    let response = connection.receive().await.expect("an answer");
    assert!(String::from_utf8_lossy(&response.body).starts_with(&response.status.to_string()));
    let closes = response.field("Connection") == Some("close");
    assert!(!closes || connection.is_closed().await);
    (response.status, closes)
}

#[tokio::test]
async fn each_mistake_is_answered_with_its_status() {
    let site = Site::start().await;
    assert_eq!(first_answer(&site, "nonsense\r\n\r\n").await, (400, true));
    assert_eq!(first_answer(&site, "GET / HTTP/1.1\r\n\r\n").await, (400, true));
    assert_eq!(first_answer(&site, "GET / HTTP/3.0\r\n\r\n").await, (505, true));
    assert_eq!(first_answer(&site, &request("GET", "/%zz", &[])).await, (400, false));
    assert_eq!(first_answer(&site, &request("BREW", "/", &[])).await, (501, false));
    assert_eq!(first_answer(&site, &format!("GET /{} HTTP/1.1\r\n", "a".repeat(40_000))).await, (414, true));
    assert_eq!(first_answer(&site, &request("GET", "/", &[&"X: y\r\n".repeat(200)])).await, (431, true));
    let refused = site.ask("PUT", "/", &[]).await;
    assert_eq!((refused.status, refused.field("Allow")), (405, Some("GET, HEAD")));
}

#[tokio::test]
async fn what_looks_like_a_request_in_a_body_is_none() {
    let site = Site::start().await;
    site.write("file", "content");
    let smuggled = request("GET", "/file", &[]);
    for (method, status) in [("POST", 405), ("GET", 200)] {
        let mut connection = site.connect().await;
        let length = format!("Content-Length: {}", smuggled.len());
        connection.send(format!("{}{smuggled}", request(method, "/file", &[&length]))).await;
        assert_eq!(connection.receive().await.unwrap().status, status);
        assert!(connection.is_closed().await, "the body is not answered");
    }
}

#[tokio::test]
async fn who_sends_a_long_body_gets_an_answer_and_no_reset() {
    let site = Site::start().await;
    let mut connection = site.connect().await;
    let body = vec![b'x'; 4 << 20];
    connection.send(request("POST", "/upload", &[&format!("Content-Length: {}", body.len())])).await;
    assert_eq!(connection.receive().await.unwrap().status, 405);
    connection.stream.write_all(&body).await.unwrap();
    assert_eq!(connection.stream.read(&mut [0]).await.unwrap(), 0);
}
