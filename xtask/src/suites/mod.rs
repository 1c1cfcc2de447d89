//! `cargo xtask suites`: other people's test suites against a release build, scored against Apache Kafka.
//!
//! The suites are not part of this repository. Where a checkout of them is at hand, each runs against a fresh broker with
//! the settings it asks for. What passes on Apache Kafka is expected to pass here; `xtask/suites/reasons` says of every
//! test that does not why, and `docs/compatibility.md` gets the sum of it.

mod apache;
mod glob;
mod outcomes;
mod page;
mod reasons;
mod run;
mod score;
mod suite;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use self::outcomes::Outcomes;
use self::reasons::Reasons;
use self::score::Score;
use self::suite::SUITES;
use crate::{cache, workspace};

/// Run foreign test suites against a release build, and write the score into docs/compatibility.md.
///
/// Exit status 1: a test that passes on Apache Kafka does not pass here, and xtask/suites/reasons does not say why.
#[derive(Args)]
pub(crate) struct Suites {
    /// The suites to run; all by default. The results of the others are kept.
    #[arg(value_name = "SUITE", value_parser = suite::names())]
    suites: Vec<String>,
    /// Run only these tests, in the suite's own words: a part of the name, for librdkafka the number, for apache a glob on
    /// the class or CLASS#METHOD. The results of the others are kept.
    #[arg(long = "test", value_name = "TEST")]
    tests: Vec<String>,
    /// Where the suites are.
    #[arg(long, value_name = "DIR", default_value_os_t = workspace::root().join("../shared/suites"))]
    suites_dir: PathBuf,
    /// A `crossdock` to test in place of this checkout's.
    #[arg(long, value_name = "PATH")]
    crossdock: Option<PathBuf>,
    /// Run nothing: score the results that are there.
    #[arg(long, conflicts_with_all = ["tests", "crossdock"])]
    score: bool,
}

impl Suites {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let folder = fs::canonicalize(&self.suites_dir).with_context(|| {
            format!(
                "{}: the suites are not part of this repository; say --suites-dir DIR",
                self.suites_dir.display()
            )
        })?;
        let reasons = Reasons::load()?;
        let kept = cache::folder()?.join("suite-results");
        fs::create_dir_all(&kept)?;
        if !self.score {
            let crossdock = self.crossdock.clone().map_or_else(workspace::build, Ok)?;
            let crossdock =
                fs::canonicalize(&crossdock).with_context(|| format!("{}", crossdock.display()))?;
            for suite in SUITES.iter().filter(|suite| self.wants(suite.name)) {
                let file = kept.join(suite.file_name());
                let mut outcomes = Outcomes::load_if_there(&file)?;
                outcomes.extend(run::run(suite, &folder, &crossdock, &self.tests)?);
                outcomes.save(&file)?;
            }
        }
        let mut scores = Vec::new();
        for suite in SUITES {
            let baseline = Outcomes::load(&folder.join(suite.baseline))?;
            let outcomes = Outcomes::load_if_there(&kept.join(suite.file_name()))?;
            let score = Score::of(suite, &baseline, &outcomes, &reasons);
            println!("{:24} {} of {} pass", suite.name, score.passed, score.expected);
            scores.push(score);
        }
        page::write(&scores)?;
        let unexplained: Vec<_> = scores.iter().flat_map(Score::unexplained).collect();
        for missing in &unexplained {
            println!("unexplained: {missing}");
        }
        Ok(if unexplained.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn wants(&self, suite: &str) -> bool {
        self.suites.is_empty() || self.suites.iter().any(|name| name == suite)
    }
}
