//! Brings programs from Debian's packages onto this machine, where they are missing.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};

/// Where Debian keeps programs of the system, which not every user's path has.
const SYSTEM_PROGRAMS: &str = "/usr/sbin";
/// Asked before a package starts a service (Debian Policy 9.3.3.1).
const SERVICE_POLICY: &str = "/usr/sbin/policy-rc.d";
/// No service is started.
const NO_SERVICES: &[u8] = b"#!/bin/sh\nexit 101\n";

/// Installs what is missing of these programs, each named with its package. No service is started.
pub(crate) fn ensure(programs: &[(&str, &str)]) -> anyhow::Result<()> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = std::env::split_paths(&path).chain([SYSTEM_PROGRAMS.into()]).collect();
    let is_there = |program: &str| folders.iter().any(|folder| folder.join(program).exists());
    let missing: Vec<_> =
        programs.iter().filter(|(program, _)| !is_there(program)).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    eprintln!("installing {}", missing.join(", "));
    let _quiet = NoServices::begin();
    // The lists may be old: then installing says what is missing.
    let _ = Command::new("apt-get").args(["update", "-qq"]).status();
    let mut install = Command::new("apt-get");
    install
        .args(["install", "-y", "-qq", "--no-install-recommends"])
        .args(&missing)
        .env("DEBIAN_FRONTEND", "noninteractive");
    run(&mut install).with_context(|| format!("install {} by hand and try again", missing.join(", ")))
}

/// Runs an installer to its end.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let name = command.get_program().display().to_string();
    let status = command.status().with_context(|| format!("running {name}"))?;
    ensure!(status.success(), "{name}: {status}");
    Ok(())
}

/// Packages start no services until this is dropped.
struct NoServices;

impl NoServices {
    /// Nothing, where the machine has a policy of its own or this user may not write one: then nothing can be installed
    /// either.
    fn begin() -> Option<Self> {
        let policy = fs::OpenOptions::new().write(true).create_new(true).mode(0o755).open(SERVICE_POLICY);
        let written = policy.and_then(|mut file| file.write_all(NO_SERVICES));
        written.is_ok().then_some(Self)
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(Path::new(SERVICE_POLICY)) {
            eprintln!("{SERVICE_POLICY} could not be removed, no service starts until it is: {error}");
        }
    }
}
