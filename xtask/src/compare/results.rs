//! What was measured, as it is kept in `results.json`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::figure::Figure;
use super::machine::Machine;

/// Everything that was measured on one machine. Figures that are measured again replace their former results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Results {
    pub(crate) machine: Machine,
    pub(crate) figures: BTreeMap<Figure, Measured>,
}

/// One figure.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Measured {
    /// The day, as `2026-01-31`.
    pub(crate) date: String,
    /// The commit that was measured.
    pub(crate) commit: String,
    /// Versions of what this figure alone is measured with.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) with: String,
    /// What somebody who looked at the values has to say about them; written by hand, and gone when they are measured
    /// again.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) note: String,
    pub(crate) series: Vec<Series>,
}

/// The same thing measured round after round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Series {
    /// What was done, for example `librdkafka`.
    pub(crate) case: String,
    /// Who was measured: a server's name, or the name of a floor.
    pub(crate) who: String,
    /// For example `CPU s/GB`.
    pub(crate) unit: String,
    /// By round.
    pub(crate) values: Vec<f64>,
}

impl Results {
    /// What was measured before on the same machine, or nothing.
    pub(crate) fn load(path: &Path, machine: Machine) -> anyhow::Result<Self> {
        let nothing = Self { machine, figures: BTreeMap::new() };
        if !path.exists() {
            return Ok(nothing);
        }
        let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        let before: Self =
            serde_json::from_str(&text).with_context(|| format!("reading {}", path.display()))?;
        Ok(if before.machine == nothing.machine { before } else { nothing })
    }

    pub(crate) fn save(&self, path: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        fs::write(path, text).with_context(|| format!("writing {}", path.display()))
    }
}

impl Measured {
    /// Adds a value of another round.
    pub(crate) fn add(&mut self, case: &str, who: &str, unit: &str, value: f64) {
        let same = |series: &&mut Series| series.case == case && series.who == who && series.unit == unit;
        match self.series.iter_mut().find(same) {
            Some(series) => series.values.push(value),
            None => self.series.push(Series {
                case: case.to_owned(),
                who: who.to_owned(),
                unit: unit.to_owned(),
                values: vec![value],
            }),
        }
    }

    /// The median of a series, if it was measured.
    pub(crate) fn median(&self, case: &str, who: &str, unit: &str) -> Option<f64> {
        let same = |series: &&Series| series.case == case && series.who == who && series.unit == unit;
        self.series.iter().find(same).map(Series::median)
    }

    /// The least median of all but `who`, if any of them was measured.
    pub(crate) fn least_median_but(&self, who: &str, case: &str, unit: &str) -> Option<f64> {
        let others = |series: &&Series| series.case == case && series.who != who && series.unit == unit;
        self.series.iter().filter(others).map(Series::median).min_by(f64::total_cmp)
    }

    /// The series in this unit alone.
    pub(crate) fn only(&self, unit: &str) -> Self {
        let series = self.series.iter().filter(|series| series.unit == unit).cloned().collect();
        Self { series, ..self.clone() }
    }

    /// Each case and unit once, in the order in which they were measured.
    pub(crate) fn cases(&self) -> Vec<(&str, &str)> {
        let mut cases = Vec::new();
        for series in &self.series {
            let case = (series.case.as_str(), series.unit.as_str());
            if !cases.contains(&case) {
                cases.push(case);
            }
        }
        cases
    }
}

impl Series {
    /// The value in the middle; of an even number of values, the mean of the two.
    pub(crate) fn median(&self) -> f64 {
        let mut values = self.values.clone();
        values.sort_by(f64::total_cmp);
        match values.len() {
            0 => f64::NAN,
            count if count % 2 == 1 => values[count / 2],
            count => f64::midpoint(values[count / 2 - 1], values[count / 2]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_of_the_same_thing_make_one_series() {
        let mut measured = Measured::default();
        for value in [3.0, 1.0, 2.0] {
            measured.add("a", "Crossdock", "s", value);
            measured.add("a", "Apache Kafka", "s", 10.0 * value);
            measured.add("b", "Crossdock", "s", value);
        }
        assert_eq!(measured.cases(), [("a", "s"), ("b", "s")]);
        assert_eq!(measured.median("a", "Crossdock", "s"), Some(2.0));
        assert_eq!(measured.median("a", "Apache Kafka", "s"), Some(20.0));
        assert_eq!(measured.median("a", "Crossdock", "ms"), None);
    }

    #[test]
    fn the_best_of_the_others_is_the_least_of_their_medians() {
        let mut measured = Measured::default();
        for (who, value) in [("Crossdock", 1.0), ("nginx", 3.0), ("haproxy", 2.0), ("haproxy", 4.0)] {
            measured.add("a", who, "s", value);
        }
        assert_eq!(
            measured.least_median_but("Crossdock", "a", "s"),
            Some(3.0),
            "of 3 and the median of 2 and 4"
        );
        assert_eq!(measured.least_median_but("Crossdock", "b", "s"), None);
    }

    #[test]
    fn an_even_number_of_rounds_has_a_median() {
        let mut measured = Measured::default();
        [4.0, 1.0].iter().for_each(|&value| measured.add("a", "x", "s", value));
        assert_eq!(measured.median("a", "x", "s"), Some(2.5));
    }
}
