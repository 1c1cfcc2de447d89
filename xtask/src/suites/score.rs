//! How much of what passes on Apache Kafka passes here, and why the rest does not.

use std::fmt;

use super::outcomes::Outcomes;
use super::reasons::Reasons;
use super::suite::Suite;

/// What a test that was not run is said to be, and to need.
pub(crate) const NOT_RUN: &str = "not run";

/// The score of one suite.
#[derive(Debug)]
pub(crate) struct Score {
    pub(crate) suite: &'static Suite,
    /// How many tests pass on Apache Kafka.
    pub(crate) expected: usize,
    /// How many of them pass here.
    pub(crate) passed: usize,
    /// The others.
    pub(crate) missing: Vec<Missing>,
    /// The days of the first and the last run that the score is made of.
    pub(crate) days: Option<(String, String)>,
}

/// A test that passes on Apache Kafka and not here.
#[derive(Debug)]
pub(crate) struct Missing {
    suite: &'static str,
    pub(crate) test: String,
    /// `fail`, `skip` or `not run`.
    word: String,
    remark: String,
    /// `None`: nobody knows.
    pub(crate) reason: Option<String>,
}

impl Score {
    /// Scores the outcomes of a suite on what passes in the baseline. What was not run is its own reason.
    pub(crate) fn of(
        suite: &'static Suite,
        baseline: &Outcomes,
        outcomes: &Outcomes,
        reasons: &Reasons,
    ) -> Self {
        let mut score = Self { suite, expected: 0, passed: 0, missing: Vec::new(), days: None };
        for test in baseline.passing() {
            score.expected += 1;
            let Some(outcome) = outcomes.get(test) else {
                score.missing.push(Missing {
                    suite: suite.name,
                    test: test.to_owned(),
                    word: NOT_RUN.to_owned(),
                    remark: String::new(),
                    reason: Some(NOT_RUN.to_owned()),
                });
                continue;
            };
            score.include(&outcome.day);
            if outcome.word == "pass" {
                score.passed += 1;
                continue;
            }
            score.missing.push(Missing {
                suite: suite.name,
                test: test.to_owned(),
                word: outcome.word.clone(),
                remark: outcome.remark.clone(),
                reason: reasons.explain(suite.name, test, &outcome.remark).map(str::to_owned),
            });
        }
        score
    }

    /// The tests that no reason explains.
    pub(crate) fn unexplained(&self) -> impl Iterator<Item = &Missing> {
        self.missing.iter().filter(|missing| missing.reason.is_none())
    }

    fn include(&mut self, day: &str) {
        let (first, last) = self.days.get_or_insert_with(|| (day.to_owned(), day.to_owned()));
        if day < first.as_str() {
            day.clone_into(first);
        }
        if day > last.as_str() {
            day.clone_into(last);
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}: {}", self.suite, self.word, self.test, self.remark)
    }
}
