//! The results as Markdown.

use std::fmt::Write as _;

use crate::results::{shown, size_name};
use crate::{Figure, Recommendation, Results, distortions, verdicts};

/// Everything but the single samples: machine, verdicts, distortions, policy, and all rows.
pub fn to_markdown(results: &Results) -> String {
    let mut text = String::from("# What moving bytes costs on this machine\n\n");
    let _ = writeln!(text, "Written by `{}`.\n\n| | |\n|---|---|", results.origin.command);
    for (name, value) in facts(results) {
        let _ = writeln!(text, "| {name} | {} |", cell_text(&value));
    }
    text.push_str("\n## What the numbers say\n");
    for verdict in verdicts(results) {
        let _ = writeln!(text, "\n**{}** {}\n", verdict.question, verdict.answer);
        for detail in &verdict.details {
            let _ = writeln!(text, "* {detail}");
        }
    }
    text.push_str("\n## What distorts them\n\n");
    for distortion in distortions(results) {
        let mark = if distortion.is_avoidable { "**Avoidable.** " } else { "" };
        let _ = writeln!(text, "* {mark}{}", distortion.text);
    }
    let policy = Recommendation::of(results).to_properties(results);
    let _ = writeln!(text, "\n## Policy\n\n```properties\n{policy}```");
    text.push_str(
        "\n## All rows\n\nMedians of the rounds. \"\u{b1}\" is half of what lies between the least and the most of them, for \
         the sender's CPU time. Copies are the CPU's, on the sender's side; the receiver copies each byte once more.\n",
    );
    for group in results.groups() {
        let Some(first) = group.first() else { continue };
        let _ = write!(text, "\n### {}\n\n| size | mechanism |", capitalised(&first.group_name()));
        for figure in Figure::ALL {
            let _ = write!(text, " {} |", figure.heading());
        }
        let _ = writeln!(text, " \u{b1} % |\n|---|---|{}", "---:|".repeat(Figure::ALL.len() + 1));
        for row in group.iter().flat_map(|cell| results.of_cell(*cell)) {
            let _ = write!(text, "| {} | {} |", size_name(row.cell.size_bytes), row.method);
            for figure in Figure::ALL {
                let _ = write!(text, " {} |", shown(row.median(figure)));
            }
            let _ = writeln!(text, " {:.0} |", row.spread(Figure::SenderCpu) * 50.0);
        }
    }
    for unavailable in &results.unavailable {
        let _ = writeln!(text, "\n{} is not available: {}.", unavailable.method, unavailable.reason);
    }
    text
}

/// What one has to know to read the numbers.
pub(crate) fn facts(results: &Results) -> Vec<(&'static str, String)> {
    let machine = &results.machine;
    let guest = if machine.is_virtual { ", a virtual machine" } else { "" };
    let placed = match results.cores.and_then(|cores| cores.pinned) {
        Some([sender, receiver]) => format!("sender on CPU {sender}, receiver on CPU {receiver}"),
        None => "sender and receiver on one CPU".to_owned(),
    };
    vec![
        ("date", results.origin.date.clone()),
        ("command", results.origin.command.clone()),
        ("version", results.origin.version.clone()),
        ("CPU", format!("{}, {} cores{guest}; {placed}", machine.cpu, machine.cores)),
        ("memory", format!("{} GiB", machine.memory_bytes.div_ceil(1 << 30))),
        ("kernel", format!("Linux {}", machine.kernel)),
        ("file system", machine.file_system.clone()),
        (
            "congestion control",
            format!("{} (the system's: {})", results.congestion_control, machine.congestion_control),
        ),
        (
            "rounds",
            format!(
                "{} warm, {} cold, in {:.0} s; {:.1} % of the time stolen",
                results.warm_rounds,
                results.cold_rounds,
                results.elapsed_s,
                results.stolen_share * 100.0
            ),
        ),
    ]
}

pub(crate) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// A bar would end the cell.
fn cell_text(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use transfer::bare::Method;

    use super::*;
    use crate::Cache;
    use crate::results::made_up::{file, results, row};

    #[test]
    fn every_row_is_in_a_table_with_every_column() {
        let cell = file(Cache::Cold, 64, 1 << 20);
        let text = to_markdown(&results(vec![row(cell, Method::Splice, 0.05, 2.0)]));
        let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| 1 MiB | splice |")).collect();
        assert_eq!(rows, ["| 1 MiB | splice | 2.00 | 0.050 | 0.200 | 0 | 0 | 0 | 0 | 0 | 1 |"]);
        let heading = text.lines().find(|line| line.starts_with("| size |")).unwrap();
        assert_eq!(heading.matches('|').count(), rows[0].matches('|').count());
        assert!(text.contains("### Cold, 64 connections"), "{text}");
    }
}
