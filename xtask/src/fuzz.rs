//! `cargo xtask fuzz`: the targets in `fuzz/fuzz_targets`, each for a while.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, bail, ensure};
use clap::Args;

/// The toolchain that has sanitizers.
const TOOLCHAIN: &str = "nightly";

/// The largest input that is made up, in bytes: room for a message with something in every field, or a small log.
const MAX_INPUT_BYTES: u32 = 8192;

/// The longest that one input may take, in seconds.
const TIMEOUT_SECONDS: u32 = 20;

/// The most memory that one allocation may take, in MiB: a zstd window of 2²⁷ bytes and what goes with it.
const MALLOC_LIMIT_MIB: u32 = 136;

/// The most memory that a target may hold, in MiB; the sanitizer keeps as much again of what was freed.
const RSS_LIMIT_MIB: u32 = 1024;

/// Feed hostile bytes to what reads from sockets, disks and configuration files.
///
/// Needs a nightly toolchain and cargo-fuzz. What the fuzzer learns stays in fuzz/corpus; what breaks a target goes to
/// fuzz/artifacts.
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
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("fuzz");
        let known = targets(&folder)?;
        for target in &self.targets {
            ensure!(known.contains(target), "no target is called {target}: there are {}", known.join(", "));
        }
        ensure_installed()?;
        let chosen = if self.targets.is_empty() { known } else { self.targets };

        let built = cargo_fuzz(&folder, "build").status().context("running cargo fuzz build")?;
        ensure!(built.success(), "the fuzz targets do not build");
        let mut broken = Vec::new();
        for target in chosen {
            println!("fuzzing {target} for {} s", self.seconds);
            let status = cargo_fuzz(&folder, "run")
                .args([&target, "--"])
                .arg(format!("-max_total_time={}", self.seconds))
                .arg(format!("-max_len={MAX_INPUT_BYTES}"))
                .arg(format!("-timeout={TIMEOUT_SECONDS}"))
                .arg(format!("-malloc_limit_mb={MALLOC_LIMIT_MIB}"))
                .arg(format!("-rss_limit_mb={RSS_LIMIT_MIB}"))
                .arg("-print_final_stats=1")
                .status()
                .with_context(|| format!("running cargo fuzz run {target}"))?;
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

fn ensure_installed() -> anyhow::Result<()> {
    let succeeds = |command: &mut Command| {
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    let mut missing = Vec::new();
    if !succeeds(Command::new("rustup").args(["run", TOOLCHAIN, "cargo", "--version"])) {
        missing.push(format!("a nightly toolchain: rustup toolchain install {TOOLCHAIN} --profile minimal"));
    }
    if !succeeds(Command::new("cargo").args(["fuzz", "--version"])) {
        missing.push("cargo-fuzz: cargo install cargo-fuzz --locked".to_owned());
    }
    if !missing.is_empty() {
        bail!("fuzzing needs what is not installed:\n  {}", missing.join("\n  "));
    }
    Ok(())
}

/// `cargo fuzz` of the nightly toolchain, whichever toolchain runs this.
fn cargo_fuzz(folder: &Path, command: &str) -> Command {
    let mut cargo = Command::new("rustup");
    cargo.args(["run", TOOLCHAIN, "cargo", "fuzz", command, "--fuzz-dir"]).arg(folder);
    cargo
}
