//! What can be asked of a proxy while it runs: what it counts and what its engine does, as OpenMetrics.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use admin::{OfEngine, OfProcess, Operated};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use tokio::sync::watch;
use transfer::Engine;

use crate::Counters;

/// Hears of the grace that is given when the proxy is asked to stop.
pub(crate) type StopReceiver = watch::Receiver<Option<Duration>>;

/// All that is on `/metrics`, and whether the proxy is stopping.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    stop: StopReceiver,
}

impl Metrics {
    pub(crate) fn new(counters: &Arc<Counters>, engine: &Arc<Engine>, stop: StopReceiver) -> Self {
        let mut registry = Registry::with_prefix("crossdock");
        registry.register_collector(Box::new(OfCounters(Arc::clone(counters))));
        registry.register_collector(Box::new(OfEngine(Arc::clone(engine))));
        registry.register_collector(Box::new(OfProcess));
        Self { registry, stop }
    }
}

impl Operated for Metrics {
    fn metrics(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }

    fn is_stopping(&self) -> bool {
        self.stop.borrow().is_some()
    }

    async fn stopping(&self) {
        // A proxy that is dropped stops, too.
        let _ = self.stop.clone().wait_for(Option::is_some).await;
    }
}

/// Reads the counters of a proxy when somebody asks.
#[derive(Debug)]
struct OfCounters(Arc<Counters>);

impl Collector for OfCounters {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let totals = self.0.totals();
        let open = encoder.encode_descriptor(
            "connections",
            "Connections of clients that are open",
            None,
            MetricType::Gauge,
        )?;
        ConstGauge::new(i64::try_from(totals.open).unwrap_or(i64::MAX)).encode(open)?;
        let accepted = encoder.encode_descriptor(
            "proxy_connections_accepted",
            "Connections of clients that were accepted",
            None,
            MetricType::Counter,
        )?;
        ConstCounter::new(totals.accepted).encode(accepted)?;
        let mut ended = encoder.encode_descriptor(
            "proxy_connections_ended",
            "Connections that ended: closed by both peers in order, or reset for any other reason",
            None,
            MetricType::Counter,
        )?;
        for (how, number) in [
            ("closed", totals.closed),
            ("unreachable", totals.unreachable),
            ("lost", totals.lost),
            ("idle", totals.idle),
            ("failed", totals.failed),
        ] {
            ConstCounter::new(number).encode(ended.encode_family(&[("how", how)])?)?;
        }
        let mut delivered = encoder.encode_descriptor(
            "proxy_delivered_bytes",
            "Bytes that were passed on, by who got them",
            None,
            MetricType::Counter,
        )?;
        for (to, bytes) in [("target", totals.to_target_bytes), ("client", totals.to_client_bytes)] {
            ConstCounter::new(bytes).encode(delivered.encode_family(&[("to", to)])?)?;
        }
        Ok(())
    }
}
