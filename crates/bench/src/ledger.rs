//! What does the broker say about the bytes it sent?

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::BenchError;
use crate::topic::SILENCE;

/// The counter on Crossdock's `/metrics` that holds its ledger.
const PAYLOAD_BYTES: &str = "crossdock_payload_bytes_total{";

/// More is no metrics page.
const MAX_PAGE_BYTES: u64 = 16 << 20;

/// Payload bytes that the broker sent during a run in one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    /// Path, mechanism and reason as the metric's labels have them.
    pub labels: String,
    /// Bytes.
    pub bytes: u64,
}

impl LedgerEntry {
    /// As JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({ "labels": self.labels, "bytes": self.bytes })
    }
}

impl fmt::Display for LedgerEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} GB by {}", self.bytes as f64 / 1e9, self.labels)
    }
}

/// The ledger at one moment: bytes by labels.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ledger {
    bytes: BTreeMap<String, u64>,
}

impl Ledger {
    /// Reads the ledger from the admin listener at `address`.
    pub(crate) fn read(address: &str) -> Result<Self, BenchError> {
        let page =
            get_metrics(address).map_err(|source| BenchError::Metrics { address: address.into(), source })?;
        Ok(Self::parse(&page))
    }

    /// What was sent after `earlier`.
    pub(crate) fn since(&self, earlier: &Self) -> Vec<LedgerEntry> {
        self.bytes
            .iter()
            .map(|(labels, &bytes)| LedgerEntry {
                labels: labels.clone(),
                bytes: bytes.saturating_sub(earlier.bytes.get(labels).copied().unwrap_or(0)),
            })
            .filter(|entry| entry.bytes > 0)
            .collect()
    }

    fn parse(page: &str) -> Self {
        let entries = page.lines().filter_map(|line| line.strip_prefix(PAYLOAD_BYTES)).filter_map(|rest| {
            let (labels, bytes) = rest.rsplit_once("} ")?;
            Some((labels.replace('"', ""), bytes.parse().ok()?))
        });
        Self { bytes: entries.collect() }
    }
}

fn get_metrics(address: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(SILENCE))?;
    write!(stream, "GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(MAX_PAGE_BYTES).read_to_string(&mut answer)?;
    if answer.split_whitespace().nth(1) != Some("200") {
        return Err(io::Error::other(answer.lines().next().unwrap_or("no answer").to_owned()));
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "# TYPE crossdock_payload_bytes counter\n\
        crossdock_payload_bytes_total{path=\"fetch\",mechanism=\"sendfile\",reason=\"first choice\"} 100\n";
    const AFTER: &str = "crossdock_payload_bytes_total{path=\"fetch\",mechanism=\"sendfile\",reason=\"first choice\"} 350\n\
        crossdock_payload_bytes_total{path=\"fetch\",mechanism=\"write\",reason=\"small\"} 5\n\
        crossdock_other_total 9\n";

    #[test]
    fn a_run_is_the_difference_of_two_pages() {
        let sent = Ledger::parse(AFTER).since(&Ledger::parse(BEFORE));
        let sent: Vec<_> = sent.iter().map(|entry| (entry.labels.as_str(), entry.bytes)).collect();
        assert_eq!(
            sent,
            [
                ("path=fetch,mechanism=sendfile,reason=first choice", 250),
                ("path=fetch,mechanism=write,reason=small", 5)
            ]
        );
    }
}
