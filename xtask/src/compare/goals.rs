//! What is aimed at, and whether it is reached.

use super::asking;
use super::backfill::{ALONE, BESIDE, DISK_SHARE, PERCENT, TAIL_SHARE};
use super::copying;
use super::figure::Figure;
use super::headline::RECORDS_PER_S;
use super::http::{self, REQUESTS_PER_CPU_S, REQUESTS_PER_S};
use super::plots::shown;
use super::proxy::{self, CPU_PER_MESSAGE};
use super::report::{cell, ratio};
use super::results::{Measured, Results};
use super::server::Kind;
use super::session::{CPU_PER_GB, CPU_PER_MILLION, MEGABYTES, MILLISECONDS, SECONDS};

/// One line of the table at the top.
pub(crate) struct Goal {
    figure: Figure,
    case: &'static str,
    unit: &'static str,
    aim: Aim,
}

/// A goal as a line of Markdown.
pub(crate) struct Row {
    pub(crate) text: String,
    pub(crate) is_reached: bool,
}

/// What Crossdock's value should be.
#[derive(Clone, Copy)]
enum Aim {
    /// At most so many times the peer's.
    TimesPeer(f64),
    /// At least so many times the peer's.
    AtLeastTimesPeer(f64),
    /// At most so many times the bare sendfile loop's, in this case of its own.
    TimesFloor(f64, &'static str),
    /// At most this.
    AtMost(f64),
    /// At least this.
    AtLeast(f64),
    /// Less than so many times its own value in another case.
    TimesCase(f64, &'static str),
}

/// Who and what the floor is in the results.
pub(crate) const FLOOR: &str = "bare sendfile loop";
pub(crate) const FLOOR_CASE: &str = "no protocol";
pub(crate) const UNPACED_FLOOR_CASE: &str = "no protocol, no pacing";

const fn goal(figure: Figure, case: &'static str, unit: &'static str, aim: Aim) -> Goal {
    Goal { figure, case, unit, aim }
}

/// All of them.
pub(crate) const GOALS: &[Goal] = &[
    goal(Figure::Consume, "librdkafka", CPU_PER_GB, Aim::TimesPeer(0.6)),
    goal(Figure::Consume, "librdkafka", CPU_PER_GB, Aim::TimesFloor(1.4, FLOOR_CASE)),
    goal(Figure::Consume, "librdkafka, no pacing", CPU_PER_GB, Aim::TimesPeer(0.6)),
    goal(Figure::Consume, "librdkafka, no pacing", CPU_PER_GB, Aim::TimesFloor(1.4, UNPACED_FLOOR_CASE)),
    goal(Figure::Produce, "Java client", CPU_PER_GB, Aim::TimesPeer(0.3)),
    goal(Figure::Small, "both ways", CPU_PER_MILLION, Aim::TimesPeer(0.4)),
    goal(Figure::Memory, "resident", MEGABYTES, Aim::AtMost(40.0)),
    goal(Figure::Start, "after a clean stop", SECONDS, Aim::AtMost(0.1)),
    goal(Figure::Latency, "EndToEndLatency, mean", MILLISECONDS, Aim::TimesPeer(0.6)),
    goal(Figure::Latency, "EndToEndLatency, p99", MILLISECONDS, Aim::TimesPeer(0.5)),
    goal(Figure::Latency, "crossdock bench, mean", MILLISECONDS, Aim::TimesPeer(0.6)),
    goal(Figure::Latency, "crossdock bench, p99", MILLISECONDS, Aim::TimesPeer(0.5)),
    goal(
        Figure::Partitions,
        "produce, 1000 partitions",
        CPU_PER_GB,
        Aim::TimesCase(1.5, "produce, 1 partition"),
    ),
    goal(
        Figure::Partitions,
        "consume, 1000 partitions",
        CPU_PER_GB,
        Aim::TimesCase(1.5, "consume, 1 partition"),
    ),
    goal(
        Figure::Connections,
        "produce, 1000 connections",
        CPU_PER_GB,
        Aim::TimesCase(1.5, "produce, 1 connection"),
    ),
    goal(
        Figure::Connections,
        "consume, 1000 connections",
        CPU_PER_GB,
        Aim::TimesCase(1.5, "consume, 1 connection"),
    ),
    goal(Figure::Backfill, BESIDE[0], MILLISECONDS, Aim::TimesCase(2.0, ALONE[0])),
    goal(Figure::Backfill, BESIDE[1], MILLISECONDS, Aim::TimesCase(2.0, ALONE[1])),
    goal(Figure::Backfill, BESIDE[2], MILLISECONDS, Aim::TimesCase(2.0, ALONE[2])),
    // Two readers share each read of the disk: all it gives is 200 %.
    goal(Figure::Backfill, DISK_SHARE, PERCENT, Aim::AtLeast(0.95 * 200.0)),
    goal(Figure::Backfill, TAIL_SHARE, PERCENT, Aim::AtLeast(95.0)),
    goal(Figure::Headline, "as fast as it goes: produced", RECORDS_PER_S, Aim::AtLeast(1e6)),
    goal(Figure::Headline, "as fast as it goes: consumed", RECORDS_PER_S, Aim::AtLeast(1e6)),
    // A schedule of a million is not exceeded, and its last batches come after its end.
    goal(Figure::Headline, "1,000,000/s scheduled: produced", RECORDS_PER_S, Aim::AtLeast(0.99e6)),
    goal(Figure::Headline, "1,000,000/s scheduled: consumed", RECORDS_PER_S, Aim::AtLeast(0.99e6)),
    goal(Figure::Http, http::LARGE, CPU_PER_GB, Aim::TimesPeer(1.0)),
    goal(Figure::Http, http::LARGE_UNPACED, CPU_PER_GB, Aim::TimesPeer(1.0)),
    goal(Figure::Http, http::MEDIUM, CPU_PER_GB, Aim::TimesPeer(1.0)),
    goal(Figure::Http, http::MEDIUM_UNPACED, CPU_PER_GB, Aim::TimesPeer(1.0)),
    goal(Figure::Http, http::SMALL, REQUESTS_PER_S, Aim::AtLeastTimesPeer(1.0)),
    goal(Figure::Http, http::SMALL_UNPACED, REQUESTS_PER_S, Aim::AtLeastTimesPeer(1.0)),
    goal(Figure::Http, http::SMALL, REQUESTS_PER_CPU_S, Aim::AtLeastTimesPeer(1.0)),
    goal(Figure::Http, http::SMALL_UNPACED, REQUESTS_PER_CPU_S, Aim::AtLeastTimesPeer(1.0)),
    goal(Figure::Http, http::RESIDENT, MEGABYTES, Aim::TimesPeer(2.0)),
    goal(Figure::Copy, copying::CASES[0].1[0], SECONDS, Aim::TimesPeer(1.0)),
    goal(Figure::Copy, copying::CASES[0].1[1], SECONDS, Aim::TimesPeer(1.0)),
    goal(Figure::Copy, copying::CASES[0].1[2], SECONDS, Aim::TimesPeer(1.0)),
    // Where blocks can be shared nothing is moved: at once, and yet no later than cp.
    goal(Figure::Copy, copying::CASES[1].1[0], SECONDS, Aim::TimesPeer(1.0)),
    goal(Figure::Copy, copying::CASES[1].1[0], SECONDS, Aim::AtMost(0.1)),
    goal(Figure::Copy, copying::CASES[1].1[1], SECONDS, Aim::TimesPeer(1.0)),
    goal(Figure::Copy, copying::CASES[1].1[1], SECONDS, Aim::AtMost(0.1)),
    goal(Figure::Copy, copying::CASES[1].1[2], SECONDS, Aim::TimesPeer(1.0)),
    goal(Figure::Copy, copying::CASES[1].1[2], SECONDS, Aim::AtMost(0.1)),
    goal(Figure::Copy, copying::CASES[2].1[0], SECONDS, Aim::TimesPeer(1.0)),
    goal(Figure::Copy, copying::CASES[2].1[0], SECONDS, Aim::AtMost(0.1)),
    goal(Figure::Copy, copying::CASES[2].1[1], SECONDS, Aim::TimesPeer(1.0)),
    goal(Figure::Copy, copying::CASES[2].1[1], SECONDS, Aim::AtMost(0.1)),
    goal(Figure::Copy, copying::CASES[2].1[2], SECONDS, Aim::TimesPeer(1.0)),
    goal(Figure::Copy, copying::CASES[2].1[2], SECONDS, Aim::AtMost(0.1)),
    goal(Figure::Proxy, proxy::ONE_WAY, CPU_PER_GB, Aim::TimesPeer(1.1)),
    goal(Figure::Proxy, proxy::ONE_WAY_UNPACED, CPU_PER_GB, Aim::TimesPeer(1.1)),
    goal(Figure::Proxy, proxy::BOTH_WAYS, CPU_PER_GB, Aim::TimesPeer(1.1)),
    goal(Figure::Proxy, proxy::BOTH_WAYS_UNPACED, CPU_PER_GB, Aim::TimesPeer(1.1)),
    goal(Figure::Proxy, proxy::SMALL, CPU_PER_MESSAGE, Aim::TimesPeer(1.1)),
    goal(Figure::Proxy, proxy::SMALL_UNPACED, CPU_PER_MESSAGE, Aim::TimesPeer(1.1)),
    goal(Figure::Proxy, proxy::LARGE, CPU_PER_MESSAGE, Aim::TimesPeer(1.1)),
    goal(Figure::Proxy, proxy::LARGE_UNPACED, CPU_PER_MESSAGE, Aim::TimesPeer(1.1)),
    goal(Figure::Asking, asking::FETCHED, asking::ADDED, Aim::AtMost(3.0)),
];

/// A run on a schedule ends when the last batch is answered, a little after the schedule: a rate this close to the
/// aim has kept the schedule.
const CLOSE_ENOUGH: f64 = 0.995;

impl Goal {
    /// What it is a goal of.
    pub(crate) fn figure(&self) -> Figure {
        self.figure
    }

    /// Whom its figure is measured beside.
    pub(crate) fn peer(&self) -> &'static str {
        self.figure.peer()
    }

    /// The goal as a line of the table, if it was measured.
    pub(crate) fn row(&self, results: &Results) -> Option<Row> {
        let measured = results.figures.get(&self.figure)?;
        let peer = self.figure.peers_median(measured, self.case, self.unit);
        let crossdock = measured.median(self.case, Kind::Crossdock.name(), self.unit);
        let is_reached = self.is_reached(measured, crossdock?)?;
        let text = format!(
            "| {}: {}, {} | {} | {} | {} | {} | {} |\n",
            self.figure.title(),
            self.case,
            self.unit,
            cell(peer),
            cell(crossdock),
            ratio(crossdock, peer),
            self.aim(measured),
            if is_reached { "yes" } else { "**no**" },
        );
        Some(Row { text, is_reached })
    }

    fn is_reached(&self, measured: &Measured, crossdock: f64) -> Option<bool> {
        let peer = self.figure.peers_median(measured, self.case, self.unit);
        Some(match self.aim {
            Aim::TimesPeer(factor) => crossdock <= factor * peer?,
            Aim::AtLeastTimesPeer(factor) => crossdock >= factor * peer?,
            Aim::TimesFloor(factor, case) => crossdock <= factor * measured.median(case, FLOOR, self.unit)?,
            Aim::AtMost(limit) => crossdock <= limit,
            Aim::AtLeast(limit) => crossdock >= CLOSE_ENOUGH * limit,
            Aim::TimesCase(factor, case) => {
                crossdock < factor * measured.median(case, Kind::Crossdock.name(), self.unit)?
            }
        })
    }

    fn aim(&self, measured: &Measured) -> String {
        match self.aim {
            Aim::TimesPeer(factor) => format!("≤ {factor}× {}", short(self.peer())),
            Aim::AtLeastTimesPeer(factor) => format!("≥ {factor}× {}", short(self.peer())),
            Aim::TimesFloor(factor, case) => {
                let floor = cell(measured.median(case, FLOOR, self.unit));
                format!("≤ {factor}× the {FLOOR} ({floor})")
            }
            Aim::AtMost(limit) => format!("≤ {limit}"),
            Aim::AtLeast(limit) => format!("≥ {}", shown(limit)),
            Aim::TimesCase(factor, case) => {
                let other = cell(measured.median(case, Kind::Crossdock.name(), self.unit));
                let peers = |case| self.figure.peers_median(measured, case, self.unit);
                let peers_factor = match (peers(self.case), peers(case)) {
                    (Some(here), Some(there)) => {
                        format!("; {}: {}", self.peer(), ratio(Some(here), Some(there)))
                    }
                    _ => String::new(),
                };
                format!("< {factor}× its {case} ({other}){peers_factor}")
            }
        }
    }
}

/// A name's last word.
fn short(name: &str) -> &str {
    name.rsplit(' ').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_goal_names_a_case_that_is_measured_or_has_no_row() {
        let mut measured = Measured::default();
        for (case, floor_case, floor) in
            [("librdkafka", FLOOR_CASE, 0.04), ("librdkafka, no pacing", UNPACED_FLOOR_CASE, 0.05)]
        {
            measured.add(case, Kind::Kafka.name(), CPU_PER_GB, 0.12);
            measured.add(case, Kind::Crossdock.name(), CPU_PER_GB, 0.06);
            measured.add(floor_case, FLOOR, CPU_PER_GB, floor);
        }
        let reached: Vec<_> = GOALS
            .iter()
            .filter(|goal| goal.figure == Figure::Consume)
            .map(|goal| goal.is_reached(&measured, 0.06))
            .collect();
        let expected = [Some(true), Some(false), Some(true), Some(true)];
        assert_eq!(reached, expected, "half of Kafka's, but 1.5 and 1.2 times the floors");
        assert_eq!(GOALS[4].is_reached(&measured, 0.06), None, "there is nothing to compare it with");
    }

    #[test]
    fn files_over_http_are_held_against_nginx() {
        let mut measured = Measured::default();
        measured.add(http::SMALL, "nginx", REQUESTS_PER_S, 100.0);
        measured.add(http::LARGE, "nginx", CPU_PER_GB, 0.1);
        let reached = |case, unit, crossdock| {
            let goal = GOALS.iter().find(|goal| goal.case == case && goal.unit == unit).unwrap();
            goal.is_reached(&measured, crossdock)
        };
        assert_eq!(reached(http::SMALL, REQUESTS_PER_S, 101.0), Some(true), "more is better");
        assert_eq!(reached(http::SMALL, REQUESTS_PER_S, 99.0), Some(false));
        assert_eq!(reached(http::LARGE, CPU_PER_GB, 0.09), Some(true), "less is better");
        assert_eq!(reached(http::LARGE, CPU_PER_GB, 0.11), Some(false));
    }

    #[test]
    fn a_proxy_is_held_against_the_best_of_the_others() {
        let mut measured = Measured::default();
        measured.add(proxy::ONE_WAY, "nginx", CPU_PER_GB, 0.5);
        measured.add(proxy::ONE_WAY, "haproxy splice", CPU_PER_GB, 0.2);
        measured.add(proxy::ONE_WAY, Kind::Crossdock.name(), CPU_PER_GB, 0.1);
        let goal = GOALS.iter().find(|goal| goal.case == proxy::ONE_WAY).unwrap();
        assert_eq!(goal.is_reached(&measured, 0.22), Some(true));
        assert_eq!(goal.is_reached(&measured, 0.23), Some(false));
        assert_eq!(goal.aim(&measured), "≤ 1.1× best");
    }
}
