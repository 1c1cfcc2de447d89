//! The score in `docs/compatibility.md`, between two markers.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::score::{NOT_RUN, Score};
use crate::{kafka, markers, workspace};

/// Writes the score in place of the one that is there.
pub(crate) fn write(scores: &[Score]) -> anyhow::Result<()> {
    markers::replace(&workspace::root().join("docs/compatibility.md"), "suites", &section(scores)?)
}

fn section(scores: &[Score]) -> anyhow::Result<String> {
    let kernel = rustix::system::uname().release().to_string_lossy().into_owned();
    let mut section = format!(
        "Crossdock {} on Linux {}, {} cores; the baseline is what passes on Apache Kafka {} with the same settings.\n\n\
         | suite | what it is | pass on Apache Kafka | of these pass here | run |\n|---|---|---|---|---|\n",
        env!("CARGO_PKG_VERSION"),
        kernel.split('-').next().unwrap_or_default(),
        std::thread::available_parallelism()?,
        kafka::VERSION,
    );
    for score in scores {
        let days = match &score.days {
            None => "not yet".to_owned(),
            Some((first, last)) if first == last => first.clone(),
            Some((first, last)) => format!("{first} to {last}"),
        };
        let Score { suite, expected, passed, .. } = score;
        writeln!(section, "| {} | {} | {expected} | {passed} | {days} |", suite.name, suite.what)?;
    }
    section.push_str("\nWhat does not pass yet, by what it needs, with the number of tests in brackets:\n\n");
    for (reason, by_suite) in by_reason(scores) {
        let tests: usize = by_suite.values().flat_map(BTreeMap::values).sum();
        writeln!(section, "* **{reason}** ({tests})")?;
        for (suite, names) in by_suite {
            match reason {
                NOT_RUN => writeln!(section, "  * {suite} ({})", names.values().sum::<usize>())?,
                _ => writeln!(section, "  * {suite}: {}", list(&names))?,
            }
        }
    }
    Ok(section)
}

/// Reason, suite, name of a test or a class of tests, and how many of them.
type ByReason<'a> = BTreeMap<&'a str, BTreeMap<&'a str, BTreeMap<String, usize>>>;

fn by_reason(scores: &[Score]) -> ByReason<'_> {
    let mut by_reason = ByReason::new();
    for score in scores {
        for missing in &score.missing {
            let reason = missing.reason.as_deref().unwrap_or("unexplained");
            let names = by_reason.entry(reason).or_default().entry(score.suite.name).or_default();
            *names.entry(score.suite.shown(&missing.test).to_owned()).or_default() += 1;
        }
    }
    by_reason
}

fn list(names: &BTreeMap<String, usize>) -> String {
    let one = |(name, &tests): (&String, &usize)| match tests {
        1 => format!("`{name}`"),
        _ => format!("`{name}` ({tests})"),
    };
    names.iter().map(one).collect::<Vec<_>>().join(", ")
}
