//! Starting, watching and stopping.

use http::{LogTo, RunningServer, Settings, StartError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::common::{Site, content, request};

#[tokio::test]
async fn what_cannot_be_served_is_said_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = RunningServer::start(Settings::new("/nowhere/at/all", "127.0.0.1:0")).await.unwrap_err();
    assert!(nowhere.to_string().starts_with("cannot serve /nowhere/at/all: "), "{nowhere}");
    let site = Site::start().await;
    let taken = site.server.address().to_string();
    let taken = RunningServer::start(Settings::new(folder.path(), taken)).await.unwrap_err();
    assert!(matches!(taken, StartError::Listen { .. }), "{taken}");
    let mut settings = Settings::new(folder.path(), "127.0.0.1:0");
    settings.access_log = Some(LogTo::File(folder.path().join("no/such/folder")));
    assert!(matches!(RunningServer::start(settings).await, Err(StartError::AccessLog { .. })));
}

#[tokio::test]
async fn a_download_is_finished_before_the_server_stops() {
    let site = Site::start().await;
    let bytes = content(64 << 20);
    site.write("file", &bytes);
    let address = site.server.address();
    let mut idle = site.connect().await;
    let mut loading = site.connect().await;
    loading.send(request("GET", "/file", &[])).await;
    loading.stream.readable().await.unwrap();
    let stopping = tokio::spawn(site.server.stop());
    assert!(idle.is_closed().await, "who has no request is not waited for");
    let response = loading.receive().await.unwrap();
    assert!(response.body == bytes);
    stopping.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn each_answer_is_a_line_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("access.log");
    let to = LogTo::File(log.clone());
    let site = Site::with(|settings| settings.access_log = Some(to)).await;
    site.write("file", "content");
    site.get("/file?x=1", &["User-Agent: test/1", "Referer: http://a/"]).await;
    site.get("/nothing", &[]).await;
    site.server.stop().await;
    // The connections hold the log; it is written when the last of them has ended.
    let text = std::fs::read_to_string(&log).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[0].starts_with("127.0.0.1 - - ["), "{text}");
    assert!(lines[0].ends_with("\"GET /file?x=1 HTTP/1.1\" 200 7 \"http://a/\" \"test/1\""), "{text}");
    assert!(lines[1].contains("\"GET /nothing HTTP/1.1\" 404 14 \"-\" \"-\""), "{text}");
}

#[tokio::test]
async fn metrics_tell_what_was_answered_and_how_it_left() {
    let site = Site::with(|settings| settings.admin = Some("127.0.0.1:0".to_owned())).await;
    site.write("file", content(100_000));
    site.get("/file", &[]).await;
    site.get("/nothing", &[]).await;
    let mut admin = TcpStream::connect(site.server.admin().unwrap()).await.unwrap();
    admin.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").await.unwrap();
    let mut text = String::new();
    admin.read_to_string(&mut text).await.unwrap();
    for line in [
        "crossdock_http_requests_total{status=\"200\"} 1",
        "crossdock_http_requests_total{status=\"404\"} 1",
        "crossdock_payload_bytes_total{path=\"http\",mechanism=\"sendfile\",reason=\"first_choice\"} 100000",
    ] {
        assert!(text.contains(line), "{line} is missing in {text}");
    }
}
