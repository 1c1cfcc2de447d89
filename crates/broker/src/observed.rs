//! Metrics that are read off the broker when somebody asks: the ledger of payload bytes, the partitions, the process.

use std::fs;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use transfer::Engine;

use crate::fetch::Sessions;
use crate::partitions::Partitions;

/// What is looked at.
#[derive(Debug)]
pub(crate) struct Observed {
    pub(crate) engine: Arc<Engine>,
    pub(crate) partitions: Arc<Partitions>,
    pub(crate) sessions: Arc<Sessions>,
}

impl Collector for Observed {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        self.encode_ledger(&mut encoder)?;
        let (sessions, session_partitions) = self.sessions.size();
        let partitions = self.partitions.all();
        let log_bytes: u64 = partitions.iter().map(|partition| partition.log.size_bytes()).sum();
        let mut gauge = |name: &str, help: &str, value: u64| {
            let value = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            value.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)
        };
        gauge("fetch_sessions", "Fetch sessions (KIP-227)", sessions as u64)?;
        gauge("fetch_session_partitions", "Partitions in fetch sessions", session_partitions as u64)?;
        gauge("partitions", "Partitions that this broker holds", partitions.len() as u64)?;
        gauge("log_bytes", "Bytes of all log segments", log_bytes)?;
        gauge("process_resident_bytes", "Resident memory of the broker", resident_bytes())?;
        gauge("process_open_files", "Open file descriptors", open_files())?;
        let (user, system) = cpu_seconds();
        let mut cpu = encoder.encode_descriptor(
            "process_cpu_seconds",
            "CPU time of the broker",
            None,
            MetricType::Counter,
        )?;
        ConstCounter::new(user).encode(cpu.encode_family(&[("mode", "user")])?)?;
        ConstCounter::new(system).encode(cpu.encode_family(&[("mode", "system")])?)
    }
}

impl Observed {
    fn encode_ledger(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let snapshot = self.engine.ledger().snapshot();
        let mut payload = encoder.encode_descriptor(
            "payload_bytes",
            "Payload bytes that sockets took, by whom they were for, how they went and why that way",
            None,
            MetricType::Counter,
        )?;
        for entry in snapshot.iter() {
            let labels = [
                ("path", entry.path.as_str()),
                ("mechanism", entry.mechanism.as_str()),
                ("reason", entry.reason.as_str()),
            ];
            ConstCounter::new(entry.bytes).encode(payload.encode_family(&labels)?)?;
        }
        let mut counter = |name: &str, help: &str, value: u64| {
            ConstCounter::new(value).encode(encoder.encode_descriptor(
                name,
                help,
                None,
                MetricType::Counter,
            )?)
        };
        counter("header_bytes", "Bytes of answers that are not payload", snapshot.header_bytes)?;
        counter("answers", "Answers whose sending began", snapshot.plans)?;
        counter("regions", "File regions in those answers", snapshot.regions)?;
        counter("cold_waits", "Waits for file ranges that were not in the page cache", snapshot.cold.count)?;
        counter("cold_bytes", "Bytes that were waited for", snapshot.cold.bytes)?;
        let waited =
            encoder.encode_descriptor("cold_wait_seconds", "Time waited", None, MetricType::Counter)?;
        ConstCounter::new(snapshot.cold.waited.as_secs_f64()).encode(waited)
    }
}

/// Resident memory, from `/proc/self/statm`; 0 where it cannot be read.
fn resident_bytes() -> u64 {
    let pages = fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|text| text.split_ascii_whitespace().nth(1)?.parse::<u64>().ok());
    pages.unwrap_or(0) * rustix::param::page_size() as u64
}

fn open_files() -> u64 {
    fs::read_dir("/proc/self/fd").map_or(0, |entries| entries.count() as u64)
}

/// User and system time, from `/proc/self/stat`.
fn cpu_seconds() -> (f64, f64) {
    let ticks = rustix::param::clock_ticks_per_second() as f64;
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The command's name, in parentheses, may hold spaces; user and system time are the 12th and 13th field after it.
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let mut fields =
        after_name.split_ascii_whitespace().skip(11).map(|field| field.parse::<f64>().unwrap_or(0.0));
    (fields.next().unwrap_or(0.0) / ticks, fields.next().unwrap_or(0.0) / ticks)
}
