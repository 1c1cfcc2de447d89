//! `crossdock produce`: lines become records.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use client::{Acks, ClientError, Delivery, Producer, ProducerConfig, ProducerRecord};
use indicatif::{ProgressBar, ProgressStyle};
use protocol::PartitionIndex;
use protocol::records::{Codec, Compression};

use super::{Bootstrap, block_on};
use crate::times::now_ms;
use crate::units::{bytes, count, counted, duration, per_second};

/// Write lines to a topic as records.
///
/// Lines come from files, or from standard input. Where the brokers create topics on demand, this is a demand.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Produce {
    #[command(flatten)]
    bootstrap: Bootstrap,
    /// The topic to write to.
    topic: String,
    /// Files to read lines from, one after the other; `-` or none is standard input.
    files: Vec<PathBuf>,
    /// What ends the key and begins the value in each line; without it records have no keys.
    #[arg(long, value_name = "TEXT")]
    key_separator: Option<String>,
    /// The partition for all records [default: by the key, or in turns].
    #[arg(long)]
    partition: Option<i32>,
    /// How batches are compressed.
    #[arg(long, value_enum, default_value_t)]
    compression: CompressionArg,
    /// Who must have a record before it counts.
    #[arg(long, value_enum, default_value_t)]
    acks: AcksArg,
    /// How long a batch waits for more lines, in ms.
    #[arg(long, value_name = "MS", default_value_t = 5)]
    linger: u64,
    /// Say nothing but errors.
    #[arg(long, short)]
    quiet: bool,
}

const EXAMPLES: &str = "\
Examples:
  seq 1000 | crossdock produce numbers
  crossdock produce orders orders.csv --key-separator , --compression zstd
  echo 'customer-7:{\"total\": 12}' | crossdock produce orders --key-separator :
  crossdock produce logs --bootstrap broker-1:9092 < /var/log/syslog";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum CompressionArg {
    #[default]
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum AcksArg {
    /// The leader alone.
    Leader,
    /// All replicas that are in sync.
    #[default]
    All,
}

impl From<CompressionArg> for Compression {
    fn from(argument: CompressionArg) -> Self {
        match argument {
            CompressionArg::None => Self::None,
            CompressionArg::Gzip => Self::Gzip,
            CompressionArg::Snappy => Self::Snappy,
            CompressionArg::Lz4 => Self::Lz4,
            CompressionArg::Zstd => Self::Zstd,
        }
    }
}

impl Produce {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        block_on(self.produce())?;
        Ok(ExitCode::SUCCESS)
    }

    async fn produce(self) -> anyhow::Result<()> {
        let client = self.bootstrap.connect().await?;
        client.demand_topic(&self.topic).await?;
        let config = ProducerConfig {
            acks: match self.acks {
                AcksArg::Leader => Acks::Leader,
                AcksArg::All => Acks::All,
            },
            linger: Duration::from_millis(self.linger),
            codec: Codec::new(self.compression.into()),
            ..ProducerConfig::default()
        };
        let line_limit_bytes = config.max_record_bytes as u64;
        let producer = Producer::start(client, config);
        let mut sent = Sent::new(progress_bar(self.quiet, &self.files));
        let standard_input = [PathBuf::from("-")];
        let files = if self.files.is_empty() { &standard_input[..] } else { &self.files };
        for file in files {
            let mut lines = Lines::open(file, line_limit_bytes)?;
            while lines.advance()? {
                let delivery = self.send(&producer, &lines.line).await;
                sent.note(delivery.with_context(|| lines.place())?, lines.line.len())?;
            }
        }
        producer.flush().await;
        sent.settle()?;
        sent.summarize(&self.topic, self.quiet);
        Ok(())
    }

    async fn send(&self, producer: &Producer, line: &[u8]) -> Result<Delivery, ClientError> {
        let separator = self.key_separator.as_deref().unwrap_or_default();
        let (key, value) = split_key(line, separator.as_bytes());
        let record = ProducerRecord {
            topic: &self.topic,
            partition: self.partition.map(PartitionIndex),
            timestamp_ms: now_ms(),
            key,
            value: Some(value),
            headers: &[],
        };
        producer.send(&record).await
    }
}

/// A line without the separator has no key.
fn split_key<'a>(line: &'a [u8], separator: &[u8]) -> (Option<&'a [u8]>, &'a [u8]) {
    if separator.is_empty() {
        return (None, line);
    }
    match line.windows(separator.len()).position(|window| window == separator) {
        Some(at) => (Some(&line[..at]), &line[at + separator.len()..]),
        None => (None, line),
    }
}

/// The lines of a file, without their ends.
struct Lines {
    reader: Box<dyn BufRead>,
    name: String,
    number: u64,
    line: Vec<u8>,
    limit_bytes: u64,
}

impl Lines {
    fn open(path: &Path, limit_bytes: u64) -> anyhow::Result<Self> {
        let (name, reader): (String, Box<dyn BufRead>) = if path.as_os_str() == "-" {
            ("standard input".to_owned(), Box::new(BufReader::new(io::stdin())))
        } else {
            let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
            (path.display().to_string(), Box::new(BufReader::with_capacity(256 * 1024, file)))
        };
        Ok(Self { reader, name, number: 0, line: Vec::new(), limit_bytes })
    }

    /// Reads the next line; false where there is none.
    fn advance(&mut self) -> anyhow::Result<bool> {
        self.line.clear();
        let read = self.reader.by_ref().take(self.limit_bytes).read_until(b'\n', &mut self.line);
        if read.with_context(|| format!("cannot read {}", self.name))? == 0 {
            return Ok(false);
        }
        self.number += 1;
        if self.line.pop_if(|last| *last == b'\n').is_none() && self.line.len() as u64 == self.limit_bytes {
            bail!("{}: longer than {}, the most a record may be", self.place(), bytes(self.limit_bytes));
        }
        Ok(true)
    }

    fn place(&self) -> String {
        format!("{}, line {}", self.name, self.number)
    }
}

/// What was sent and what became of it.
struct Sent {
    began: Instant,
    records: u64,
    bytes: u64,
    /// Of those whose fate is not known yet, in order: as many as the producer's buffer holds.
    waiting: VecDeque<Delivery>,
    bar: ProgressBar,
}

impl Sent {
    fn new(bar: ProgressBar) -> Self {
        Self { began: Instant::now(), records: 0, bytes: 0, waiting: VecDeque::new(), bar }
    }

    /// Counts a record, and learns what became of earlier ones.
    fn note(&mut self, delivery: Delivery, line_bytes: usize) -> anyhow::Result<()> {
        self.records += 1;
        self.bytes += line_bytes as u64;
        self.bar.inc(line_bytes as u64 + 1);
        if self.bar.is_hidden() || self.records.is_multiple_of(1000) {
            self.bar.set_message(counted(self.records, "record"));
        }
        self.waiting.push_back(delivery);
        self.settle()
    }

    /// Forgets those that were delivered.
    fn settle(&mut self) -> anyhow::Result<()> {
        while let Some(outcome) = self.waiting.front().and_then(Delivery::try_outcome) {
            outcome.with_context(|| {
                let delivered = self.records - self.waiting.len() as u64;
                format!("{} of {} delivered", count(delivered), counted(self.records, "record"))
            })?;
            self.waiting.pop_front();
        }
        Ok(())
    }

    fn summarize(&self, topic: &str, quiet: bool) {
        self.bar.finish_and_clear();
        if !quiet {
            let elapsed = self.began.elapsed();
            eprintln!(
                "{} ({}) to {topic} in {}: {} records/s, {}/s",
                counted(self.records, "record"),
                bytes(self.bytes),
                duration(elapsed),
                count(per_second(self.records, elapsed)),
                bytes(per_second(self.bytes, elapsed)),
            );
        }
    }
}

/// A bar with an end where all sizes are known, else one that counts; none where nobody is looking.
fn progress_bar(quiet: bool, files: &[PathBuf]) -> ProgressBar {
    let reads_terminal = files.is_empty() && io::stdin().is_terminal();
    if quiet || reads_terminal || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let sizes: Option<Vec<u64>> = files
        .iter()
        .map(|file| file.metadata().ok().filter(|meta| meta.is_file()).map(|meta| meta.len()))
        .collect();
    let (bar, template) = match sizes.filter(|sizes| !sizes.is_empty()) {
        Some(sizes) => (
            ProgressBar::new(sizes.iter().sum()),
            "{bar:30} {bytes}/{total_bytes} {binary_bytes_per_sec} {msg} {eta} left",
        ),
        None => (ProgressBar::new_spinner(), "{spinner} {bytes} {binary_bytes_per_sec} {msg}"),
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn the_key_ends_at_the_first_separator() {
        assert_eq!(split_key(b"k:v:w", b":"), (Some(&b"k"[..]), &b"v:w"[..]));
        assert_eq!(split_key(b"k => v", b" => "), (Some(&b"k"[..]), &b"v"[..]));
        assert_eq!(split_key(b":v", b":"), (Some(&b""[..]), &b"v"[..]));
        assert_eq!(split_key(b"no key", b":"), (None, &b"no key"[..]));
        assert_eq!(split_key(b"k:v", b""), (None, &b"k:v"[..]));
    }

    fn lines_of(content: &[u8], limit_bytes: u64) -> anyhow::Result<Vec<Vec<u8>>> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content).unwrap();
        let mut lines = Lines::open(file.path(), limit_bytes)?;
        let mut all = Vec::new();
        while lines.advance()? {
            all.push(lines.line.clone());
        }
        Ok(all)
    }

    #[test]
    fn lines_are_bytes_and_the_last_one_needs_no_end() {
        assert_eq!(
            lines_of(b"a\n\n\xff\xfe\r\nlast", 100).unwrap(),
            [&b"a"[..], b"", b"\xff\xfe\r", b"last"]
        );
        assert_eq!(lines_of(b"", 100).unwrap(), [b""; 0]);
    }

    #[test]
    fn a_line_that_no_record_can_hold_is_named() {
        let error = lines_of(b"short\nfar too long\n", 8).unwrap_err().to_string();
        assert!(error.ends_with("line 2: longer than 8 B, the most a record may be"), "{error}");
    }
}
