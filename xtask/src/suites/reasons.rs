//! Why tests that pass on Apache Kafka do not pass here yet: `xtask/suites/reasons`.
//!
//! A line `[REASON]` heads lines of `SUITE TEST [FAILURE]`, patterns in which `*` stands for anything: for a suite's name,
//! a test's name, and the first line of its failure. The first line of the file that fits a failed test explains it.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};

use super::glob::matches;
use super::suite::SUITES;

/// The rules in the order of the file.
#[derive(Debug)]
pub(crate) struct Reasons(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    reason: String,
    suite: String,
    test: String,
    failure: String,
}

impl Reasons {
    pub(crate) fn load() -> anyhow::Result<Self> {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("suites/reasons");
        let text = fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
        Self::parse(&text).with_context(|| format!("{}", file.display()))
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let mut rules = Vec::new();
        let mut reason = None;
        for (number, line) in (1..).zip(text.lines().map(str::trim)) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(heading) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                reason = Some(heading.to_owned());
                continue;
            }
            let reason = reason.clone().with_context(|| format!("line {number} has no [REASON] above it"))?;
            let (suite, rest) = word(line);
            let (test, failure) = word(rest);
            if !SUITES.iter().any(|known| matches(suite, known.name)) || test.is_empty() {
                bail!("line {number}: expected a suite and a test, found {line:?}");
            }
            let failure = if failure.is_empty() { "*" } else { failure };
            rules.push(Rule { reason, suite: suite.into(), test: test.into(), failure: failure.into() });
        }
        Ok(Self(rules))
    }

    /// Why this test of this suite fails with this first line, if that is known.
    pub(crate) fn explain(&self, suite: &str, test: &str, failure: &str) -> Option<&str> {
        let fits = |rule: &&Rule| {
            matches(&rule.suite, suite) && matches(&rule.test, test) && matches(&rule.failure, failure)
        };
        self.0.iter().find(fits).map(|rule| rule.reason.as_str())
    }
}

/// The first word of a line, and the rest.
fn word(line: &str) -> (&str, &str) {
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    (word, rest.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_fits_explains() {
        let reasons = Reasons::parse(
            "# comment\n[transactions]\nrskafka *txn*\n* *  no coordinator *\n\n[ACLs]\nkafka-python  *acl*\n",
        );
        let reasons = reasons.unwrap();
        assert_eq!(reasons.explain("rskafka", "a::txn_b", "x"), Some("transactions"));
        assert_eq!(reasons.explain("kafka-python", "acl", "no coordinator of type 1"), Some("transactions"));
        assert_eq!(reasons.explain("kafka-python", "test_acl", "x"), Some("ACLs"));
        assert_eq!(reasons.explain("rskafka", "test_acl", "x"), None);
    }

    #[test]
    fn a_rule_for_no_suite_or_without_reason_is_an_error() {
        assert!(Reasons::parse("[x]\nnosuch *\n").is_err());
        assert!(Reasons::parse("[x]\nrskafka\n").is_err());
        assert!(Reasons::parse("rskafka *\n").is_err());
    }

    #[test]
    fn the_file_in_the_repository_is_well_formed() {
        Reasons::load().unwrap();
    }
}
