//! What a Crossdock counts, read from its admin listener.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use crate::process::PATIENCE;

/// Whatever has been sent is counted by then.
const SETTLED: Duration = Duration::from_secs(2);

/// One reading of `/metrics`.
#[derive(Debug)]
pub(crate) struct Metrics(String);

impl Metrics {
    /// Reads the page of the admin listener at `address`.
    pub(crate) fn read(address: &str) -> anyhow::Result<Self> {
        let mut stream = TcpStream::connect(address).context("connecting to the admin listener")?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(stream, "GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).context("reading /metrics")?;
        let (head, page) = answer.split_once("\r\n\r\n").context("/metrics: no end of the headers")?;
        ensure!(head.starts_with("HTTP/1.1 200 "), "/metrics: {head}");
        Ok(Self(page.to_owned()))
    }

    /// Reads it until the payload of `path` has grown by `bytes` since `before`, or for a while: a socket has taken
    /// bytes, and its peer has them, a moment before they are counted.
    pub(crate) fn read_grown(address: &str, before: &Self, path: &str, bytes: u64) -> anyhow::Result<Self> {
        let begun = Instant::now();
        loop {
            let now = Self::read(address)?;
            let grown = now.payload_bytes(path, &[]) - before.payload_bytes(path, &[]);
            if grown >= bytes || begun.elapsed() > SETTLED {
                return Ok(now);
            }
        }
    }

    /// The sum of all samples of a counter, called `name` on the page, that have each of these labels.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        let wanted: Vec<String> = labels.iter().map(|(key, value)| format!("{key}=\"{value}\"")).collect();
        let samples = self.0.lines().filter_map(|line| line.rsplit_once(' '));
        samples
            .filter(|(series, _)| {
                let (of, has) = series.split_once('{').unwrap_or((series, "}"));
                // No label here has a comma in its value.
                let has: Vec<_> = has.trim_end_matches('}').split(',').collect();
                of == name && wanted.iter().all(|label| has.contains(&label.as_str()))
            })
            .filter_map(|(_, value)| value.parse::<u64>().ok())
            .sum()
    }

    /// Payload that sockets took on behalf of HTTP's clients, with these further labels.
    pub(crate) fn http_payload_bytes(&self, labels: &[(&str, &str)]) -> u64 {
        self.payload_bytes("http", labels)
    }

    /// Payload that sockets took on behalf of `path`, with these further labels.
    pub(crate) fn payload_bytes(&self, path: &str, labels: &[(&str, &str)]) -> u64 {
        self.sum("crossdock_payload_bytes_total", &[&[("path", path)], labels].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_summed_by_their_labels() {
        let page = "# TYPE a counter\na_total{x=\"1\",y=\"2\"} 10\na_total{x=\"1\",y=\"3\"} 5\na_total{x=\"2\"} 1\nb_total 7\n";
        let metrics = Metrics(page.to_owned());
        assert_eq!(metrics.sum("a_total", &[("x", "1")]), 15);
        assert_eq!(metrics.sum("a_total", &[("y", "2"), ("x", "1")]), 10);
        assert_eq!(metrics.sum("a_total", &[]), 16);
        assert_eq!(metrics.sum("b_total", &[]), 7);
    }
}
