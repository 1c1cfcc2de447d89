//! Producers and group members of every kind: how they are started, and what they say.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc::Sender;
use std::thread;

use anyhow::Context as _;
use serde_json::Value;

use super::install::Installed;
use crate::process::Process;

/// A Java member is missed after this time; the Python scripts say the same.
const SESSION_TIMEOUT_MS: &str = "6000";

/// Whose producers and members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Kafka's VerifiableProducer and VerifiableConsumer.
    Java,
    /// A script in `clients/python`.
    Python(&'static str),
}

/// What a participant says.
#[derive(Debug)]
pub(crate) enum Event {
    /// These records are acknowledged.
    Acknowledged(Vec<u64>),
    /// It has so many partitions now.
    Assigned(usize),
    /// It has read these records.
    Read(Vec<u64>),
    /// It says something else, which may tell why it failed.
    Other(String),
    /// Its standard output has ended.
    Ended,
}

/// A running producer or member. It is killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Participant {
    process: Process,
}

impl Participant {
    /// Starts a producer of the numbers below `records`.
    pub(crate) fn producer(
        installed: &Installed,
        kind: Kind,
        (bootstrap, topic): (&str, &str),
        records: u64,
        events: Sender<(usize, Event)>,
    ) -> anyhow::Result<Self> {
        let records = records.to_string();
        let mut command = match kind {
            Kind::Python(script) => {
                let mut command = installed.script(script);
                command.args(["produce", bootstrap, topic, &records]);
                command
            }
            Kind::Java => {
                let mut command = installed.kafka.tool("org.apache.kafka.tools.VerifiableProducer");
                command.args(["--bootstrap-server", bootstrap, "--topic", topic, "--max-messages", &records]);
                command.arg("--command-config").arg(installed.java_producer());
                command
            }
        };
        Self::start(&mut command, kind, 0, events)
    }

    /// Starts a member of `group`; `number` names it in its events.
    pub(crate) fn member(
        installed: &Installed,
        kind: Kind,
        (bootstrap, topic, group): (&str, &str, &str),
        number: usize,
        events: Sender<(usize, Event)>,
    ) -> anyhow::Result<Self> {
        let mut command = match kind {
            Kind::Python(script) => {
                let mut command = installed.script(script);
                command.args(["consume", bootstrap, topic, group]);
                command
            }
            Kind::Java => {
                let mut command = installed.kafka.tool("org.apache.kafka.tools.VerifiableConsumer");
                command.args([
                    "--bootstrap-server",
                    bootstrap,
                    "--topic",
                    topic,
                    "--group-id",
                    group,
                    "--verbose",
                ]);
                command.args(["--session-timeout", SESSION_TIMEOUT_MS, "--reset-policy", "earliest"]);
                command
            }
        };
        Self::start(&mut command, kind, number, events)
    }

    /// Ends it as a crash does (`kill -9`).
    pub(crate) fn die(self) -> anyhow::Result<()> {
        self.process.kill()
    }

    /// Whether it ended well, once its standard output has ended.
    pub(crate) fn succeeded(&mut self) -> anyhow::Result<bool> {
        Ok(self.process.wait()?.success())
    }

    fn start(
        command: &mut Command,
        kind: Kind,
        number: usize,
        events: Sender<(usize, Event)>,
    ) -> anyhow::Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {}", command.get_program().display()))?;
        let stdout = BufReader::new(child.stdout.take().context("a pipe")?);
        let stderr = BufReader::new(child.stderr.take().context("a pipe")?);
        let complaints = events.clone();
        // Nobody listens any more once everything is decided.
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let event = match kind {
                    Kind::Java => java_event(&line),
                    Kind::Python(_) => python_event(&line),
                };
                let _ = events.send((number, event));
            }
            let _ = events.send((number, Event::Ended));
        });
        thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let _ = complaints.send((number, Event::Other(line)));
            }
        });
        Ok(Self { process: Process::new(child) })
    }
}

/// A line as `clients/python/talk.py` describes them.
fn python_event(line: &str) -> Event {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let numbers = || rest.split(' ').filter_map(|number| number.parse().ok()).collect::<Vec<u64>>();
    match (word, rest.parse()) {
        ("acked", _) => Event::Acknowledged(numbers()),
        ("read", _) => Event::Read(numbers()),
        ("assigned", Ok(count)) => Event::Assigned(count),
        _ => Event::Other(line.to_owned()),
    }
}

/// A line of JSON as VerifiableProducer and VerifiableConsumer write them.
fn java_event(line: &str) -> Event {
    let Ok(event) = serde_json::from_str::<Value>(line) else { return Event::Other(line.to_owned()) };
    let number = || event["value"].as_str().and_then(|value| value.parse().ok()).into_iter().collect();
    match event["name"].as_str() {
        Some("producer_send_success") => Event::Acknowledged(number()),
        Some("record_data") => Event::Read(number()),
        Some("partitions_assigned") => Event::Assigned(event["partitions"].as_array().map_or(0, Vec::len)),
        // Counts, commits, starts and ends.
        Some(
            "records_consumed" | "offsets_committed" | "partitions_revoked" | "startup_complete"
            | "shutdown_complete" | "tool_data",
        ) => Event::Other(String::new()),
        _ => Event::Other(line.to_owned()),
    }
}
