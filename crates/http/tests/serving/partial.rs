//! Ranges and conditions.

use std::time::{Duration, SystemTime};

use crate::common::{Site, content};

const LEN: usize = 50_000;

async fn site_with_file() -> (Site, Vec<u8>) {
    let site = Site::start().await;
    let bytes = content(LEN);
    site.write("file.bin", &bytes);
    site.set_modified("file.bin", SystemTime::now() - Duration::from_secs(60));
    (site, bytes)
}

#[tokio::test]
async fn one_range_is_sent_as_it_is() {
    let (site, bytes) = site_with_file().await;
    for (asked, range) in
        [("0-0", 0..1), ("100-20099", 100..20_100), ("40000-", 40_000..LEN), ("-7", LEN - 7..LEN)]
    {
        let response = site.get("/file.bin", &[&format!("Range: bytes={asked}")]).await;
        assert_eq!(response.status, 206, "{asked}");
        let told = format!("bytes {}-{}/{LEN}", range.start, range.end - 1);
        assert_eq!(response.field("Content-Range"), Some(told.as_str()));
        assert!(response.body == bytes[range], "{asked}");
    }
}

#[tokio::test]
async fn several_ranges_are_parts_of_one_body() {
    let (site, bytes) = site_with_file().await;
    let response = site.get("/file.bin", &["Range: bytes=0-9, 20000-40000, -1"]).await;
    assert_eq!(response.status, 206);
    let boundary =
        response.field("Content-Type").unwrap().strip_prefix("multipart/byteranges; boundary=").unwrap();
    let mut expected = Vec::new();
    for range in [0..10, 20_000..40_001, LEN - 1..LEN] {
        let head = format!(
            "\r\n--{boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes {}-{}/{LEN}\r\n\r\n",
            range.start,
            range.end - 1
        );
        expected.extend_from_slice(head.as_bytes());
        expected.extend_from_slice(&bytes[range]);
    }
    expected.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    assert!(response.body == expected);
}

#[tokio::test]
async fn a_range_behind_the_end_is_refused_and_a_malformed_one_ignored() {
    let (site, _) = site_with_file().await;
    let response = site.get("/file.bin", &["Range: bytes=50000-"]).await;
    assert_eq!((response.status, response.field("Content-Range")), (416, Some("bytes */50000")));
    for range in ["Range: bytes=9-5", "Range: pages=1-2"] {
        let response = site.get("/file.bin", &[range]).await;
        assert_eq!((response.status, response.body.len()), (200, LEN), "{range}");
    }
    let head = site.ask("HEAD", "/file.bin", &["Range: bytes=0-0"]).await;
    assert_eq!((head.status, head.field("Content-Length")), (200, Some("50000")));
}

#[tokio::test]
async fn a_range_of_another_version_is_answered_with_all_of_this_one() {
    let (site, _) = site_with_file().await;
    let whole = site.get("/file.bin", &[]).await;
    let (etag, modified) = (whole.field("ETag").unwrap(), whole.field("Last-Modified").unwrap());
    for version in [etag, modified] {
        let response = site.get("/file.bin", &["Range: bytes=0-0", &format!("If-Range: {version}")]).await;
        assert_eq!(response.status, 206, "{version}");
    }
    for version in ["\"other\"", &format!("W/{etag}"), "Thu, 01 Jan 1970 00:00:00 GMT"] {
        let response = site.get("/file.bin", &["Range: bytes=0-0", &format!("If-Range: {version}")]).await;
        assert_eq!((response.status, response.body.len()), (200, LEN), "{version}");
    }
}

#[tokio::test]
async fn who_has_the_file_is_not_sent_it_again() {
    let (site, _) = site_with_file().await;
    let whole = site.get("/file.bin", &[]).await;
    let etag = whole.field("ETag").unwrap();
    let modified = whole.field("Last-Modified").unwrap();
    for field in [format!("If-None-Match: \"x\", {etag}"), format!("If-Modified-Since: {modified}")] {
        let mut connection = site.connect().await;
        connection.send(crate::common::request("GET", "/file.bin", &[&field, "Connection: close"])).await;
        let response = connection.receive().await.unwrap();
        assert_eq!((response.status, response.field("ETag")), (304, Some(etag)), "{field}");
        assert!(connection.is_closed().await, "no body follows");
    }
    let response = site.get("/file.bin", &["If-Match: \"x\""]).await;
    assert_eq!(response.status, 412);
}
