//! Metrics that are read off the broker when somebody asks: its partitions and fetch sessions.

use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::fetch::Sessions;
use crate::partitions::Partitions;

/// What is looked at.
#[derive(Debug)]
pub(crate) struct Observed {
    pub(crate) partitions: Arc<Partitions>,
    pub(crate) sessions: Arc<Sessions>,
}

impl Collector for Observed {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
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
        gauge("log_bytes", "Bytes of all log segments", log_bytes)
    }
}
