//! What a server is started with.

use std::path::PathBuf;

use transfer::Policy;

pub use crate::access_log::LogTo;

/// Files shorter than this are copied next to their heads, and both leave in one system call.
///
/// More than a broker's (`transfer::COPY_BELOW_BYTES`): nobody knows here whether the file's pages are in memory, and
/// `sendfile` would have to ask first. `crates/transfer/examples/small_regions.rs` measures both.
pub const COPY_BELOW_BYTES: u64 = 16 * 1024;

/// Connections at the same time: each takes a file descriptor or two, and some KiB while it is served.
const CONNECTIONS_MAX: usize = 16_384;

/// What a server is started with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder whose files are served.
    pub root: PathBuf,
    /// Where to listen, `host:port`; port 0 takes any free one.
    pub listen: String,
    /// Where `/metrics`, `/healthz` and `/readyz` are served, if anywhere.
    pub admin: Option<String>,
    /// Where the access log goes, if anywhere.
    pub access_log: Option<LogTo>,
    /// Whether folders without an index are listed.
    pub listing: bool,
    /// Whether `file.br`, `file.zst` and `file.gz` are sent for `file` to those who would rather have them.
    pub precompressed: bool,
    /// Connections at the same time; more wait until one ends.
    pub connections_max: usize,
    /// How files leave.
    pub policy: Policy,
}

impl Settings {
    /// The files of `root` and nothing else, on `listen`.
    pub fn new(root: impl Into<PathBuf>, listen: impl Into<String>) -> Self {
        Self {
            root: root.into(),
            listen: listen.into(),
            admin: None,
            access_log: None,
            listing: false,
            precompressed: false,
            connections_max: CONNECTIONS_MAX,
            policy: Policy::automatic().with_copy_below(COPY_BELOW_BYTES),
        }
    }
}
