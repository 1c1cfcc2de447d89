//! Metrics of the process: memory, open files, CPU time.

use std::fmt;
use std::fs;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// Reads `/proc/self` when somebody asks.
#[derive(Debug)]
pub struct OfProcess;

impl Collector for OfProcess {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let mut gauge = |name: &str, help: &str, value: u64| {
            let value = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            value.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)
        };
        gauge("process_resident_bytes", "Resident memory of the process", resident_bytes())?;
        gauge("process_open_files", "Open file descriptors", open_files())?;
        let (user, system) = cpu_seconds();
        let mut cpu = encoder.encode_descriptor(
            "process_cpu_seconds",
            "CPU time of the process",
            None,
            MetricType::Counter,
        )?;
        ConstCounter::new(user).encode(cpu.encode_family(&[("mode", "user")])?)?;
        ConstCounter::new(system).encode(cpu.encode_family(&[("mode", "system")])?)
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
