//! What the broker counts, as OpenMetrics.

use std::time::Instant;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use protocol::ApiKey;

use crate::dispatch::advertised;

/// Upper bounds of the latency buckets in seconds, from what a metadata answer takes to what a long poll waits.
const LATENCY_BOUNDS: [f64; 12] =
    [0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.25, 1.0, 5.0];

/// The counters of one broker.
#[derive(Debug)]
pub(crate) struct Metrics {
    pub(crate) connections: Gauge,
    pub(crate) connections_refused: Counter,
    produced_bytes: Counter,
    produced_batches: Counter,
    requests: Vec<(ApiKey, OfApi)>,
    registry: Registry,
}

#[derive(Clone, Debug)]
struct OfApi {
    seconds: Histogram,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ApiLabel {
    api: &'static str,
}

/// Measures one request from its bytes to its answer.
pub(crate) struct RequestTimer<'a> {
    since: Instant,
    seconds: Option<&'a Histogram>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("crossdock");
        let connections = Gauge::default();
        registry.register("connections", "Connections of clients that are open", connections.clone());
        let connections_refused = Counter::default();
        registry.register(
            "connections_refused",
            "Connections that were closed because of what the peer did, or for want of room",
            connections_refused.clone(),
        );
        let (produced_bytes, produced_batches) = (Counter::default(), Counter::default());
        registry.register(
            "produced_bytes",
            "Bytes of record batches taken from producers",
            produced_bytes.clone(),
        );
        registry.register(
            "produced_batches",
            "Record batches taken from producers",
            produced_batches.clone(),
        );
        let family = Family::<ApiLabel, Histogram, fn() -> Histogram>::new_with_constructor(|| {
            Histogram::new(LATENCY_BOUNDS)
        });
        registry.register(
            "request_seconds",
            "Time from the last byte of a request to the first of its answer, long polls included",
            family.clone(),
        );
        let of_api =
            |key: ApiKey| OfApi { seconds: family.get_or_create(&ApiLabel { api: key.name() }).clone() };
        let requests = advertised().map(|(key, _)| (key, of_api(key))).collect();
        Self { connections, connections_refused, produced_bytes, produced_batches, requests, registry }
    }

    /// Adds what is only known when somebody asks.
    pub(crate) fn collect_from(&mut self, collector: impl Collector) {
        self.registry.register_collector(Box::new(collector));
    }

    pub(crate) fn produced(&self, bytes: usize) {
        self.produced_bytes.inc_by(bytes as u64);
        self.produced_batches.inc();
    }

    pub(crate) fn request(&self, key: ApiKey) -> RequestTimer<'_> {
        let of_api = self.requests.iter().find(|(known, _)| *known == key);
        RequestTimer { since: Instant::now(), seconds: of_api.map(|(_, of_api)| &of_api.seconds) }
    }

    /// All of it as text.
    pub(crate) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl RequestTimer<'_> {
    /// The answer is ready.
    pub(crate) fn done(self) {
        if let Some(seconds) = self.seconds {
            seconds.observe(self.since.elapsed().as_secs_f64());
        }
    }
}
