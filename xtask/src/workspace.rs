//! This checkout: where it is, the program that it builds, and what other programs say of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_owned()
}

/// Builds `crossdock` as users do, and returns the program.
pub(crate) fn build() -> anyhow::Result<PathBuf> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--release", "--package", "crossdock"]).current_dir(root());
    ensure!(cargo.status().context("running cargo")?.success(), "crossdock does not build");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    Ok(fs::canonicalize(target.join("release/crossdock"))?)
}

/// The day, as `YYYY-MM-DD`, for what is written down about a run.
pub(crate) fn today() -> anyhow::Result<String> {
    output_of("date", &["+%Y-%m-%d"])
}

/// What a program prints that is run in the root of the workspace.
pub(crate) fn output_of(program: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(program).args(arguments).current_dir(root()).output();
    let output = output.with_context(|| format!("running {program}"))?;
    ensure!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
