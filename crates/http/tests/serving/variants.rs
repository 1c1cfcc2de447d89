//! Compressed siblings.

use crate::common::Site;

async fn site_with_siblings() -> Site {
    let site = Site::with(|settings| settings.precompressed = true).await;
    site.write("app.js", "original");
    site.write("app.js.gz", "gzipped");
    site.write("app.js.br", "brotli");
    site.write("plain.txt", "plain");
    site
}

#[tokio::test]
async fn who_accepts_an_encoding_is_sent_the_sibling() {
    let site = site_with_siblings().await;
    let original = site.get("/app.js", &[]).await;
    assert_eq!((original.body.as_slice(), original.field("Content-Encoding")), (&b"original"[..], None));
    for (accepted, body, encoding) in
        [("gzip, br", "brotli", "br"), ("gzip", "gzipped", "gzip"), ("br;q=0.1, gzip", "gzipped", "gzip")]
    {
        let response = site.get("/app.js", &[&format!("Accept-Encoding: {accepted}")]).await;
        assert_eq!(response.body, body.as_bytes());
        assert_eq!(response.field("Content-Encoding"), Some(encoding));
        assert_eq!(response.field("Content-Type"), original.field("Content-Type"));
        assert_ne!(response.field("ETag"), original.field("ETag"));
        assert_eq!(response.field("Vary"), Some("Accept-Encoding"));
    }
    assert_eq!(original.field("Vary"), Some("Accept-Encoding"), "caches have to know");
    let plain = site.get("/plain.txt", &["Accept-Encoding: gzip"]).await;
    assert_eq!((plain.body.as_slice(), plain.field("Content-Encoding")), (&b"plain"[..], None));
}

#[tokio::test]
async fn a_range_is_one_of_what_is_sent() {
    let site = site_with_siblings().await;
    let response = site.get("/app.js", &["Accept-Encoding: gzip", "Range: bytes=0-3"]).await;
    assert_eq!((response.status, response.body.as_slice()), (206, &b"gzip"[..]));
    assert_eq!(response.field("Content-Range"), Some("bytes 0-3/7"));
}

#[tokio::test]
async fn siblings_are_files_like_others_where_they_are_not_asked_for() {
    let site = Site::start().await;
    site.write("app.js", "original");
    site.write("app.js.gz", "gzipped");
    let response = site.get("/app.js", &["Accept-Encoding: gzip"]).await;
    assert_eq!((response.body.as_slice(), response.field("Vary")), (&b"original"[..], None));
    let response = site.get("/app.js.gz", &[]).await;
    assert_eq!((response.body.as_slice(), response.field("Content-Encoding")), (&b"gzipped"[..], None));
}
