//! An answer of an HTTP server, and what one expects of it.

use anyhow::{Context as _, bail, ensure};

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The head of an answer, up to the empty line; the body is left empty.
    pub(crate) fn of_head(head: &str) -> anyhow::Result<Self> {
        let mut lines = head.lines();
        let first = lines.next().unwrap_or_default();
        let status = first.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)?.parse().ok());
        let status = status.with_context(|| format!("no status line: {first:?}"))?;
        let mut headers = Vec::new();
        for line in lines.take_while(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').with_context(|| format!("no header: {line:?}"))?;
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        Ok(Self { status, headers, body: Vec::new() })
    }

    /// Takes the first answer off `bytes`, which a connection brought. An answer to HEAD has no body.
    pub(crate) fn take(bytes: &mut &[u8], to_head: bool) -> anyhow::Result<Self> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        let end = end.with_context(|| format!("no whole answer in {}", shown(bytes)))?;
        let mut answer = Self::of_head(std::str::from_utf8(&bytes[..end])?)?;
        *bytes = &bytes[end + 4..];
        if to_head || answer.status == 304 || answer.status == 204 || answer.status < 200 {
            return Ok(answer);
        }
        let Some(length) = answer.header("content-length") else {
            ensure!(
                answer.header("transfer-encoding").is_none(),
                "chunks, where nothing is of unknown length"
            );
            answer.body = std::mem::take(bytes).to_vec();
            return Ok(answer);
        };
        let length: usize = length.parse().with_context(|| format!("Content-Length: {length}"))?;
        let body = bytes.get(..length);
        answer.body = body.with_context(|| format!("{} of {length} bytes of a body", bytes.len()))?.to_vec();
        *bytes = &bytes[length..];
        Ok(answer)
    }

    /// All answers in what a connection brought.
    pub(crate) fn all(mut bytes: &[u8]) -> anyhow::Result<Vec<Self>> {
        let mut answers = Vec::new();
        while !bytes.is_empty() {
            answers.push(Self::take(&mut bytes, false)?);
        }
        Ok(answers)
    }

    /// The value of a header; the name is in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(of, _)| of == name).map(|(_, value)| value.as_str())
    }

    /// The value of a header that must be there.
    pub(crate) fn required(&self, name: &str) -> anyhow::Result<&str> {
        self.header(name).with_context(|| format!("no {name} in {:?}", self.headers))
    }

    /// The status must be this.
    pub(crate) fn expect(&self, status: u16) -> anyhow::Result<()> {
        ensure!(self.status == status, "status {}, expected {status}; {:?}", self.status, self.headers);
        Ok(())
    }

    /// The status must be one of these.
    pub(crate) fn expect_one_of(&self, statuses: &[u16]) -> anyhow::Result<()> {
        ensure!(statuses.contains(&self.status), "status {}, expected one of {statuses:?}", self.status);
        Ok(())
    }

    /// The status must be this, and the body that.
    pub(crate) fn expect_body(&self, status: u16, body: &[u8]) -> anyhow::Result<()> {
        self.expect(status)?;
        if self.body != body {
            let same = self.body.iter().zip(body).take_while(|(one, other)| one == other).count();
            bail!("a body of {} bytes, expected {}; they differ from {same} on", self.body.len(), body.len());
        }
        Ok(())
    }

    /// A header must have this value.
    pub(crate) fn expect_header(&self, name: &str, value: &str) -> anyhow::Result<()> {
        let found = self.required(name)?;
        ensure!(found == value, "{name}: {found}, expected {value}");
        Ok(())
    }
}

/// The beginning of what came, to be read by people.
fn shown(bytes: &[u8]) -> String {
    format!("{:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(200)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_on_one_connection_are_told_apart() {
        let came = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
        let answers = Answer::all(came).unwrap();
        let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
        assert_eq!(statuses, [200, 404]);
        assert_eq!(answers[0].body, b"abc");
        assert!(Answer::all(&came[..came.len() - 1]).is_err(), "the last answer is not whole");
    }

    #[test]
    fn an_answer_to_head_has_no_body() {
        let mut came: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nHTTP/1.1 200 OK\r\n\r\nx";
        assert!(Answer::take(&mut came, true).unwrap().body.is_empty());
        assert_eq!(Answer::take(&mut came, false).unwrap().body, b"x");
    }
}
