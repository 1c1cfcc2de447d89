//! Requests whose answer depends on what the client has, or on what it accepts.

use anyhow::{Context as _, ensure};

use super::Curl;
use crate::http::site::{AFTER, BEFORE, COMPRESSED, MEDIUM, MODIFIED, TEXT};

impl Curl<'_> {
    pub(super) fn if_none_match(&self) -> anyhow::Result<String> {
        let whole = self.bytes(MEDIUM)?;
        let tag = self.get(MEDIUM)?.required("etag")?.to_owned();
        let weak = format!("W/{}", tag.trim_start_matches("W/"));
        for same in [tag.clone(), weak, "*".to_owned(), format!("\"other\", {tag}")] {
            let answer = self.ask(MEDIUM, &["--header", &format!("If-None-Match: {same}")])?;
            answer.expect_body(304, b"").with_context(|| same.clone())?;
            answer.expect_header("etag", &tag).context(same)?;
        }
        for other in ["\"other\"", "W/\"other\""] {
            let answer = self.ask(MEDIUM, &["--header", &format!("If-None-Match: {other}")])?;
            answer.expect_body(200, &whole)?;
        }
        // The tag decides, where there is one.
        let since = format!("If-Modified-Since: {MODIFIED}");
        let both = ["--header", &since, "--header", "If-None-Match: \"other\""];
        self.ask(MEDIUM, &both)?.expect(200)?;
        // curl's own way: it keeps the tag and asks with it.
        let kept = self.body.with_extension("etag");
        let kept = kept.display().to_string();
        self.ask(MEDIUM, &["--etag-save", &kept])?.expect(200)?;
        self.ask(MEDIUM, &["--etag-compare", &kept])?.expect(304)?;
        Ok(tag)
    }

    pub(super) fn if_modified_since(&self) -> anyhow::Result<String> {
        let whole = self.bytes(MEDIUM)?;
        for (since, status) in [
            (MODIFIED, 304),
            (AFTER, 304),
            (BEFORE, 200),
            // RFC 9110, 5.6.7: the two formats of old are to be understood.
            ("Friday, 02-Jan-26 03:04:05 GMT", 304),
            ("Fri Jan  2 03:04:05 2026", 304),
            ("last Friday", 200),
        ] {
            let answer = self.ask(MEDIUM, &["--header", &format!("If-Modified-Since: {since}")])?;
            let body: &[u8] = if status == 200 { &whole } else { &[] };
            answer.expect_body(status, body).with_context(|| since.to_owned())?;
        }
        self.ask(MEDIUM, &["--time-cond", MODIFIED])?.expect(304)?;
        Ok(String::new())
    }

    pub(super) fn preconditions(&self) -> anyhow::Result<String> {
        let tag = self.get(MEDIUM)?.required("etag")?.to_owned();
        for (header, status) in [
            (format!("If-Match: {tag}"), 200),
            ("If-Match: *".to_owned(), 200),
            ("If-Match: \"other\"".to_owned(), 412),
            (format!("If-Unmodified-Since: {MODIFIED}"), 200),
            (format!("If-Unmodified-Since: {AFTER}"), 200),
            (format!("If-Unmodified-Since: {BEFORE}"), 412),
        ] {
            self.ask(MEDIUM, &["--header", &header])?.expect(status).context(header)?;
        }
        Ok(String::new())
    }

    pub(super) fn compressed(&self) -> anyhow::Result<String> {
        let (text, packed) = (self.bytes(TEXT)?, self.bytes(COMPRESSED)?);
        let plain = self.get(TEXT)?;
        plain.expect_body(200, &text)?;
        ensure!(plain.header("content-encoding").is_none(), "nobody asked for an encoding: {plain:?}");
        let accepts = |codings: &str| self.ask(TEXT, &["--header", &format!("Accept-Encoding: {codings}")]);
        for codings in ["gzip", "deflate, gzip;q=0.5", "GZIP"] {
            let answer = accepts(codings)?;
            answer.expect_body(200, &packed).with_context(|| codings.to_owned())?;
            answer.expect_header("content-encoding", "gzip")?;
            ensure!(answer.required("content-type")?.starts_with("text/plain"), "{answer:?}");
            ensure!(answer.header("etag") != plain.header("etag"), "one tag for two encodings: {answer:?}");
            for answer in [&answer, &plain] {
                let vary = answer.required("vary")?.to_ascii_lowercase();
                ensure!(vary.contains("accept-encoding"), "Vary: {vary}");
            }
        }
        for codings in ["identity", "gzip;q=0", "deflate"] {
            accepts(codings)?.expect_body(200, &text).with_context(|| codings.to_owned())?;
        }
        // curl asks and unpacks.
        self.ask(TEXT, &["--compressed"])?.expect_body(200, &text)?;
        // A tag of the one is not a tag of the other.
        let tag = format!("If-None-Match: {}", accepts("gzip")?.required("etag")?);
        self.ask(TEXT, &["--header", &tag, "--header", "Accept-Encoding: gzip"])?.expect(304)?;
        self.ask(TEXT, &["--header", &tag])?.expect(200)?;
        Ok(format!("{} bytes for {}", packed.len(), text.len()))
    }
}
