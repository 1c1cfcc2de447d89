//! What the server counts besides its engine's ledger, as OpenMetrics.

use std::fmt;
use std::sync::Arc;

use admin::{OfEngine, OfProcess};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use transfer::Engine;

use crate::status::Status;

/// The counters of one server.
#[derive(Debug)]
pub(crate) struct Metrics {
    pub(crate) connections: Gauge,
    /// Clients that were let go because they did not send or did not read.
    pub(crate) timeouts: Counter,
    /// Lines that the access log had no room for.
    pub(crate) log_lines_lost: Counter,
    requests: Vec<(Status, Counter)>,
    registry: Registry,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatusLabel {
    status: u16,
}

impl Metrics {
    pub(crate) fn new(engine: &Arc<Engine>) -> Self {
        let mut registry = Registry::with_prefix("crossdock");
        let connections = Gauge::default();
        registry.register("connections", "Connections of clients that are open", connections.clone());
        let timeouts = Counter::default();
        registry.register(
            "http_timeouts",
            "Connections that were closed because their client did not finish a request, or did not read an answer",
            timeouts.clone(),
        );
        let log_lines_lost = Counter::default();
        registry.register(
            "http_access_log_lines_lost",
            "Requests that are missing in the access log because it was not written fast enough",
            log_lines_lost.clone(),
        );
        let family = Family::<StatusLabel, Counter>::default();
        registry.register("http_requests", "Requests by the status they were answered with", family.clone());
        let of_status =
            |status: Status| (status, family.get_or_create(&StatusLabel { status: status.code() }).clone());
        let requests = Status::ALL.into_iter().map(of_status).collect();
        registry.register_collector(Box::new(OfEngine(Arc::clone(engine))));
        registry.register_collector(Box::new(OfProcess));
        Self { connections, timeouts, log_lines_lost, requests, registry }
    }

    /// Counts an answer.
    pub(crate) fn answered(&self, status: Status) {
        if let Some((_, count)) = self.requests.iter().find(|(known, _)| *known == status) {
            count.inc();
        }
    }

    /// All of it as text.
    pub(crate) fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
