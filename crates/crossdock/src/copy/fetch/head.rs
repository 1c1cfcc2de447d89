//! What does the head of an answer say?

use std::ops::Range;
use std::str;
use std::time::{Duration, SystemTime};

use anyhow::{Context, bail};

/// Fields of a head: beyond what servers send, below what takes memory.
const FIELDS_MAX: usize = 128;

/// A time of change tells two states from each other if it lies so far back that the file would have got another one by a
/// change since (RFC 9110, section 8.8.2.2).
const SETTLED: Duration = Duration::from_secs(1);

/// Status and fields, as far as they matter here.
#[derive(Debug, Default)]
pub(super) struct Head {
    pub(super) status: u16,
    reason: String,
    pub(super) content_length: Option<u64>,
    pub(super) content_range: Option<ContentRange>,
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
    date: Option<String>,
    pub(super) location: Option<String>,
    content_encoding: Option<String>,
    transfer_encoding: Option<String>,
    /// Whether the server takes another request on the connection.
    pub(super) keeps_connection: bool,
}

/// `Content-Range: bytes 0-4/10`, or `bytes */10` where nothing is sent (RFC 9110, section 14.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ContentRange {
    pub(super) range: Option<Range<u64>>,
    /// The length of the whole, if the server says it.
    pub(super) total: Option<u64>,
}

impl Head {
    /// Reads a head and says how many bytes it has. `None` if it goes on behind `bytes`.
    pub(super) fn parse(bytes: &[u8]) -> anyhow::Result<Option<(Self, usize)>> {
        let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
        let mut response = httparse::Response::new(&mut fields);
        let len = match response.parse(bytes) {
            Ok(httparse::Status::Complete(len)) => len,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(error) => bail!("the answer is not HTTP/1.1: {error}"),
        };
        let mut head = Self {
            status: response.code.unwrap_or_default(),
            reason: response.reason.unwrap_or_default().to_owned(),
            keeps_connection: response.version == Some(1),
            ..Self::default()
        };
        for field in response.headers.iter() {
            // Other than ASCII means nothing in the fields that are looked at.
            if let Ok(value) = str::from_utf8(field.value) {
                head.take_field(field.name, value.trim())?;
            }
        }
        Ok(Some((head, len)))
    }

    /// Status and reason, as a user reads them.
    pub(super) fn status_line(&self) -> String {
        format!("{} {}", self.status, self.reason).trim_end().to_owned()
    }

    /// An error unless the body is the plain bytes of the file.
    pub(super) fn expect_plain_body(&self) -> anyhow::Result<()> {
        if let Some(coding) = &self.transfer_encoding {
            bail!("the body comes with Transfer-Encoding {coding:?}: expected Content-Length");
        }
        match self.content_encoding.as_deref() {
            None | Some("" | "identity") => Ok(()),
            Some(coding) => bail!("the body is encoded as {coding:?}: expected the file as it is"),
        }
    }

    /// What a further request says in `If-Range`, so that it is answered out of the same state of the file: a strong tag, or
    /// else a time of change that is long enough ago. `None`: the server tells no state from another.
    pub(super) fn validator(&self) -> Option<&str> {
        let tag = self.etag.as_deref().filter(|tag| tag.starts_with('"'));
        tag.or_else(|| {
            let date = httpdate::parse_http_date(self.date.as_deref()?).ok()?;
            let age = date.duration_since(self.modified()?).ok()?;
            self.last_modified.as_deref().filter(|_| age >= SETTLED)
        })
    }

    /// The time of the last change, if the server says it.
    pub(super) fn modified(&self) -> Option<SystemTime> {
        httpdate::parse_http_date(self.last_modified.as_deref()?).ok()
    }

    fn take_field(&mut self, name: &str, value: &str) -> anyhow::Result<()> {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        if is("content-length") {
            let Some(len) = number(value) else { bail!("Content-Length {value:?}: expected a number") };
            if self.content_length.is_some_and(|before| before != len) {
                bail!("two fields Content-Length contradict each other");
            }
            self.content_length = Some(len);
        } else if is("content-range") {
            let range = ContentRange::parse(value)
                .with_context(|| format!("Content-Range {value:?}: expected bytes FIRST-LAST/LENGTH"))?;
            self.content_range = Some(range);
        } else if is("etag") {
            self.etag = Some(value.to_owned());
        } else if is("last-modified") {
            self.last_modified = Some(value.to_owned());
        } else if is("date") {
            self.date = Some(value.to_owned());
        } else if is("location") {
            self.location = Some(value.to_owned());
        } else if is("content-encoding") {
            self.content_encoding = Some(value.to_ascii_lowercase());
        } else if is("transfer-encoding") {
            self.transfer_encoding = Some(value.to_ascii_lowercase());
        } else if is("connection") {
            let says = |option: &str| value.split(',').any(|said| said.trim().eq_ignore_ascii_case(option));
            self.keeps_connection = !says("close") && (self.keeps_connection || says("keep-alive"));
        }
        Ok(())
    }
}

impl ContentRange {
    fn parse(value: &str) -> Option<Self> {
        let (range, total) = value.strip_prefix("bytes ")?.trim().split_once('/')?;
        let total = match total {
            "*" => None,
            total => Some(number(total)?),
        };
        let range = match range {
            "*" => None,
            range => {
                let (first, last) = range.split_once('-')?;
                let (first, last) = (number(first)?, number(last)?);
                let is_possible = first <= last && total.is_none_or(|total| last < total);
                Some(is_possible.then_some(first..last.checked_add(1)?)?)
            }
        };
        Some(Self { range, total })
    }
}

/// Digits only: no sign, no space.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(fields: &str) -> anyhow::Result<Head> {
        let bytes = format!("HTTP/1.1 206 Partial Content\r\n{}\r\n\r\n", fields.replace('\n', "\r\n"));
        Head::parse(bytes.as_bytes()).map(|parsed| parsed.unwrap().0)
    }

    #[test]
    fn a_head_is_read_when_all_of_it_is_there() {
        let bytes = b"HTTP/1.1 404 Not Found\r\ncontent-LENGTH: 7\r\nX-Any: \xff\r\n\r\nnothing";
        let end = bytes.len() - "nothing".len();
        assert!(Head::parse(&bytes[..end - 1]).unwrap().is_none());
        let (head, len) = Head::parse(bytes).unwrap().unwrap();
        assert_eq!((head.status_line().as_str(), head.content_length, len), ("404 Not Found", Some(7), end));
        let error = Head::parse(b"SSH-2.0-OpenSSH_9.9\r\n").unwrap_err().to_string();
        assert!(error.starts_with("the answer is not HTTP/1.1: "), "{error}");
    }

    #[test]
    fn ranges_are_read_and_impossible_ones_refused() {
        let range =
            |value: &str| head(&format!("Content-Range: {value}")).map(|head| head.content_range.unwrap());
        for (value, expected, total) in [
            ("bytes 0-4/10", Some(0..5), Some(10)),
            ("bytes 9-9/10", Some(9..10), Some(10)),
            ("bytes 0-4/*", Some(0..5), None),
            ("bytes */0", None, Some(0)),
        ] {
            assert_eq!(range(value).unwrap(), ContentRange { range: expected, total });
        }
        let huge = format!("bytes 0-{0}/{0}0", u64::MAX);
        for value in [
            "bytes 5-4/10",
            "bytes 0-10/10",
            "bytes -4/10",
            "bytes +1-2/10",
            "items 0-4/10",
            "bytes 0-4",
            &huge,
        ] {
            let error = range(value).unwrap_err().to_string();
            assert!(error.ends_with("expected bytes FIRST-LAST/LENGTH"), "{error}");
        }
    }

    #[test]
    fn a_state_is_told_by_a_strong_tag_or_by_a_time_that_is_settled() {
        let time = "Last-Modified: Sat, 21 Nov 2026 12:00:00 GMT";
        for (fields, validator) in [
            ("ETag: \"a\"\nLast-Modified: Sat, 21 Nov 2026 12:00:00 GMT", Some("\"a\"")),
            ("ETag: W/\"a\"", None),
            (time, None),
            (&format!("{time}\nDate: Sat, 21 Nov 2026 12:00:00 GMT"), None),
            (&format!("{time}\nDate: Sat, 21 Nov 2026 12:00:01 GMT"), Some("Sat, 21 Nov 2026 12:00:00 GMT")),
            ("Last-Modified: yesterday\nDate: Sat, 21 Nov 2026 12:00:01 GMT", None),
        ] {
            assert_eq!(head(fields).unwrap().validator(), validator, "{fields}");
        }
    }

    #[test]
    fn a_body_that_is_not_the_file_itself_is_refused() {
        for (fields, complaint) in [
            ("Content-Length: 5", None),
            ("Content-Encoding: Identity", None),
            ("Content-Encoding: gzip", Some("the body is encoded as \"gzip\": expected the file as it is")),
            (
                "Transfer-Encoding: chunked",
                Some("the body comes with Transfer-Encoding \"chunked\": expected Content-Length"),
            ),
        ] {
            let said = head(fields).unwrap().expect_plain_body().err().map(|error| error.to_string());
            assert_eq!(said.as_deref(), complaint);
        }
        for fields in ["Content-Length: -5", "Content-Length: ", "Content-Length: 5\nContent-Length: 6"] {
            assert!(head(fields).unwrap_err().to_string().contains("Content-Length"), "{fields}");
        }
        assert_eq!(head("Content-Length: 5\nContent-Length: 5").unwrap().content_length, Some(5));
    }

    #[test]
    fn a_connection_is_kept_unless_the_server_ends_it() {
        for (fields, is_kept) in
            [("A: b", true), ("Connection: close", false), ("Connection: x, Close", false)]
        {
            assert_eq!(head(fields).unwrap().keeps_connection, is_kept, "{fields}");
        }
        for (fields, is_kept) in [("", false), ("Connection: Keep-Alive\r\n", true)] {
            let bytes = format!("HTTP/1.0 200 OK\r\n{fields}\r\n");
            assert_eq!(Head::parse(bytes.as_bytes()).unwrap().unwrap().0.keeps_connection, is_kept);
        }
    }
}
