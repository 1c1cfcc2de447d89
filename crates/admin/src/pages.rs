//! What can be asked of a server, and what does it answer?

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;

/// The content type of OpenMetrics text.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A server that is operated by these pages.
pub trait Operated: Send + Sync + 'static {
    /// All that it counts, as OpenMetrics text.
    ///
    /// # Errors
    /// When it cannot be written down.
    fn metrics(&self) -> Result<String, fmt::Error>;

    /// Whether it has begun to stop: it is ready until then.
    fn is_stopping(&self) -> bool;

    /// Completes when it begins to stop.
    fn stopping(&self) -> impl Future<Output = ()> + Send;
}

/// Binds the pages' address, `host:port`; port 0 takes any free one.
///
/// # Errors
/// The system's.
pub async fn bind(address: &str) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Serves the pages of `server` until it stops.
///
/// # Errors
/// Those of accepting connections.
pub async fn serve<S: Operated>(server: Arc<S>, listener: TcpListener) -> io::Result<()> {
    let stopping = Arc::clone(&server);
    let pages = Router::new()
        .route("/metrics", get(metrics::<S>))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready::<S>))
        .with_state(server);
    axum::serve(listener, pages).with_graceful_shutdown(async move { stopping.stopping().await }).await
}

async fn metrics<S: Operated>(State(server): State<Arc<S>>) -> Response {
    match server.metrics() {
        Ok(text) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// Ready from the moment the listeners accept until the server begins to stop.
async fn ready<S: Operated>(State(server): State<Arc<S>>) -> Response {
    if server.is_stopping() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response();
    }
    "ready\n".into_response()
}
