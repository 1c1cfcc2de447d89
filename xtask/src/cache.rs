//! Where developer commands keep what they have fetched.

use std::path::PathBuf;

use anyhow::Context as _;

/// `$CROSSDOCK_CACHE`, else `~/.cache/crossdock`.
pub(crate) fn folder() -> anyhow::Result<PathBuf> {
    match std::env::var_os("CROSSDOCK_CACHE") {
        Some(folder) => Ok(PathBuf::from(folder)),
        None => Ok(std::env::home_dir()
            .context("no home directory: set CROSSDOCK_CACHE")?
            .join(".cache/crossdock")),
    }
}
