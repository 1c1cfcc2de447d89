//! Whole files.

use transfer::{Mechanism, Reason};

use crate::common::{Site, content};

#[tokio::test]
async fn files_of_any_size_arrive_whole() {
    let site = Site::start().await;
    for len in [0, 1, 4_095, 4_096, 16_383, 16_384, 1_000_001, 20 << 20] {
        let bytes = content(len);
        site.write("file.bin", &bytes);
        let response = site.get("/file.bin", &[]).await;
        assert_eq!((response.status, response.body.len()), (200, len));
        assert!(response.body == bytes, "{len} bytes arrive changed");
    }
}

#[tokio::test]
async fn an_answer_says_what_it_is() {
    let site = Site::start().await;
    site.write("page.html", "<p>hello");
    let response = site.get("/page.html", &[]).await;
    assert_eq!(response.field("Content-Type"), Some("text/html; charset=utf-8"));
    assert_eq!(response.field("Content-Length"), Some("8"));
    assert_eq!(response.field("Accept-Ranges"), Some("bytes"));
    assert_eq!(response.field("Server"), Some("Crossdock"));
    assert!(response.field("Date").is_some() && response.field("Last-Modified").is_some());
    let etag = response.field("ETag").unwrap();
    assert!(etag.len() > 4 && etag.starts_with('"') && etag.ends_with('"'), "{etag}");
    assert_eq!(response.field("Vary"), None);
    assert_eq!(response.field("Connection"), None);
}

#[tokio::test]
async fn head_is_told_the_same_and_sent_nothing() {
    let site = Site::start().await;
    site.write("file.txt", content(100_000));
    for target in ["/file.txt", "/nothing"] {
        let got = site.get(target, &[]).await;
        let mut connection = site.connect().await;
        connection.send(crate::common::request("HEAD", target, &["Connection: close"])).await;
        let head = connection.receive_to("HEAD").await.unwrap();
        assert_eq!(head.status, got.status);
        for field in ["Content-Length", "Content-Type", "ETag", "Last-Modified"] {
            assert_eq!(head.field(field), got.field(field), "{target} {field}");
        }
        assert!(connection.is_closed().await);
    }
}

#[tokio::test]
async fn a_file_that_is_replaced_has_another_tag() {
    let site = Site::start().await;
    site.write("file", "one");
    let before = site.get("/file", &[]).await;
    site.write("other", "two");
    std::fs::rename(site.folder.path().join("other"), site.folder.path().join("file")).unwrap();
    let after = site.get("/file", &[]).await;
    assert_eq!((before.body, after.body.as_slice()), (b"one".to_vec(), &b"two"[..]));
    assert_ne!(
        before.fields.iter().find(|(name, _)| name == "ETag"),
        after.fields.iter().find(|(name, _)| name == "ETag")
    );
}

#[tokio::test]
async fn every_byte_of_a_file_is_in_the_ledger_and_large_files_are_not_copied() {
    let site = Site::start().await;
    site.write("large", content(3 << 20));
    site.write("small", content(1_000));
    site.get("/large", &[]).await;
    site.get("/small", &[]).await;
    site.ask("HEAD", "/large", &[]).await;
    let mut payload: Vec<_> =
        site.payload().iter().map(|entry| (entry.mechanism, entry.reason, entry.bytes)).collect();
    payload.sort_by_key(|(_, _, bytes)| *bytes);
    assert_eq!(
        payload,
        [(Mechanism::ReadWrite, Reason::Small, 1_000), (Mechanism::Sendfile, Reason::FirstChoice, 3 << 20)]
    );
}

#[tokio::test]
async fn a_forced_mechanism_carries_every_file() {
    for mechanism in Mechanism::ALL {
        let site = Site::with(|settings| settings.policy = transfer::Policy::force(mechanism)).await;
        let bytes = content(200_000);
        site.write("file", &bytes);
        assert!(site.get("/file", &[]).await.body == bytes);
        let payload: Vec<_> = site.payload().iter().map(|entry| (entry.mechanism, entry.bytes)).collect();
        assert_eq!(payload, [(mechanism, 200_000)]);
    }
}
