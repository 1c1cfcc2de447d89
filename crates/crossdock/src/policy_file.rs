//! What does a policy file of `crossdock lab` say?
//!
//! Servers and `copy` take the same files, each what concerns it: `cat policy.properties copy.properties` is one, too.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, anyhow, bail};
use transfer::copy::THREADS_MAX;
use transfer::{Mechanism, Policy};

const MECHANISM: &str = "crossdock.transfer.mechanism";
const COPY_BELOW_BYTES: &str = "crossdock.transfer.copy.below.bytes";
const COPY_PARALLEL: &str = "crossdock.copy.parallel";

/// The mechanism of whoever forces none.
const AUTO: &str = "auto";

/// What is given; the last of several wins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PolicyFile {
    /// How payload leaves for sockets.
    mechanism: Option<Chosen>,
    /// Shorter regions are copied.
    copy_below_bytes: Option<u64>,
    /// How many files, and pieces of large ones, are copied at a time.
    pub(crate) copy_parallel: Option<NonZeroUsize>,
}

/// By whom a mechanism is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chosen {
    /// By the engine, for each region.
    Auto,
    /// By the policy, for all of them.
    Forced(Mechanism),
}

impl PolicyFile {
    /// Reads it. A name that no policy has and a value that a setting does not take are errors that say where they stand.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        let mut policy = Self::default();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                policy.take(line).with_context(|| format!("{}:{}: {line}", path.display(), number + 1))?;
            }
        }
        Ok(policy)
    }

    /// The settings of the broker that it stands for.
    pub(crate) fn broker_settings(&self) -> Vec<(&'static str, String)> {
        let mechanism = self.mechanism.map(|chosen| match chosen {
            Chosen::Auto => (MECHANISM, AUTO.to_owned()),
            Chosen::Forced(mechanism) => (MECHANISM, mechanism.to_string()),
        });
        let copy_below = self.copy_below_bytes.map(|bytes| (COPY_BELOW_BYTES, bytes.to_string()));
        mechanism.into_iter().chain(copy_below).collect()
    }

    /// The policy of a file server that would copy what is shorter than `least_copied_bytes` anyway: it has to ask whether a
    /// file's pages are in memory before it sends them, which the lab does not.
    pub(crate) fn for_files(&self, least_copied_bytes: u64) -> Policy {
        let copied_bytes = self.copy_below_bytes.unwrap_or(0).max(least_copied_bytes);
        match self.mechanism {
            Some(Chosen::Forced(mechanism)) => Policy::force(mechanism),
            Some(Chosen::Auto) | None => Policy::automatic().with_copy_below(copied_bytes),
        }
    }

    fn take(&mut self, line: &str) -> anyhow::Result<()> {
        let Some((name, value)) = line.split_once('=') else { bail!("expected NAME=VALUE") };
        let value = value.trim();
        match name.trim() {
            MECHANISM if value == AUTO => self.mechanism = Some(Chosen::Auto),
            MECHANISM => self.mechanism = Some(Chosen::Forced(value.parse()?)),
            COPY_BELOW_BYTES => self.copy_below_bytes = Some(parse(value, "a number of bytes")?),
            COPY_PARALLEL => {
                let threads = parse_threads(value);
                let threads =
                    threads.map_err(|_| anyhow!("expected a number of threads, 1 to {THREADS_MAX}"))?;
                self.copy_parallel = Some(threads);
            }
            _ => bail!("no setting of a policy: expected {MECHANISM}, {COPY_BELOW_BYTES} or {COPY_PARALLEL}"),
        }
        Ok(())
    }
}

/// How many threads copy, on the command line as in a policy.
pub(crate) fn parse_threads(text: &str) -> Result<NonZeroUsize, String> {
    let threads = text.parse().ok().filter(|threads: &NonZeroUsize| threads.get() <= THREADS_MAX);
    threads.ok_or_else(|| format!("expected 1 to {THREADS_MAX}"))
}

fn parse<T: FromStr>(value: &str, expected: &str) -> anyhow::Result<T> {
    value.parse().map_err(|_| anyhow!("expected {expected}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> anyhow::Result<PolicyFile> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("policy.properties");
        fs::write(&path, text).unwrap();
        PolicyFile::read(&path)
    }

    #[test]
    fn everybody_takes_what_concerns_it() {
        let text = "# Why.\ncrossdock.transfer.mechanism=splice\n\n\
                    crossdock.transfer.copy.below.bytes = 32768\ncrossdock.copy.parallel=4\n";
        let policy = read(text).unwrap();
        let settings = [(MECHANISM, "splice".to_owned()), (COPY_BELOW_BYTES, "32768".to_owned())];
        assert_eq!(policy.broker_settings(), settings);
        assert_eq!(policy.for_files(1), Policy::force(Mechanism::Splice));
        assert_eq!(policy.copy_parallel, NonZeroUsize::new(4));
    }

    #[test]
    fn a_policy_of_auto_undoes_what_a_brokers_configuration_forces() {
        let policy = read("crossdock.transfer.mechanism=auto").unwrap();
        assert_eq!(policy.broker_settings(), [(MECHANISM, "auto".to_owned())]);
        assert!(PolicyFile::default().broker_settings().is_empty());
    }

    #[test]
    fn a_file_server_copies_no_less_than_it_would_by_itself() {
        let policy =
            read("crossdock.transfer.mechanism=auto\ncrossdock.transfer.copy.below.bytes=4096").unwrap();
        assert_eq!(policy.for_files(16_384), Policy::automatic().with_copy_below(16_384));
        assert_eq!(policy.for_files(1_024), Policy::automatic().with_copy_below(4_096));
        assert_eq!(PolicyFile::default().for_files(1_024), Policy::automatic().with_copy_below(1_024));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (text, said) in [
            ("\nlog.dirs=/data", "policy.properties:2: log.dirs=/data: no setting of a policy"),
            ("crossdock.copy.parallel=0", ":1: crossdock.copy.parallel=0: expected a number of threads"),
            ("crossdock.copy.parallel=65", "expected a number of threads, 1 to 64"),
            ("crossdock.transfer.mechanism=teleport", "teleport"),
            ("crossdock.transfer.copy.below.bytes", "expected NAME=VALUE"),
        ] {
            let error = format!("{:#}", read(text).unwrap_err());
            assert!(error.contains(said), "{error}");
        }
    }
}
