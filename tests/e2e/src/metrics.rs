//! The broker's admin pages, as a scraper reads them.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;

use crate::wait::DEADLINE;

/// One reading of `/metrics`.
#[derive(Debug)]
pub struct Metrics {
    samples: Vec<(String, BTreeMap<String, String>, f64)>,
}

impl Metrics {
    /// Reads `/metrics` of the admin listener at `address`.
    ///
    /// # Panics
    ///
    /// When the page is not served, or is not OpenMetrics.
    pub fn read(address: &str) -> Self {
        let (status, text) = get(address, "/metrics");
        assert_eq!(status, 200, "{text}");
        assert!(text.ends_with("# EOF\n"), "OpenMetrics ends with # EOF:\n{text}");
        let samples = text.lines().filter(|line| !line.starts_with('#')).map(sample).collect();
        Self { samples }
    }

    /// The sum of all samples called `name` whose labels include all of `labels`.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.samples
            .iter()
            .filter(|(of, has, _)| {
                of == name && labels.iter().all(|(key, value)| has.get(*key).is_some_and(|has| has == value))
            })
            .map(|(_, _, value)| value)
            .sum()
    }
}

/// The status and the body of `path` at `address`.
///
/// # Panics
///
/// When there is no HTTP answer.
pub fn get(address: &str, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).expect("the admin listener");
    stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, body.to_owned())
}

/// `name{key="value",...} number`; no label here has a comma or a quote in its value.
fn sample(line: &str) -> (String, BTreeMap<String, String>, f64) {
    let (series, value) = line.rsplit_once(' ').expect("a sample has a value");
    let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
    let labels = labels
        .trim_end_matches('}')
        .split(',')
        .filter_map(|label| label.split_once('='))
        .map(|(key, value)| (key.to_owned(), value.trim_matches('"').to_owned()))
        .collect();
    (name.to_owned(), labels, value.parse().expect("a number"))
}
