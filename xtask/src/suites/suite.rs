//! Which suites there are, and what each wants.

use clap::builder::PossibleValuesParser;

use super::apache;

/// A suite as it is run here: one folder may hold several.
#[derive(Debug)]
pub(crate) struct Suite {
    pub(crate) name: &'static str,
    /// What it is, for somebody who does not know it.
    pub(crate) what: &'static str,
    /// The script that runs it, from the suites' folder on.
    pub(crate) script: &'static str,
    /// What passes on Apache Kafka, from the suites' folder on.
    pub(crate) baseline: &'static str,
    /// What the script is told besides.
    pub(crate) environment: &'static [(&'static str, &'static str)],
    pub(crate) brokers: Brokers,
}

/// Who starts the brokers of a suite.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Brokers {
    /// We do: one for all tests, with the settings in this file, from the suites' folder on.
    One(&'static str),
    /// The suite does: one or more for each test, by a command that it is given.
    Many,
}

/// All of them, quick ones first.
pub(crate) const SUITES: &[Suite] = &[
    Suite {
        name: "rskafka",
        what: "the pure Rust client's tests, cross-checked with rdkafka for every codec",
        script: "rskafka/run",
        baseline: "rskafka/baseline-kafka-4.3.1.tsv",
        environment: &[],
        brokers: Brokers::One("rskafka/settings"),
    },
    Suite {
        name: "kafka-python",
        what: "the pure Python client's integration tests",
        script: "kafka-python/run",
        baseline: "kafka-python/baseline-kafka-4.3.1.tsv",
        environment: &[],
        brokers: Brokers::One("kafka-python/settings"),
    },
    Suite {
        name: "librdkafka-noautocreate",
        what: "the C client's tests for brokers that create no topics by themselves",
        script: "librdkafka/run",
        baseline: "librdkafka/baseline-kafka-4.3.1-noautocreate.tsv",
        environment: &[("SCENARIO", "noautocreate")],
        brokers: Brokers::One("rskafka/settings"),
    },
    Suite {
        name: "librdkafka",
        what: "the C client's broker tests, with classic groups",
        script: "librdkafka/run",
        baseline: "librdkafka/baseline-kafka-4.3.1.tsv",
        environment: &[],
        brokers: Brokers::One("librdkafka/settings"),
    },
    Suite {
        name: "apache",
        what: "Apache Kafka's own integration tests: clients, consumers, admin, requests, tools",
        script: "apache/run",
        baseline: "apache/baseline-kafka-4.3.1.tsv",
        environment: &[],
        brokers: Brokers::Many,
    },
];

/// The names of the suites, for the command line.
pub(crate) fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(SUITES.iter().map(|suite| suite.name))
}

impl Suite {
    /// The file of its results among those of the others.
    pub(crate) fn file_name(&self) -> String {
        format!("{}.tsv", self.name)
    }

    /// A test's name as a reader wants it: Apache Kafka's are a class's full name, a method and a kind of cluster.
    pub(crate) fn shown<'a>(&self, test: &'a str) -> &'a str {
        match self.brokers {
            Brokers::One(_) => test,
            Brokers::Many => apache::simple_class_of(test),
        }
    }
}
