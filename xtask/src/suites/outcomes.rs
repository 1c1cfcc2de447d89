//! What became of each test, as the suites' tables say it.
//!
//! One test a line, separated by tabs: name, `pass`, `fail`, `skip` or (in a baseline) `flaky`, seconds, the first line of
//! the failure; and in the results that are kept here the day of the run.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Context as _, anyhow};

/// The outcome of one test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// `pass`, `fail`, `skip` or `flaky`.
    pub(crate) word: String,
    /// As the suite measured them.
    pub(crate) seconds: String,
    /// The first line of the failure, or why it was skipped.
    pub(crate) remark: String,
    /// `YYYY-MM-DD`; empty in a table that a suite has written.
    pub(crate) day: String,
}

impl Outcome {
    /// A test that failed without a word of the suite.
    pub(crate) fn failed(remark: &str) -> Self {
        let (word, remark) = ("fail".to_owned(), remark.to_owned());
        Self { word, remark, seconds: String::new(), day: String::new() }
    }
}

/// The outcomes by the names of the tests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcomes(BTreeMap<String, Outcome>);

impl Outcomes {
    pub(crate) fn load(file: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
        Self::parse(&text).with_context(|| format!("{}", file.display()))
    }

    /// As [`load`](Self::load), and nothing where there is no such file.
    pub(crate) fn load_if_there(file: &Path) -> anyhow::Result<Self> {
        match fs::read_to_string(file) {
            Ok(text) => Self::parse(&text).with_context(|| format!("{}", file.display())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).with_context(|| format!("reading {}", file.display())),
        }
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let row = |line: &str| {
            let mut fields = line.split('\t').map(str::to_owned);
            let name = fields.next().filter(|name| !name.is_empty())?;
            let mut rest = || fields.next().unwrap_or_default();
            let outcome = Outcome { word: rest(), seconds: rest(), remark: rest(), day: rest() };
            (!outcome.word.is_empty()).then_some((name, outcome))
        };
        let rows =
            text.lines().map(|line| row(line).ok_or_else(|| anyhow!("no test and outcome in {line:?}")));
        rows.collect::<anyhow::Result<_>>().map(Self)
    }

    pub(crate) fn save(&self, file: &Path) -> anyhow::Result<()> {
        let line = |(test, outcome): (&String, &Outcome)| {
            let Outcome { word, seconds, remark, day } = outcome;
            format!("{test}\t{word}\t{seconds}\t{remark}\t{day}\n")
        };
        let text: String = self.0.iter().map(line).collect();
        fs::write(file, text).with_context(|| format!("writing {}", file.display()))
    }

    /// Takes those of a later run.
    pub(crate) fn extend(&mut self, later: Self) {
        self.0.extend(later.0);
    }

    /// Notes that all of them come from a run on this day.
    pub(crate) fn dated(mut self, day: &str) -> Self {
        self.0.values_mut().for_each(|outcome| day.clone_into(&mut outcome.day));
        self
    }

    /// Notes what became of a test.
    pub(crate) fn insert(&mut self, test: &str, outcome: Outcome) {
        self.0.insert(test.to_owned(), outcome);
    }

    /// Forgets all but these tests.
    pub(crate) fn keep(&mut self, wanted: impl Fn(&str) -> bool) {
        self.0.retain(|test, _| wanted(test));
    }

    pub(crate) fn get(&self, test: &str) -> Option<&Outcome> {
        self.0.get(test)
    }

    /// Whether this test passes.
    pub(crate) fn passes(&self, test: &str) -> bool {
        self.get(test).is_some_and(|outcome| outcome.word == "pass")
    }

    /// The tests that pass.
    pub(crate) fn passing(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|(_, outcome)| outcome.word == "pass").map(|(test, _)| test.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "a::one\tpass\t0.1\t\nb::two\tfail\t1.0\tit broke\n";

    #[test]
    fn what_is_saved_is_loaded_again() {
        let file = std::env::temp_dir().join(format!("crossdock-outcomes-{}.tsv", std::process::id()));
        let outcomes = Outcomes::parse(TABLE).unwrap().dated("2026-01-02");
        outcomes.save(&file).unwrap();
        assert_eq!(Outcomes::load(&file).unwrap(), outcomes);
        fs::remove_file(&file).unwrap();
        assert_eq!(Outcomes::load_if_there(&file).unwrap(), Outcomes::default());
    }

    #[test]
    fn a_later_run_of_some_tests_keeps_the_others() {
        let mut outcomes = Outcomes::parse(TABLE).unwrap();
        outcomes.extend(Outcomes::parse("b::two\tpass\t1.0\t\n").unwrap());
        assert_eq!(outcomes.passing().collect::<Vec<_>>(), ["a::one", "b::two"]);
    }

    #[test]
    fn a_line_that_is_no_outcome_is_an_error() {
        assert!(Outcomes::parse("a::one\n").is_err());
    }
}
