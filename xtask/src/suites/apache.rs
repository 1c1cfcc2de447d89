//! Runs Apache Kafka's own tests, which start brokers by a command that they are given.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::glob;
use super::outcomes::{Outcome, Outcomes};
use super::run::{Run, SETTINGS, run_script};

/// What is said of a test in which the program that runs the tests has ended.
const ENDED: &str = "the test ends the program that runs it";

/// Runs those tests that pass on Apache Kafka, or those of them that `patterns` picks by class or CLASS#METHOD.
///
/// Tools under test may end the whole program, so each class has one of its own; where a class does not come to its end,
/// the rest of its tests are run one by one.
pub(crate) fn run(run: &Run<'_>, patterns: &[String]) -> anyhow::Result<Outcomes> {
    let baseline_file = run.suites_dir.join(run.suite.baseline);
    let baseline = Outcomes::load(&baseline_file)?;
    let settings = run.scratch.join("settings");
    fs::write(&settings, SETTINGS)?;
    let result = run.scratch.join("result.tsv");
    let start = |tests: &str| {
        let mut command = Command::new(run.script());
        command
            .arg("--only")
            .arg(&baseline_file)
            .arg("--append")
            .arg("--out")
            .arg(&result)
            .arg(tests)
            // The suite gives this to a shell, which fills in the name of the file.
            .env("BROKER_CMD", "\"$LAUNCHER\"")
            .env("LAUNCHER", launcher())
            .env("CROSSDOCK", run.crossdock)
            .env("SETTINGS", &settings);
        run_script(&mut command)?;
        Outcomes::load_if_there(&result)
    };
    let mut outcomes = Outcomes::default();
    for (class, tests) in classes(&baseline, patterns) {
        let whole = baseline.passing().filter(|test| class_of(test) == class).count() == tests.len();
        if whole {
            outcomes = start(class)?;
        }
        let missing: BTreeSet<&str> = tests
            .iter()
            .filter(|test| outcomes.get(test).is_none())
            .map(|test| without_cluster(test))
            .collect();
        for method in missing {
            outcomes = start(method)?;
        }
        for test in tests.iter().filter(|test| outcomes.get(test).is_none()).collect::<Vec<_>>() {
            outcomes.insert(test, Outcome::failed(ENDED));
        }
        outcomes.save(&result)?;
    }
    outcomes.keep(|test| baseline.passes(test));
    Ok(outcomes)
}

/// The tests that pass on Apache Kafka and fit a pattern, by class.
fn classes<'a>(baseline: &'a Outcomes, patterns: &[String]) -> BTreeMap<&'a str, Vec<&'a str>> {
    let mut classes: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let wanted =
        baseline.passing().filter(|test| patterns.is_empty() || patterns.iter().any(|p| picks(p, test)));
    for test in wanted {
        classes.entry(class_of(test)).or_default().push(test);
    }
    classes
}

/// Whether a pattern for the class, with or without package, and maybe `#` and the method, fits a test.
fn picks(pattern: &str, test: &str) -> bool {
    let (class, method) = pattern.split_once('#').unwrap_or((pattern, "*"));
    let (of_class, of_method) = without_cluster(test).split_once('#').unwrap_or((test, ""));
    let of_class = if class.contains('.') { of_class } else { simple_name(of_class) };
    glob::matches(class, of_class) && glob::matches(method, of_method)
}

/// The full name of the class in `CLASS#METHOD[CLUSTER]`.
fn class_of(test: &str) -> &str {
    test.split_once('#').map_or(test, |(class, _)| class)
}

/// `CLASS#METHOD` of `CLASS#METHOD[CLUSTER]`.
fn without_cluster(test: &str) -> &str {
    test.split_once('[').map_or(test, |(method, _)| method)
}

/// The name of the test's class without its package.
pub(crate) fn simple_class_of(test: &str) -> &str {
    simple_name(class_of(test))
}

fn simple_name(class: &str) -> &str {
    class.rsplit_once('.').map_or(class, |(_, name)| name)
}

fn launcher() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("suites/broker")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_pick_tests_by_class_and_method() {
        let test = "org.example.AbcTest#testOne[isolated 3b 4b0b94]";
        for pattern in ["AbcTest", "Abc*", "org.example.*", "AbcTest#testOne", "*#testO*"] {
            assert!(picks(pattern, test), "{pattern}");
        }
        for pattern in ["Abc", "example.AbcTest", "AbcTest#test", "BcdTest#testOne"] {
            assert!(!picks(pattern, test), "{pattern}");
        }
        assert_eq!(simple_class_of(test), "AbcTest");
    }
}
