//! `cargo xtask fuzz`: the targets in `fuzz/fuzz_targets`, each for a while.
//!
//! They are built by the toolchain of this workspace, with libFuzzer's instrumentation for coverage and without a
//! sanitizer: those need a nightly toolchain, and look for what safe Rust rules out. What is unsafe is in
//! `transfer::sys`, which has no bytes of a peer's to read.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};

use anyhow::{Context as _, ensure};
use clap::Args;

use crate::workspace;

/// How libFuzzer has code instrumented, and that arithmetic and assertions are checked.
const RUSTFLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions --cfg fuzzing";

/// The largest input that is made up, in bytes: room for a message with something in every field, or a small log.
const MAX_INPUT_BYTES: u32 = 8192;

/// The longest that one input may take, in seconds.
const TIMEOUT_SECONDS: u32 = 20;

/// The most memory that a target may hold, in MiB: a zstd window of 2²⁷ bytes, what goes with it, and the corpus.
const RSS_LIMIT_MIB: u32 = 512;

/// Feed hostile bytes to what reads from sockets, disks and configuration files.
///
/// What the fuzzer learns stays in fuzz/corpus; what breaks a target goes to fuzz/artifacts.
#[derive(Args)]
pub(crate) struct Fuzz {
    /// The targets to run; all by default.
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,
    /// How long to run each, in seconds.
    #[arg(long, value_name = "N", default_value_t = 60)]
    seconds: u32,
}

impl Fuzz {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let folder = workspace::root().join("fuzz");
        let known = targets(&folder)?;
        for target in &self.targets {
            ensure!(known.contains(target), "no target is called {target}: there are {}", known.join(", "));
        }
        let chosen = if self.targets.is_empty() { known } else { self.targets };
        let programs = build(&folder)?;
        let mut broken = Vec::new();
        for target in chosen {
            println!("fuzzing {target} for {} s", self.seconds);
            let status = run(&folder, &programs.join(&target), self.seconds)
                .with_context(|| format!("running the fuzz target {target}"))?;
            if !status.success() {
                broken.push(target);
            }
        }
        ensure!(broken.is_empty(), "broken: {}; the inputs are in fuzz/artifacts", broken.join(", "));
        Ok(ExitCode::SUCCESS)
    }
}

/// The targets by name.
fn targets(folder: &Path) -> anyhow::Result<Vec<String>> {
    let sources = folder.join("fuzz_targets");
    let mut targets = Vec::new();
    for entry in fs::read_dir(&sources).with_context(|| format!("listing {}", sources.display()))? {
        let path: PathBuf = entry?.path();
        targets.extend(path.file_stem().and_then(|name| name.to_str()).map(str::to_owned));
    }
    targets.sort();
    Ok(targets)
}

/// Builds all targets and says where they are.
fn build(folder: &Path) -> anyhow::Result<PathBuf> {
    // Flags for a target that is named are not those of build scripts, which nothing could link.
    let host = host()?;
    let built = Command::new("cargo")
        .args(["build", "--release", "--bins", "--target", &host])
        .arg("--manifest-path")
        .arg(folder.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(folder.join("target"))
        .env("RUSTFLAGS", RUSTFLAGS)
        .status()
        .context("running cargo build")?;
    ensure!(built.success(), "the fuzz targets do not build");
    Ok(folder.join("target").join(host).join("release"))
}

/// This machine, as rustc calls it.
fn host() -> anyhow::Result<String> {
    let said = workspace::output_of("rustc", &["-vV"])?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc names no host")?.to_owned())
}

fn run(folder: &Path, program: &Path, seconds: u32) -> anyhow::Result<ExitStatus> {
    let target = program.file_name().context("a target's name")?;
    let (corpus, artifacts) = (folder.join("corpus").join(target), folder.join("artifacts").join(target));
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(&artifacts)?;
    let status = Command::new(program)
        .arg(&corpus)
        // The last separator is part of the prefix: libFuzzer appends the name to it as it is.
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-max_len={MAX_INPUT_BYTES}"))
        .arg(format!("-timeout={TIMEOUT_SECONDS}"))
        .arg(format!("-rss_limit_mb={RSS_LIMIT_MIB}"))
        .arg("-print_final_stats=1")
        .status()?;
    Ok(status)
}
