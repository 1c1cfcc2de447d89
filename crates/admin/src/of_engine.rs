//! Metrics of an engine: payload bytes by whom they were for, how they went and why, and waits for the disk.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use transfer::Engine;

/// Reads the ledger of an engine when somebody asks.
#[derive(Debug)]
pub struct OfEngine(pub Arc<Engine>);

impl Collector for OfEngine {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let snapshot = self.0.ledger().snapshot();
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
        counter(
            "slow_send_steps",
            "Steps of sends that took over half a millisecond, most likely waiting for the disk",
            snapshot.slow_steps,
        )?;
        let waited =
            encoder.encode_descriptor("cold_wait_seconds", "Time waited", None, MetricType::Counter)?;
        ConstCounter::new(snapshot.cold.waited.as_secs_f64()).encode(waited)
    }
}
