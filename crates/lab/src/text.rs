//! The results for a terminal.

use std::fmt::Write as _;

use crate::results::{shown, size_name};
use crate::{Cell, Figure, Recommendation, Results, distortions, verdicts};

/// The size of which every column is shown: large enough that system calls do not hide the rest.
const SHOWN_IN_FULL_BYTES: u64 = 1 << 20;

/// Tables of what each costs, the verdicts, and what distorts them. Every row is in the other forms.
pub fn to_text(results: &Results) -> String {
    let mut text = String::new();
    for group in results.groups() {
        let Some(first) = group.first() else { continue };
        let _ = writeln!(text, "{}", first.group_name());
        for figure in [Figure::SenderCpu, Figure::Throughput] {
            let _ = writeln!(text, "  {}", figure.heading());
            text.push_str(&by_size(results, &group, figure));
        }
        text.push('\n');
    }
    let in_full = results.groups().into_iter().find_map(|group| {
        group.into_iter().find(|cell| cell.header_bytes == 0 && cell.size_bytes == SHOWN_IN_FULL_BYTES)
    });
    if let Some(cell) = in_full {
        let _ = writeln!(text, "{}, {}, every column", cell.group_name(), size_name(cell.size_bytes));
        text.push_str(&columns(results, cell));
        text.push('\n');
    }
    for unavailable in &results.unavailable {
        let _ = writeln!(text, "{}: not available ({})\n", unavailable.method, unavailable.reason);
    }
    text.push_str("What the numbers say\n");
    for verdict in verdicts(results) {
        let _ = writeln!(text, "  {}\n    {}", verdict.question, verdict.answer);
    }
    text.push_str("\nWhat distorts them\n");
    for distortion in distortions(results) {
        let mark = if distortion.is_avoidable { "!" } else { "-" };
        let _ = writeln!(text, "  {mark} {}", distortion.text);
    }
    text.push_str("\nPolicy\n");
    let recommendation = Recommendation::of(results);
    let reasons = [&recommendation.mechanism_reason, &recommendation.copy_below_reason];
    for ((name, value), reason) in recommendation.settings().iter().zip(reasons) {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let _ = writeln!(text, "  {name}={value}\n    {reason}");
    }
    text
}

/// A row for each method, a column for each size.
fn by_size(results: &Results, group: &[Cell], figure: Figure) -> String {
    let mut lines: Vec<Vec<String>> = vec![
        std::iter::once(String::new()).chain(group.iter().map(|cell| size_name(cell.size_bytes))).collect(),
    ];
    for method in results.methods(group) {
        let value = |cell: &Cell| match results.row(*cell, method) {
            Some(row) => shown(row.median(figure)),
            None => "\u{2013}".to_owned(),
        };
        lines.push(std::iter::once(method.to_string()).chain(group.iter().map(value)).collect());
    }
    aligned(&lines, 4)
}

fn columns(results: &Results, cell: Cell) -> String {
    let headings = Figure::ALL.map(|figure| figure.heading().to_owned());
    let mut lines: Vec<Vec<String>> = vec![std::iter::once(String::new()).chain(headings).collect()];
    for row in results.of_cell(cell) {
        let values = Figure::ALL.map(|figure| shown(row.median(figure)));
        lines.push(std::iter::once(row.method.to_string()).chain(values).collect());
    }
    aligned(&lines, 4)
}

/// The first column to the left, the others to the right.
pub(crate) fn aligned(lines: &[Vec<String>], indent: usize) -> String {
    let columns = lines.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        lines
            .iter()
            .filter_map(|line| line.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for line in lines {
        text.push_str(&" ".repeat(indent));
        for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
            let _ =
                if column == 0 { write!(text, "{cell:<width$}") } else { write!(text, "  {cell:>width$}") };
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use transfer::bare::Method;

    use super::*;
    use crate::Cache;
    use crate::results::made_up::{file, results, row};

    #[test]
    fn a_method_is_a_line_and_a_size_a_column() {
        let cells = [file(Cache::Warm, 1, 4 << 10), file(Cache::Warm, 1, 1 << 20)];
        let measured = results(vec![
            row(cells[0], Method::Sendfile, 0.25, 0.5),
            row(cells[1], Method::Sendfile, 0.05, 2.0),
            row(cells[1], Method::Mmap, 0.1, 1.0),
        ]);
        let text = to_text(&measured);
        assert!(
            text.starts_with(
                "warm, 1 connection\n  sender CPU s/GB\n                4 KiB  1 MiB\n    \
                 mmap+write      \u{2013}  0.100\n    sendfile    0.250  0.050\n  GB/s\n"
            ),
            "{text}"
        );
        for said in ["every column", "What the numbers say", "crossdock.transfer.mechanism=auto"] {
            assert!(text.contains(said), "{said} in {text}");
        }
    }
}
