//! What follows from the numbers for a server's settings?

use std::fmt::Write as _;

use serde_json::Value;
use transfer::bare::Method;
use transfer::{COPY_BELOW_BYTES, Mechanism};

use crate::results::{shown, size_name};
use crate::{Cache, Cell, Figure, Results, Row};

/// From this size on a mechanism has to win everywhere before it is named: what is smaller is copied or costs little.
const LARGE_FROM_BYTES: u64 = 64 << 10;

/// Thresholds are multiples of this: nobody measures them closer.
const THRESHOLD_STEP_BYTES: u64 = 512;

/// The settings that the numbers speak for, with their reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recommendation {
    /// `crossdock.transfer.mechanism`; `None` for `auto`.
    pub mechanism: Option<Mechanism>,
    /// Why so.
    pub mechanism_reason: String,
    /// `crossdock.transfer.copy.below.bytes`.
    pub copy_below_bytes: u64,
    /// Why so.
    pub copy_below_reason: String,
}

impl Recommendation {
    /// What these numbers speak for.
    pub fn of(results: &Results) -> Self {
        let (mechanism, mechanism_reason) = mechanism(results);
        let (copy_below_bytes, copy_below_reason) = copy_below(results);
        Self { mechanism, mechanism_reason, copy_below_bytes, copy_below_reason }
    }

    /// Names and values, as the broker's configuration has them.
    pub fn settings(&self) -> [(String, Value); 2] {
        let mechanism = self.mechanism.map_or("auto", Mechanism::as_str);
        [
            ("crossdock.transfer.mechanism".to_owned(), mechanism.into()),
            ("crossdock.transfer.copy.below.bytes".to_owned(), self.copy_below_bytes.into()),
        ]
    }

    /// A properties file with the reasons as comments.
    pub fn to_properties(&self, results: &Results) -> String {
        let mut text = String::new();
        let origin = &results.origin;
        let _ = writeln!(text, "# How payload leaves, as `{}` measured it.", origin.command);
        let _ =
            writeln!(text, "# {}, {}, Linux {}.", origin.date, results.machine.cpu, results.machine.kernel);
        let _ = writeln!(text, "# Append it to the server's properties file, or give each line with --set.");
        let reasons = [&self.mechanism_reason, &self.copy_below_reason];
        for ((name, value), reason) in self.settings().iter().zip(reasons) {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let _ = write!(text, "\n# {reason}\n{name}={value}\n");
        }
        text
    }
}

/// Another mechanism than the automatic choice, only if it is clearly cheaper than `sendfile` for every large warm file.
fn mechanism(results: &Results) -> (Option<Mechanism>, String) {
    let cells: Vec<Cell> = results
        .groups()
        .into_iter()
        .flatten()
        .filter(|cell| {
            cell.cache == Cache::Warm && cell.header_bytes == 0 && cell.size_bytes >= LARGE_FROM_BYTES
        })
        .collect();
    let wins = |method: Method| {
        let beats = |cell: &Cell| match (results.row(*cell, method), results.row(*cell, Method::Sendfile)) {
            (Some(own), Some(sendfile)) => own.is_clearly_less(sendfile, Figure::SenderCpu),
            (Some(_), None) => true,
            (None, _) => false,
        };
        !cells.is_empty() && cells.iter().all(beats)
    };
    let cost = |method| {
        let largest = cells.iter().filter(|cell| cell.connections == 1).max_by_key(|cell| cell.size_bytes)?;
        Some((shown(results.row(*largest, method)?.median(Figure::SenderCpu)), size_name(largest.size_bytes)))
    };
    let winners = Method::ALL.into_iter().filter(|&method| method != Method::Sendfile && wins(method));
    let cheapest =
        winners.filter_map(|method| Some((method.mechanism()?, method))).min_by(|(_, one), (_, other)| {
            total_cpu(results, &cells, *one).total_cmp(&total_cpu(results, &cells, *other))
        });
    match cheapest {
        Some((mechanism, method)) => {
            let own = cost(method).map(|(own, _)| own).unwrap_or_default();
            let against = cost(Method::Sendfile)
                .map_or("sendfile is not to be had".to_owned(), |(other, size)| {
                    format!("{own} CPU s/GB against {other} at {size}")
                });
            (
                Some(mechanism),
                format!(
                    "{method} is clearly cheaper than sendfile for every warm file of {} and more: {against}.",
                    size_name(LARGE_FROM_BYTES)
                ),
            )
        }
        None => match cost(Method::Sendfile) {
            Some((cpu, size)) => (
                None,
                format!(
                    "Nothing that can be chosen is clearly cheaper than sendfile everywhere: {cpu} CPU s/GB at {size}."
                ),
            ),
            None => (None, "Too little was measured to choose: the server finds out by itself.".to_owned()),
        },
    }
}

fn total_cpu(results: &Results, cells: &[Cell], method: Method) -> f64 {
    cells.iter().filter_map(|cell| results.row(*cell, method)).map(|row| row.median(Figure::SenderCpu)).sum()
}

/// Where the cost of a copied answer crosses that of one whose payload goes by `sendfile`: half-way, in factors, between the
/// sizes at which the rounds agree on who is the cheaper.
fn copy_below(results: &Results) -> (u64, String) {
    let pairs: Vec<(u64, &Row, &Row)> = results
        .answers()
        .iter()
        .filter_map(|cell| {
            let sendfile = results.row(*cell, Method::Sendfile)?;
            let mut rows = results.of_cell(*cell).into_iter();
            let copy = rows.find(|row| row.method.mechanism() == Some(Mechanism::ReadWrite))?;
            Some((cell.size_bytes, copy, sendfile))
        })
        .collect();
    let told = |&(size, copy, sendfile): &(u64, &Row, &Row)| {
        let ratio =
            copy.median(Figure::SenderCpu) / sendfile.median(Figure::SenderCpu).max(f64::MIN_POSITIVE);
        format!("{} times one sent by sendfile at {}", shown(ratio), size_name(size))
    };
    let cheap = pairs.iter().rfind(|(_, copy, sendfile)| copy.is_clearly_less(sendfile, Figure::SenderCpu));
    let dear = pairs.iter().find(|(_, copy, sendfile)| sendfile.is_clearly_less(copy, Figure::SenderCpu));
    match (cheap, dear) {
        (Some(cheap), Some(dear)) if cheap.0 < dear.0 => {
            // Sizes are multiples of each other: the logarithm is what grows evenly.
            let bytes = (cheap.0 as f64 * dear.0 as f64).sqrt();
            let steps = (bytes / THRESHOLD_STEP_BYTES as f64).round() as u64;
            let reason = format!(
                "A copied answer clearly costs less up to {}: {}; clearly more from {} on: {}.",
                size_name(cheap.0),
                told(cheap),
                size_name(dear.0),
                told(dear)
            );
            ((steps * THRESHOLD_STEP_BYTES).max(cheap.0), reason)
        }
        (Some(cheap), None) => {
            let reason =
                format!("A copied answer clearly costs less up to {}: {}.", size_name(cheap.0), told(cheap));
            (cheap.0, reason)
        }
        (None, Some(dear)) => {
            let reason = format!("A copied answer costs {}, and is clearly cheaper nowhere.", told(dear));
            (dear.0.min(COPY_BELOW_BYTES), reason)
        }
        _ => {
            let reason = "No clear difference was measured: this is what the server does by itself.";
            (COPY_BELOW_BYTES, reason.to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::made_up::{answer, file, results, row};

    const COPY: Method = Method::ReadWrite { buffer_bytes: 64 << 10 };

    fn answers(ratios: &[(u64, f64)]) -> Vec<Row> {
        ratios
            .iter()
            .flat_map(|&(size, ratio)| {
                [row(answer(size), COPY, ratio, 1.0), row(answer(size), Method::Sendfile, 1.0, 1.0)]
            })
            .collect()
    }

    fn copy_below_of(ratios: &[(u64, f64)]) -> u64 {
        Recommendation::of(&results(answers(ratios))).copy_below_bytes
    }

    #[test]
    fn answers_are_copied_up_to_where_the_costs_cross() {
        assert_eq!(copy_below_of(&[(4_096, 0.5), (16_384, 2.0)]), 8_192);
        assert_eq!(copy_below_of(&[(1_024, 0.5), (4_096, 0.8), (16_384, 3.2), (65_536, 4.0)]), 8_192);
        // What the rounds do not agree on does not move it.
        assert_eq!(copy_below_of(&[(1_024, 0.5), (4_096, 1.01), (16_384, 2.0)]), 4_096);
        assert_eq!(copy_below_of(&[(1_024, 1.5), (16_384, 2.0)]), 1_024);
        assert_eq!(copy_below_of(&[(4_096, 1.01), (16_384, 2.0)]), COPY_BELOW_BYTES);
        assert_eq!(copy_below_of(&[(4_096, 0.5), (16_384, 0.7)]), 16_384);
        assert_eq!(copy_below_of(&[]), COPY_BELOW_BYTES);
    }

    #[test]
    fn a_mechanism_is_named_only_if_it_wins_everywhere() {
        let rows = |splice_at_the_end: f64| {
            let cells = [file(Cache::Warm, 1, 1 << 20), file(Cache::Warm, 64, 1 << 20)];
            let mut rows = vec![
                row(cells[0], Method::Sendfile, 0.10, 1.0),
                row(cells[0], Method::Splice, 0.05, 1.0),
                row(cells[1], Method::Sendfile, 0.10, 1.0),
            ];
            rows.push(row(cells[1], Method::Splice, splice_at_the_end, 1.0));
            rows
        };
        let recommended = Recommendation::of(&results(rows(0.05)));
        assert_eq!(recommended.mechanism, Some(Mechanism::Splice));
        assert!(
            recommended.mechanism_reason.contains("0.050 CPU s/GB against 0.100 at 1 MiB"),
            "{recommended:?}"
        );
        assert_eq!(Recommendation::of(&results(rows(0.2))).mechanism, None);
        assert_eq!(Recommendation::of(&results(vec![])).mechanism, None);
    }

    #[test]
    fn what_the_engine_does_not_have_is_never_recommended() {
        let cell = file(Cache::Warm, 1, 1 << 20);
        let rows = vec![row(cell, Method::Sendfile, 0.1, 1.0), row(cell, Method::Zerocopy, 0.01, 1.0)];
        assert_eq!(Recommendation::of(&results(rows)).mechanism, None);
    }

    #[test]
    fn the_file_has_a_line_and_a_reason_for_each_setting() {
        let results = results(answers(&[(4_096, 0.5), (16_384, 2.0)]));
        let text = Recommendation::of(&results).to_properties(&results);
        assert!(text.contains("\ncrossdock.transfer.mechanism=auto\n"), "{text}");
        assert!(
            text.contains(
                "\n# A copied answer clearly costs less up to 4 KiB: 0.500 times one sent by sendfile at 4 KiB; clearly more from \
                 16 KiB on: 2.00 times one sent by sendfile at 16 KiB.\n\
                 crossdock.transfer.copy.below.bytes=8192\n"
            ),
            "{text}"
        );
    }
}
