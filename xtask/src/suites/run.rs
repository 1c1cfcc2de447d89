//! Runs one suite against a broker, or lets it start its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

use super::apache;
use super::outcomes::Outcomes;
use super::suite::{Brokers, Suite};
use crate::broker::Broker;
use crate::workspace;

/// What the reference broker was told before a suite's own settings: one broker is enough for every topic, and nobody
/// waits for more members of a group.
pub(crate) const SETTINGS: &str = "offsets.topic.replication.factor=1\n\
    transaction.state.log.replication.factor=1\n\
    transaction.state.log.min.isr=1\n\
    share.coordinator.state.topic.replication.factor=1\n\
    share.coordinator.state.topic.min.isr=1\n\
    group.initial.rebalance.delay.ms=0\n";

/// One run of a suite.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run<'a> {
    pub(crate) suite: &'static Suite,
    pub(crate) suites_dir: &'a Path,
    pub(crate) crossdock: &'a Path,
    /// A folder for what is needed during the run.
    pub(crate) scratch: &'a Path,
}

/// Runs the suite, or those of its tests that `tests` picks, against `crossdock`.
pub(crate) fn run(
    suite: &'static Suite,
    suites_dir: &Path,
    crossdock: &Path,
    tests: &[String],
) -> anyhow::Result<Outcomes> {
    let scratch = std::env::temp_dir().join(format!("crossdock-suite-{}-{}", suite.name, std::process::id()));
    fs::create_dir_all(&scratch).with_context(|| format!("creating {}", scratch.display()))?;
    let run = Run { suite, suites_dir, crossdock, scratch: &scratch };
    let outcomes = match suite.brokers {
        Brokers::One(settings) => run.with_one_broker(settings, tests),
        Brokers::Many => apache::run(&run, tests),
    };
    let outcomes = outcomes?.dated(&workspace::today()?);
    fs::remove_dir_all(&scratch).with_context(|| format!("removing {}", scratch.display()))?;
    Ok(outcomes)
}

impl Run<'_> {
    /// The suite's own program.
    pub(crate) fn script(&self) -> PathBuf {
        self.suites_dir.join(self.suite.script)
    }

    fn with_one_broker(&self, settings: &str, tests: &[String]) -> anyhow::Result<Outcomes> {
        let settings = self.suites_dir.join(settings);
        let own = fs::read_to_string(&settings).with_context(|| format!("reading {}", settings.display()))?;
        let mut broker =
            Broker::start(self.crossdock, &self.scratch.join("broker"), &format!("{SETTINGS}{own}"))?;
        let result = self.scratch.join("result.tsv");
        let mut command = Command::new(self.script());
        command.arg(broker.bootstrap()).arg(&result).args(tests).envs(self.suite.environment.iter().copied());
        run_script(&mut command)?;
        broker.stop().context("the broker does not stop after the suite")?;
        Outcomes::load(&result)
    }
}

/// Runs a suite's program. What it prints is shown; how its tests went, its table says better than its exit status.
pub(crate) fn run_script(command: &mut Command) -> anyhow::Result<()> {
    let name = PathBuf::from(command.get_program());
    let status =
        command.stdin(Stdio::null()).status().with_context(|| format!("running {}", name.display()))?;
    ensure!(status.code().is_some(), "{}: {status}", name.display());
    Ok(())
}
