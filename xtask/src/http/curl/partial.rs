//! Ranges: one, several, and those that cannot be.

use anyhow::{Context as _, ensure};

use super::Curl;
use crate::http::answer::Answer;
use crate::http::site::{AFTER, BEFORE, MEDIUM, MODIFIED, SIZED};

impl Curl<'_> {
    pub(super) fn range(&self) -> anyhow::Result<String> {
        for (name, size) in SIZED.into_iter().filter(|&(_, size)| size >= 100) {
            let whole = self.bytes(name)?;
            for (asked, first, last) in [
                ("0-0".to_owned(), 0, 0),
                ("10-19".to_owned(), 10, 19),
                (format!("{}-", size - 7), size - 7, size - 1),
                ("-5".to_owned(), size - 5, size - 1),
                (format!("-{}", size + 10), 0, size - 1),
                (format!("50-{}", size + 10), 50, size - 1),
                (format!("1-{}", size - 2), 1, size - 2),
            ] {
                let answer = self.ask(name, &["--range", &asked])?;
                let context = || format!("{name}, {asked}");
                answer.expect_body(206, &whole[first..=last]).with_context(context)?;
                let range = format!("bytes {first}-{last}/{size}");
                answer.expect_header("content-range", &range).with_context(context)?;
            }
        }
        Ok(String::new())
    }

    pub(super) fn ranges(&self) -> anyhow::Result<String> {
        let whole = self.bytes(MEDIUM)?;
        let (size, wanted) = (whole.len(), [(0, 9), (5_000, 15_000), (whole.len() - 7, whole.len() - 1)]);
        let answer = self.ask(MEDIUM, &["--range", "0-9,5000-15000,-7"])?;
        answer.expect(206)?;
        let kind = answer.required("content-type")?;
        let boundary =
            kind.strip_prefix("multipart/byteranges").and_then(|rest| rest.split_once("boundary="));
        let (_, boundary) = boundary.with_context(|| format!("content-type: {kind}"))?;
        let parts = parts(&answer.body, boundary.trim_matches('"'))?;
        ensure!(parts.len() == wanted.len(), "{} parts", parts.len());
        for ((head, body), (first, last)) in parts.into_iter().zip(wanted) {
            let range = format!("bytes {first}-{last}/{size}");
            ensure!(head.header("content-range") == Some(&range), "{head:?}, expected {range}");
            ensure!(head.header("content-type").is_some(), "a part without its type: {head:?}");
            ensure!(body == &whole[first..=last], "the part {range} has other bytes");
        }
        Ok(String::new())
    }

    pub(super) fn bad_ranges(&self) -> anyhow::Result<String> {
        let size = self.bytes("small.bin")?.len();
        for asked in [format!("{size}-"), "1000-2000".to_owned(), "-0".to_owned()] {
            let answer = self.ask("small.bin", &["--range", &asked])?;
            answer.expect(416).with_context(|| asked.clone())?;
            answer.expect_header("content-range", &format!("bytes */{size}")).context(asked)?;
        }
        // What is no range may be ignored or refused, but not be served as one.
        for asked in
            ["bytes=abc", "bytes=5-2", "bytes=", "bytes=1", "bytes=--5", "bytes=0-99999999999999999999999"]
        {
            let answer = self.ask("small.bin", &["--header", &format!("Range: {asked}")])?;
            let huge = asked.len() > 20 && answer.status == 206;
            ensure!(huge || matches!(answer.status, 200 | 400 | 416), "{asked}: {answer:?}");
        }
        let answer = self.ask("small.bin", &["--header", "Range: lines=1-2"])?;
        answer.expect_body(200, &self.bytes("small.bin")?).context("another unit")?;
        let answer = self.ask("small.bin", &["--range", "0-9", "--request", "POST"])?;
        ensure!(answer.status != 206, "a range of what is no GET");
        Ok(String::new())
    }

    pub(super) fn overlapping_ranges(&self) -> anyhow::Result<String> {
        let whole = self.bytes(MEDIUM)?;
        let many = vec!["0-"; 500].join(",");
        let answer = self.ask(MEDIUM, &["--range", &many])?;
        answer.expect_one_of(&[200, 206, 400, 416])?;
        let came = answer.body.len();
        ensure!(came <= whole.len() + whole.len() / 4, "{came} bytes for a file of {}", whole.len());
        Ok(format!("status {}", answer.status))
    }

    pub(super) fn if_range(&self) -> anyhow::Result<String> {
        let whole = self.bytes(MEDIUM)?;
        let tag = self.get(MEDIUM)?.required("etag")?.to_owned();
        for (validator, same) in
            [(tag.as_str(), true), (MODIFIED, true), ("\"other\"", false), (BEFORE, false), (AFTER, false)]
        {
            let header = format!("If-Range: {validator}");
            let answer = self.ask(MEDIUM, &["--range", "10-19", "--header", &header])?;
            let (status, body) = if same { (206, &whole[10..20]) } else { (200, &whole[..]) };
            answer.expect_body(status, body).context(header)?;
        }
        Ok(String::new())
    }
}

/// The parts of multipart/byteranges: their heads and their bodies (RFC 9110, 14.6).
fn parts<'a>(body: &'a [u8], boundary: &str) -> anyhow::Result<Vec<(Answer, &'a [u8])>> {
    let delimiter = format!("\r\n--{boundary}");
    let first = format!("--{boundary}");
    let mut rest = body.strip_prefix(first.as_bytes()).map_or_else(
        || body.strip_prefix(delimiter.as_bytes()).context("it does not begin with its boundary"),
        Ok,
    )?;
    let mut parts = Vec::new();
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let find = |what: &[u8]| part.windows(what.len()).position(|window| window == what);
        let head_end = find(b"\r\n\r\n").context("a part without an end of its head")?;
        let end = find(delimiter.as_bytes()).context("a part without an end")?;
        let head = std::str::from_utf8(&part[..head_end])?;
        // A part has no status line.
        let head = Answer::of_head(&format!("HTTP/1.1 206\r\n{head}"))?;
        parts.push((head, part.get(head_end + 4..end).context("a part that ends in its head")?));
        rest = &part[end + delimiter.len()..];
    }
    ensure!(rest.starts_with(b"--"), "no end after the last part");
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_apart_by_their_boundary() {
        let body = b"\r\n--B\r\nContent-Range: bytes 0-1/9\r\n\r\nab\r\n--B\r\nContent-Range: bytes 3-3/9\r\n\r\nd\r\n--B--\r\n";
        let parts = parts(body, "B").unwrap();
        let found: Vec<_> =
            parts.iter().map(|(head, body)| (head.header("content-range").unwrap(), *body)).collect();
        assert_eq!(found, [("bytes 0-1/9", &b"ab"[..]), ("bytes 3-3/9", b"d")]);
        super::parts(&body[..body.len() - 5], "B").unwrap_err();
    }
}
