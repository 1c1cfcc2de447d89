//! The results as a page.

use std::fmt::Write as _;

use super::figure::Figure;
use super::goals::GOALS;
use super::plots::{file_name, shown};
use super::results::{Measured, Results};
use super::server::Kind;

/// `README.md` of the results' folder.
pub(crate) fn page(results: &Results) -> String {
    let mut page = String::from(INTRODUCTION);
    machine(results, &mut page);
    page.push_str(
        "\n## At a glance\n\nMedians of the rounds. The ratio is Crossdock's value to the other's in the same run.\n\n",
    );
    page.push_str(&glance(results, Rows::All));
    for (&figure, measured) in &results.figures {
        section(figure, measured, &mut page);
    }
    page
}

/// Which goals a table has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    All,
    /// The first of each figure, and each that is not reached.
    Chief,
}

/// What is aimed at and what is reached, as a table for each peer.
pub(crate) fn glance(results: &Results, rows: Rows) -> String {
    let mut tables = String::new();
    for peer in [Figure::Consume, Figure::Http, Figure::Copy, Figure::Proxy].map(Figure::peer) {
        let goals = GOALS.iter().filter(|goal| goal.peer() == peer);
        let mut told = None;
        let mut text = String::new();
        for goal in goals {
            let Some(row) = goal.row(results) else { continue };
            let is_first = told.replace(goal.figure()) != Some(goal.figure());
            if rows == Rows::All || is_first || !row.is_reached {
                text.push_str(&row.text);
            }
        }
        if !text.is_empty() {
            let break_before = if tables.is_empty() { "" } else { "\n" };
            let _ = write!(
                tables,
                "{break_before}| figure | {peer} | Crossdock | ratio | aim | reached |\n|---|---|---|---|---|---|\n{text}"
            );
        }
    }
    tables
}

const INTRODUCTION: &str = "\
# Crossdock beside Apache Kafka, nginx, HAProxy, cp and rclone

Written by `cargo xtask compare`; the values of every round are in [results.json](results.json). To measure again:

```
cargo xtask compare                        # everything, three rounds
cargo xtask compare consume latency        # some figures
cargo xtask compare --quick                # does everything work? (writes to target/benchmarks)
```

It needs two cores, 16 GB of memory, 15 GB of disk, Java 17, Maven and kcat; perf if the profile is wanted; root to change the
congestion control (`consume`, `http`, `proxy`), to mount file systems (`copy`, `headline`) and to hold a disk and memory back (`backfill`,
control groups version 1). Both brokers run in turn on the first core, with both sides' clients on the second, unless the figure
says otherwise; both with their default configuration, but for `group.initial.rebalance.delay.ms=0` and `log.segment.delete.delay.ms=100`. Memory
is touched before each round, and again before each gigabyte that is produced for the costs by number; data is in the page cache,
and each broker is warmed up by producing and consuming 500,000 records. CPU time is user and kernel time of all threads of the
server, from `/proc/PID/stat`. `http` and `proxy` have peers, loads and warm-ups of their own, and install nginx, wrk and haproxy
with apt-get where they are missing.

Two more pages are runs of `crossdock lab`, each on the machine that it names: [what each way from a file to a socket
costs](lab.md), and [when several threads copy sooner than one](copy.md).
";

fn machine(results: &Results, page: &mut String) {
    let machine = &results.machine;
    let virtual_machine = if machine.virtual_machine { ", a virtual machine" } else { "" };
    let _ = writeln!(
        page,
        "\n| | |\n|---|---|\n| CPU | {}, {} cores{virtual_machine} |\n| memory | {} GiB |\n| kernel | Linux {}, TCP congestion control: {} |\n\
         | Apache Kafka | {}, {} |\n| kcat | {} |\n| Crossdock | release build, {} |",
        machine.cpu,
        machine.cores,
        machine.memory_gib,
        machine.kernel,
        machine.congestion_control,
        machine.kafka,
        machine.java,
        machine.kcat,
        machine.rustc,
    );
}

fn section(figure: Figure, measured: &Measured, page: &mut String) {
    let rounds = measured.series.iter().map(|series| series.values.len()).max().unwrap_or(0);
    let with = if measured.with.is_empty() { String::new() } else { format!(" with {}", measured.with) };
    let note = if measured.note.is_empty() { String::new() } else { format!("\n{}\n", measured.note) };
    let _ = writeln!(
        page,
        "\n## {}\n\n{}\n\nMeasured on {} at {}{with}, rounds: {rounds}.\n{note}\n![{}]({})\n",
        figure.title(),
        figure.method(),
        measured.date,
        measured.commit,
        figure.title(),
        file_name(figure),
    );
    let both = [figure.peer(), Kind::Crossdock.name()];
    let _ = writeln!(
        page,
        "| | unit | {} | Crossdock | ratio | others |\n|---|---|---|---|---|---|",
        figure.peer()
    );
    for (case, unit) in measured.cases() {
        let peer = figure.peers_median(measured, case, unit);
        let crossdock = measured.median(case, Kind::Crossdock.name(), unit);
        let others: Vec<String> = measured
            .series
            .iter()
            .filter(|series| series.case == case && series.unit == unit)
            .filter(|series| !both.contains(&series.who.as_str()))
            .map(|series| format!("{}: {}", series.who, shown(series.median())))
            .collect();
        let _ = writeln!(
            page,
            "| {case} | {unit} | {} | {} | {} | {} |",
            cell(peer),
            cell(crossdock),
            ratio(crossdock, peer),
            others.join(", "),
        );
    }
}

/// A value, or nothing.
pub(crate) fn cell(value: Option<f64>) -> String {
    value.map(shown).unwrap_or_default()
}

/// How many times the other, or nothing.
pub(crate) fn ratio(value: Option<f64>, other: Option<f64>) -> String {
    match (value, other) {
        (Some(value), Some(other)) if other > 0.0 => format!("{:.2}×", value / other),
        _ => String::new(),
    }
}
