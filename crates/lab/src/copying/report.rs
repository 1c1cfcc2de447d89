//! The results for a terminal, as Markdown, and for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::verdict::{copy_verdicts, recommended_threads};
use super::{CopyResults, CopyRow, Situation};
use crate::results::shown;
use crate::text::aligned;

/// The setting of `crossdock copy` that the numbers speak for.
const PARALLEL_SETTING: &str = "crossdock.copy.parallel";

/// Tables of how long each took, and the verdicts.
pub fn copies_to_text(results: &CopyResults) -> String {
    let mut text = String::new();
    for situation in results.situations() {
        let (place, name) = (results.place(situation), CopyResults::name(situation));
        let _ = writeln!(text, "{place}, {name}: seconds until copied (until on the disk)");
        text.push_str(&aligned(&table(results, situation), 4));
        text.push('\n');
    }
    for (dir, reason) in &results.never_cold {
        let _ = writeln!(text, "{}: not measured from the disk: {reason}\n", dir.display());
    }
    text.push_str("What the numbers say\n");
    for verdict in copy_verdicts(results) {
        let _ = writeln!(text, "  {}", verdict.situation);
        for answer in &verdict.answers {
            let _ = writeln!(text, "    {answer}");
        }
    }
    let _ = writeln!(text, "\nPolicy\n  {PARALLEL_SETTING}={}", recommended_threads(results));
    text
}

/// Everything but the single samples.
pub fn copies_to_markdown(results: &CopyResults) -> String {
    let mut text = String::from("# Copying with one thread and with several\n\n");
    let _ = writeln!(text, "Written by `{}`.\n\n| | |\n|---|---|", results.origin.command);
    for (name, value) in facts(results) {
        let _ = writeln!(text, "| {name} | {} |", value.replace('|', "\\|"));
    }
    text.push_str("\n## What the numbers say\n");
    for verdict in copy_verdicts(results) {
        let _ = writeln!(text, "\n**{}**\n", verdict.situation);
        for answer in &verdict.answers {
            let _ = writeln!(text, "* {answer}");
        }
    }
    let _ = writeln!(text, "\nPolicy: `{PARALLEL_SETTING}={}`.", recommended_threads(results));
    text.push_str(
        "\n## All rows\n\nMedians of the rounds. \"Copied\" is what `cp` would tell: the copy may be in memory only. CPU time is \
         the copying threads'; writing to the disk later is the kernel's.\n\n\
         | where | what | way | threads | copied, s | on the disk, s | CPU s |\n|---|---|---|---:|---:|---:|---:|\n",
    );
    for row in &results.rows {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} |",
            results.place(row.situation),
            CopyResults::name(row.situation),
            row.way_name(),
            row.threads,
            shown(row.copied_s()),
            shown(row.on_disk_s()),
            shown(row.cpu_s()),
        );
    }
    for (dir, reason) in &results.never_cold {
        let _ = writeln!(text, "\n{} was not measured from the disk: {reason}.", dir.display());
    }
    text
}

/// Everything that was measured, sample by sample, and what was made of it.
pub fn copies_to_json(results: &CopyResults) -> Value {
    json!({
        "measured": results,
        "verdicts": copy_verdicts(results),
        "policy": { PARALLEL_SETTING: recommended_threads(results) },
    })
}

/// What `crossdock copy` takes as its policy.
pub fn copy_policy(results: &CopyResults) -> String {
    let origin = &results.origin;
    format!(
        "# How files are copied, as `{}` measured it, {}.\n{PARALLEL_SETTING}={}\n",
        origin.command,
        origin.date,
        recommended_threads(results)
    )
}

/// A row for each way, a column for each number of threads.
fn table(results: &CopyResults, situation: Situation) -> Vec<Vec<String>> {
    let ways = results.ways(situation);
    let mut counts: Vec<usize> = ways.iter().flatten().map(|row| row.threads).collect();
    counts.sort_unstable();
    counts.dedup();
    let heading = |&threads: &usize| format!("{threads} thread{}", if threads == 1 { "" } else { "s" });
    let mut lines =
        vec![std::iter::once(String::new()).chain(counts.iter().map(heading)).collect::<Vec<_>>()];
    for rows in ways {
        let Some(first) = rows.first() else { continue };
        let value = |&threads: &usize| {
            let row = rows.iter().find(|row| row.threads == threads);
            row.map_or("\u{2013}".to_owned(), |row: &&CopyRow| {
                format!("{} ({})", shown(row.copied_s()), shown(row.on_disk_s()))
            })
        };
        lines.push(std::iter::once(first.way_name()).chain(counts.iter().map(value)).collect());
    }
    lines
}

fn facts(results: &CopyResults) -> Vec<(&'static str, String)> {
    let Some(machine) = results.machines.first() else { return Vec::new() };
    let guest = if machine.is_virtual { ", a virtual machine" } else { "" };
    vec![
        ("date", results.origin.date.clone()),
        ("version", results.origin.version.clone()),
        ("CPU", format!("{}, {} cores{guest}", machine.cpu, machine.cores)),
        ("memory", format!("{} GiB", machine.memory_bytes.div_ceil(1 << 30))),
        ("kernel", format!("Linux {}", machine.kernel)),
        ("copied at a time", format!("{:.1} GB", results.bytes as f64 / 1e9)),
        ("rounds", format!("{}; {:.1} % of the time stolen", results.rounds, results.stolen_share * 100.0)),
    ]
}

#[cfg(test)]
mod tests {
    use transfer::copy::Method;

    use super::super::made_up::{results, row};
    use super::*;
    use crate::Cache;

    fn measured() -> CopyResults {
        results(vec![
            row(Cache::Warm, None, 1, 1.0),
            row(Cache::Warm, None, 2, 0.5),
            row(Cache::Warm, Some(Method::ReadWrite), 1, 1.5),
        ])
    }

    #[test]
    fn a_way_is_a_line_and_a_number_of_threads_a_column() {
        let text = copies_to_text(&measured());
        assert!(
            text.starts_with(
                "xfs (/data), one file in memory: seconds until copied (until on the disk)\n                              \
                 1 thread     2 threads\n    auto: copy_file_range  1.00 (2.00)  0.500 (2.00)\n    \
                 read-write             1.50 (2.00)             \u{2013}\n"
            ),
            "{text}"
        );
        assert!(text.ends_with("Policy\n  crossdock.copy.parallel=2\n"), "{text}");
    }

    #[test]
    fn every_row_is_in_the_markdown_table() {
        let text = copies_to_markdown(&measured());
        assert!(
            text.contains("| xfs (/data) | one file in memory | read-write | 1 | 1.50 | 2.00 | 0.500 |"),
            "{text}"
        );
        assert!(text.contains("| copied at a time | 1.2 GB |"), "{text}");
    }
}
