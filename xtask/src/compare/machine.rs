//! The machine and the versions that numbers belong to.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};

use super::{memory, pacing};
use crate::kafka;

/// What one has to know of a machine to read numbers measured on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    pub(crate) memory_gib: u64,
    pub(crate) kernel: String,
    pub(crate) virtual_machine: bool,
    pub(crate) congestion_control: String,
    pub(crate) kafka: String,
    pub(crate) java: String,
    pub(crate) kcat: String,
    pub(crate) rustc: String,
}

impl Machine {
    pub(crate) fn describe() -> anyhow::Result<Self> {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").context("reading /proc/cpuinfo")?;
        let field = |name: &str| {
            let line = cpuinfo.lines().find(|line| line.starts_with(name))?;
            line.split_once(':').map(|(_, value)| value.trim().to_owned())
        };
        let kernel = rustix::system::uname().release().to_string_lossy().into_owned();
        Ok(Self {
            cpu: field("model name").unwrap_or_else(|| "unknown".to_owned()),
            cores: std::thread::available_parallelism()?.get(),
            memory_gib: memory::total_bytes()?.div_ceil(1 << 30),
            // The build's own suffix says nothing about the kernel.
            kernel: kernel.split('-').next().unwrap_or_default().to_owned(),
            virtual_machine: field("flags")
                .is_some_and(|flags| flags.split(' ').any(|flag| flag == "hypervisor")),
            congestion_control: pacing::congestion_control()?,
            kafka: kafka::VERSION.to_owned(),
            java: first_line("java", &["-version"], "a Java runtime, version 17 or later")?,
            kcat: kcat_version()?,
            rustc: first_line("rustc", &["--version"], "Rust")?,
        })
    }
}

/// Such as `1.7.1 (librdkafka 2.0.2)`.
fn kcat_version() -> anyhow::Result<String> {
    let output = output_of("kcat", &["-V"], "kcat (package kcat or kafkacat)")?;
    let word_after = |before: &str| {
        let after = output.split_once(before).map(|(_, after)| after);
        after.and_then(|after| after.split([' ', ',', ')']).next()).unwrap_or("unknown").to_owned()
    };
    Ok(format!("{} (librdkafka {})", word_after("Version "), word_after("librdkafka ")))
}

fn first_line(program: &str, arguments: &[&str], what: &str) -> anyhow::Result<String> {
    let output = output_of(program, arguments, what)?;
    Ok(output.lines().next().unwrap_or_default().trim().to_owned())
}

fn output_of(program: &str, arguments: &[&str], what: &str) -> anyhow::Result<String> {
    let output = Command::new(program).args(arguments).output();
    let output = output.with_context(|| format!("running {program}: a comparison needs {what}"))?;
    ensure!(output.status.success(), "{program} ended with {}", output.status);
    let said = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    Ok(String::from_utf8_lossy(&said).into_owned())
}
