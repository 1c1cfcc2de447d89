//! What the program says about itself while it runs: short lines on standard error.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

/// Logs to standard error what `RUST_LOG` asks for, or else everything of `level` and above. Lines have no time of their
/// own: whoever keeps them, journald or a container's log, adds one.
pub(crate) fn init(level: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .without_time()
        .with_target(false)
        .compact()
        .init();
}
