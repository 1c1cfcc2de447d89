//! Runs one suite against a broker, or lets it start its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};

use super::outcomes::Outcomes;
use super::suite::{Brokers, Suite};
use crate::broker::Broker;
use crate::workspace;

/// What the reference broker was told before a suite's own settings: one broker is enough for every topic, and nobody
/// waits for more members of a group.
const SETTINGS: &str = "offsets.topic.replication.factor=1\n\
    transaction.state.log.replication.factor=1\n\
    transaction.state.log.min.isr=1\n\
    share.coordinator.state.topic.replication.factor=1\n\
    share.coordinator.state.topic.min.isr=1\n\
    group.initial.rebalance.delay.ms=0\n";

/// The exit status with which Apache Kafka's tests say that one of them never ended, and that the rest is to be run.
const CUT_SHORT: i32 = 3;
/// How often that may happen.
const ATTEMPTS: usize = 20;

/// Runs the suite, or those of its tests that `tests` picks, against `crossdock`.
pub(crate) fn run(
    suite: &Suite,
    suites_dir: &Path,
    crossdock: &Path,
    tests: &[String],
) -> anyhow::Result<Outcomes> {
    let scratch = std::env::temp_dir().join(format!("crossdock-suite-{}-{}", suite.name, std::process::id()));
    fs::create_dir_all(&scratch).with_context(|| format!("creating {}", scratch.display()))?;
    let result = scratch.join("result.tsv");
    let script = suites_dir.join(suite.script);
    match suite.brokers {
        Brokers::One(settings) => {
            let settings = suites_dir.join(settings);
            let own =
                fs::read_to_string(&settings).with_context(|| format!("reading {}", settings.display()))?;
            let folder = scratch.join("broker");
            let mut broker = Broker::start(crossdock, &folder, &format!("{SETTINGS}{own}"))?;
            let mut command = Command::new(&script);
            command.arg(broker.bootstrap()).arg(&result).args(tests).envs(suite.environment.iter().copied());
            run_script(&mut command)?;
            broker.stop().context("the broker does not stop after the suite")?;
        }
        Brokers::Many => run_with_brokers(&script, suites_dir, suite, crossdock, &scratch, tests)?,
    }
    let outcomes = Outcomes::load(&result)?.dated(&workspace::today()?);
    fs::remove_dir_all(&scratch).with_context(|| format!("removing {}", scratch.display()))?;
    Ok(outcomes)
}

/// Apache Kafka's tests start a broker for each test; those that do not pass on Apache Kafka are left out.
fn run_with_brokers(
    script: &Path,
    suites_dir: &Path,
    suite: &Suite,
    crossdock: &Path,
    scratch: &Path,
    tests: &[String],
) -> anyhow::Result<()> {
    let settings = scratch.join("settings");
    fs::write(&settings, SETTINGS)?;
    for _ in 0..ATTEMPTS {
        let mut command = Command::new(script);
        command
            .arg("--only")
            .arg(suites_dir.join(suite.baseline))
            .arg("--append")
            .arg("--out")
            .arg(scratch.join("result.tsv"))
            .args(tests)
            // The suite gives this to a shell, which fills in the name of the file.
            .env("BROKER_CMD", "\"$LAUNCHER\"")
            .env("LAUNCHER", launcher())
            .env("CROSSDOCK", crossdock)
            .env("SETTINGS", &settings)
            .envs(suite.environment.iter().copied());
        if run_script(&mut command)? != Some(CUT_SHORT) {
            return Ok(());
        }
    }
    bail!("{}: cut short {ATTEMPTS} times", script.display())
}

/// A suite's exit status says how its tests went, which its table says better; what it prints is shown.
fn run_script(command: &mut Command) -> anyhow::Result<Option<i32>> {
    let name = PathBuf::from(command.get_program());
    let status =
        command.stdin(Stdio::null()).status().with_context(|| format!("running {}", name.display()))?;
    ensure!(status.code().is_some(), "{}: {status}", name.display());
    Ok(status.code())
}

fn launcher() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("suites/broker")
}
