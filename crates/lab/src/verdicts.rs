//! What do the numbers say?

use serde::Serialize;
use transfer::Mechanism;
use transfer::bare::Method;

use crate::results::{shown, size_name};
use crate::{Cache, Cell, Figure, Results, Row};

/// Where the rule of many articles changes from mmap to sendfile: "1 MB".
const RULE_CHANGES_AT_BYTES: u64 = 1 << 20;

/// Counts that differ by less than this are no explanation.
const TELLING_RATIO: f64 = 1.5;

/// Fewer events than this per GB explain nothing.
const TELLING_PER_GB: f64 = 100.0;

/// A question and what the numbers answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// What is asked.
    pub question: String,
    /// The answer in a sentence or two.
    pub answer: String,
    /// The numbers that it rests on, and why they are so.
    pub details: Vec<String>,
}

/// Everything that these numbers answer.
pub fn verdicts(results: &Results) -> Vec<Verdict> {
    let mut verdicts: Vec<Verdict> =
        results.groups().iter().filter_map(|group| who_wins(results, group)).collect();
    verdicts.extend(the_rule(results));
    verdicts.extend(copying(results));
    verdicts.extend(buffers(results));
    verdicts.extend(many_connections(results));
    verdicts.extend(zerocopy(results));
    verdicts
}

/// What decides in a situation: warm, what the sender's CPU pays; cold, what comes off the disk.
fn deciding(cell: Cell) -> Figure {
    match cell.cache {
        Cache::Warm => Figure::SenderCpu,
        Cache::Cold => Figure::Throughput,
    }
}

fn with_unit(figure: Figure, row: &Row) -> String {
    let unit = if figure == Figure::SenderCpu { "CPU s/GB" } else { figure.heading() };
    format!("{} {unit}", shown(row.median(figure)))
}

/// The rows of a cell, the best first.
fn ranked(results: &Results, cell: Cell) -> Vec<&Row> {
    let figure = deciding(cell);
    let mut rows = results.of_cell(cell);
    rows.retain(|row| !row.samples.is_empty());
    rows.sort_by(|one, other| one.median(figure).total_cmp(&other.median(figure)));
    if cell.cache == Cache::Cold {
        rows.reverse();
    }
    rows
}

/// Whether `best`, which is ranked first, is clearly better.
fn is_clearly_better(best: &Row, other: &Row) -> bool {
    let figure = deciding(best.cell);
    match best.cell.cache {
        Cache::Warm => best.is_clearly_less(other, figure),
        Cache::Cold => other.is_clearly_less(best, figure),
    }
}

fn who_wins(results: &Results, group: &[Cell]) -> Option<Verdict> {
    let first = *group.first()?;
    let mut won: Vec<(Option<Method>, u64)> = Vec::new();
    let mut details = Vec::new();
    for cell in group {
        let rows = ranked(results, *cell);
        let Some((best, others)) = rows.split_first() else { continue };
        let figure = deciding(*cell);
        let size = size_name(cell.size_bytes);
        let best_told = format!("{} {}", best.method, with_unit(figure, best));
        let alike: Vec<&&Row> = others.iter().take_while(|other| !is_clearly_better(best, other)).collect();
        if alike.is_empty() {
            won.push((Some(best.method), cell.size_bytes));
            let next = others.first().map(|next| {
                let next_told = format!("; next {} {}", next.method, with_unit(figure, next));
                next_told + &because(best, next)
            });
            details.push(format!("{size}: {best_told}{}", next.unwrap_or_default()));
        } else {
            won.push((None, cell.size_bytes));
            let alike: Vec<String> =
                alike.iter().map(|row| format!("{} {}", row.method, with_unit(figure, row))).collect();
            let worse = others.get(alike.len()).map(|worse| {
                format!(
                    "; clearly behind: {} {}{}",
                    worse.method,
                    with_unit(figure, worse),
                    because(best, worse)
                )
            });
            details.push(format!(
                "{size}: no difference between {best_told} and {}{}",
                alike.join(", "),
                worse.unwrap_or_default()
            ));
        }
    }
    if won.is_empty() {
        return None;
    }
    let question = match first.cache {
        Cache::Warm => format!("Which is the cheapest for the sender ({})?", first.group_name()),
        Cache::Cold => format!("Which is the fastest ({})?", first.group_name()),
    };
    Some(Verdict { question, answer: runs(&won), details })
}

/// `sendfile from 64 KiB to 1 GiB; nobody clearly at 4 KiB`.
fn runs(won: &[(Option<Method>, u64)]) -> String {
    let by_winner = won.chunk_by(|(one, _), (other, _)| one == other);
    let told = by_winner.filter_map(|run| {
        let (&(winner, from), &(_, to)) = (run.first()?, run.last()?);
        let who = winner.map_or("nobody clearly".to_owned(), |method| method.to_string());
        let from_name = size_name(from);
        Some(if from == to {
            format!("{who} at {from_name}")
        } else {
            format!("{who} from {from_name} to {}", size_name(to))
        })
    });
    told.collect::<Vec<String>>().join("; ") + "."
}

/// What the counts say about a difference in cost, in parentheses; nothing where they say nothing.
fn because(cheap: &Row, dear: &Row) -> String {
    let mut reasons = Vec::new();
    let copies = [cheap, dear].map(|row| row.median(Figure::Copies));
    if (copies[0] - copies[1]).abs() > 0.5 {
        let [cheap_copies, dear_copies] = copies.map(|copies| format!("{copies:.0}"));
        reasons.push(format!("{cheap_copies} copies of each byte against {dear_copies}"));
    }
    for (figure, what) in [
        (Figure::SenderCalls, "system calls"),
        (Figure::Faults, "page faults"),
        (Figure::Switches, "context switches"),
    ] {
        let [few, many] = [cheap, dear].map(|row| row.median(figure));
        if many > TELLING_PER_GB && many > few * TELLING_RATIO {
            reasons.push(format!("{} {what} per GB against {}", shown(few), shown(many)));
        }
    }
    if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) }
}

/// "mmap below 1 MB, sendfile above", held against warm files and one connection.
fn the_rule(results: &Results) -> Option<Verdict> {
    let mut details = Vec::new();
    let mut outcomes: Vec<(u64, Option<Method>)> = Vec::new();
    for cell in results.files(Cache::Warm, 1) {
        let (Some(mmap), Some(sendfile)) =
            (results.row(cell, Method::Mmap), results.row(cell, Method::Sendfile))
        else {
            continue;
        };
        let cheaper = if mmap.is_clearly_less(sendfile, Figure::SenderCpu) {
            Some(Method::Mmap)
        } else if sendfile.is_clearly_less(mmap, Figure::SenderCpu) {
            Some(Method::Sendfile)
        } else {
            None
        };
        outcomes.push((cell.size_bytes, cheaper));
        let why = match cheaper {
            Some(Method::Mmap) => because(mmap, sendfile),
            Some(_) => because(sendfile, mmap),
            None => ": no clear difference".to_owned(),
        };
        details.push(format!(
            "{}: mmap+write {}, sendfile {}{why}",
            size_name(cell.size_bytes),
            with_unit(Figure::SenderCpu, mmap),
            with_unit(Figure::SenderCpu, sendfile)
        ));
    }
    let (below, above): (Vec<_>, Vec<_>) =
        outcomes.into_iter().partition(|&(size_bytes, _)| size_bytes < RULE_CHANGES_AT_BYTES);
    if below.is_empty() || above.is_empty() {
        return None;
    }
    let all =
        |half: &[(u64, Option<Method>)], method| half.iter().all(|&(_, cheaper)| cheaper == Some(method));
    let at = |half: &[(u64, Option<Method>)], method| -> Vec<String> {
        half.iter()
            .filter(|(_, cheaper)| *cheaper == Some(method))
            .map(|(size, _)| size_name(*size))
            .collect()
    };
    let (below_holds, above_holds) = (all(&below, Method::Mmap), all(&above, Method::Sendfile));
    let below_told = match (below_holds, at(&below, Method::Mmap), at(&below, Method::Sendfile)) {
        (true, ..) => "below 1 MiB mmap is the cheaper".to_owned(),
        (false, mmap, sendfile) if mmap.is_empty() && sendfile.len() == below.len() => {
            "below 1 MiB sendfile is the cheaper, too".to_owned()
        }
        (false, mmap, _) if mmap.is_empty() => "below 1 MiB mmap is nowhere clearly cheaper".to_owned(),
        (false, mmap, _) => format!("below 1 MiB mmap is clearly cheaper only at {}", mmap.join(", ")),
    };
    let above_told = match (above_holds, at(&above, Method::Sendfile)) {
        (true, _) => "from 1 MiB on sendfile is the cheaper".to_owned(),
        (false, sendfile) if sendfile.is_empty() => {
            "from 1 MiB on sendfile is nowhere clearly cheaper".to_owned()
        }
        (false, sendfile) => {
            format!("from 1 MiB on sendfile is clearly cheaper only at {}", sendfile.join(", "))
        }
    };
    let verdict = match (below_holds, above_holds) {
        (true, true) => "It holds here",
        (false, true) => "Half of it holds here, the second",
        (true, false) => "Half of it holds here, the first",
        (false, false) => "It does not hold here",
    };
    Some(Verdict {
        question: "\u{201c}mmap below 1 MB, sendfile above\u{201d}: does the rule hold?".to_owned(),
        answer: format!("{verdict}: {below_told}, and {above_told}."),
        details,
    })
}

/// The traditional way against the best without copies, at the largest warm file.
fn copying(results: &Results) -> Option<Verdict> {
    let cell = *results.files(Cache::Warm, 1).last()?;
    let rows = ranked(results, cell);
    let best = |copies: bool| {
        rows.iter().find(|row| row.method.mechanism().is_some_and(|mechanism| mechanism.copies() == copies))
    };
    let traditional = rows.iter().find(|row| row.method.mechanism() == Some(Mechanism::ReadWrite))?;
    let without = best(false)?;
    let size = size_name(cell.size_bytes);
    let [old, new] = [traditional, without].map(|row| row.median(Figure::SenderCpu));
    let answer = if new > 0.0 && without.is_clearly_less(traditional, Figure::SenderCpu) {
        format!(
            "{} times the sender's CPU time at {size}: {} {} against {} {}{}.",
            shown(old / new),
            traditional.method,
            with_unit(Figure::SenderCpu, traditional),
            without.method,
            with_unit(Figure::SenderCpu, without),
            because(without, traditional)
        )
    } else {
        format!(
            "Nothing that the rounds agree on at {size}: {} {}, {} {}.",
            traditional.method,
            with_unit(Figure::SenderCpu, traditional),
            without.method,
            with_unit(Figure::SenderCpu, without)
        )
    };
    let receivers = [traditional, without].map(|row| {
        format!("{}: the receiver pays {} CPU s/GB", row.method, shown(row.median(Figure::ReceiverCpu)))
    });
    Some(Verdict {
        question: "What does the traditional way cost, four copies of which two are the CPU's?".to_owned(),
        answer,
        details: receivers.to_vec(),
    })
}

fn buffers(results: &Results) -> Option<Verdict> {
    let cell = *results.files(Cache::Warm, 1).last()?;
    let rows: Vec<&Row> = ranked(results, cell)
        .into_iter()
        .filter(|row| matches!(row.method, Method::ReadWrite { .. }))
        .collect();
    let (best, others) = rows.split_first()?;
    let worst = others.last()?;
    let size = size_name(cell.size_bytes);
    let answer = if best.is_clearly_less(worst, Figure::SenderCpu) {
        format!(
            "{} is the best at {size}, and {} costs {} times as much{}.",
            best.method,
            worst.method,
            shown(worst.median(Figure::SenderCpu) / best.median(Figure::SenderCpu).max(f64::MIN_POSITIVE)),
            because(best, worst)
        )
    } else {
        format!("It does not matter at {size}.")
    };
    Some(Verdict {
        question: "If bytes are copied, through which buffer?".to_owned(),
        answer,
        details: rows
            .iter()
            .map(|row| format!("{}: {}", row.method, with_unit(Figure::SenderCpu, row)))
            .collect(),
    })
}

fn many_connections(results: &Results) -> Option<Verdict> {
    let groups = results.groups();
    let warm_many = |cell: &Cell| cell.cache == Cache::Warm && cell.connections > 1;
    let many = groups.iter().find(|group| group.first().is_some_and(warm_many))?;
    let mut details = Vec::new();
    let mut dearer = Vec::new();
    for &cell in many {
        let one = results.row(Cell { connections: 1, ..cell }, Method::Sendfile);
        let (Some(one), Some(many)) = (one, results.row(cell, Method::Sendfile)) else { continue };
        let size = size_name(cell.size_bytes);
        details.push(format!(
            "{size}: {} with one, {} with {}",
            with_unit(Figure::SenderCpu, one),
            with_unit(Figure::SenderCpu, many),
            cell.connections
        ));
        // Other cells, other rounds: only the medians can be held against each other.
        if many.median(Figure::SenderCpu) > one.median(Figure::SenderCpu) * 1.25 {
            dearer.push(size);
        }
    }
    let connections = many.first()?.connections;
    if details.is_empty() {
        return None;
    }
    let answer = if dearer.is_empty() {
        format!(
            "No: sendfile costs no more than a quarter on top with {connections} connections at any size."
        )
    } else {
        format!(
            "Yes, with {connections} connections sendfile costs more than a quarter on top at {}.",
            dearer.join(", ")
        )
    };
    Some(Verdict { question: "Do many connections make it dearer?".to_owned(), answer, details })
}

fn zerocopy(results: &Results) -> Option<Verdict> {
    let question = "Is MSG_ZEROCOPY worth it?".to_owned();
    if let Some(missing) = results.unavailable.iter().find(|missing| missing.method == Method::Zerocopy) {
        let answer = format!("It is not available here: {}.", missing.reason);
        return Some(Verdict { question, answer, details: Vec::new() });
    }
    let cell = *results.files(Cache::Warm, 1).last()?;
    let row = results.row(cell, Method::Zerocopy)?;
    let bytes: u64 = row.samples.iter().map(|sample| sample.bytes).sum();
    let copied: u64 = row.samples.iter().map(|sample| sample.zerocopy_copied_bytes).sum();
    let share = copied as f64 / bytes.max(1) as f64 * 100.0;
    let cost = with_unit(Figure::SenderCpu, row);
    let size = size_name(cell.size_bytes);
    let answer = if share > 50.0 {
        format!(
            "It cannot be told here: of its bytes the kernel copied {share:.0} % all the same, as on loopback it must. {cost} \
             at {size} is the price with the copy."
        )
    } else {
        let best = ranked(results, cell).first().map(|best| best.method == row.method).unwrap_or_default();
        let told = if best { "It is the cheapest" } else { "It is not the cheapest" };
        format!("{told} at {size}: {cost}; the kernel copied {share:.0} % of its bytes.")
    };
    Some(Verdict { question, answer, details: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Unavailable;
    use crate::results::made_up::{file, results, row};

    const COPY_4K: Method = Method::ReadWrite { buffer_bytes: 4 << 10 };
    const COPY_64K: Method = Method::ReadWrite { buffer_bytes: 64 << 10 };

    /// Warm files on one connection: (size, CPU of mmap, CPU of sendfile).
    fn mmap_and_sendfile(costs: &[(u64, f64, f64)]) -> Results {
        let rows = costs.iter().flat_map(|&(size, mmap, sendfile)| {
            let cell = file(Cache::Warm, 1, size);
            [row(cell, Method::Mmap, mmap, 1.0), row(cell, Method::Sendfile, sendfile, 1.0)]
        });
        results(rows.collect())
    }

    fn answer_to(results: &Results, question: &str) -> String {
        let found = verdicts(results).into_iter().find(|verdict| verdict.question.contains(question));
        found.map(|verdict| verdict.answer).unwrap_or_default()
    }

    #[test]
    fn the_rule_of_the_articles_is_judged_by_the_numbers() {
        for (small, large, said) in [
            (
                (0.1, 0.2),
                (0.2, 0.1),
                "It holds here: below 1 MiB mmap is the cheaper, and from 1 MiB on sendfile is the cheaper.",
            ),
            (
                (0.2, 0.1),
                (0.2, 0.1),
                "Half of it holds here, the second: below 1 MiB sendfile is the cheaper, too",
            ),
            (
                (0.1, 0.1),
                (0.2, 0.1),
                "Half of it holds here, the second: below 1 MiB mmap is nowhere clearly cheaper",
            ),
            ((0.1, 0.2), (0.1, 0.2), "Half of it holds here, the first"),
            ((0.2, 0.1), (0.1, 0.1), "It does not hold here"),
        ] {
            let measured = mmap_and_sendfile(&[(64 << 10, small.0, small.1), (1 << 20, large.0, large.1)]);
            let answer = answer_to(&measured, "mmap below 1 MB");
            assert!(answer.starts_with(said), "{small:?} {large:?}: {answer}");
        }
        let one_sided = mmap_and_sendfile(&[(1 << 20, 0.1, 0.2)]);
        assert_eq!(answer_to(&one_sided, "mmap below 1 MB"), "", "nothing was measured below");
    }

    #[test]
    fn winners_are_told_by_ranges_of_sizes() {
        let measured = mmap_and_sendfile(&[
            (4 << 10, 0.1, 0.1),
            (64 << 10, 0.2, 0.1),
            (1 << 20, 0.2, 0.1),
            (16 << 20, 0.1, 0.3),
        ]);
        assert_eq!(
            answer_to(&measured, "cheapest for the sender (warm, 1 connection)"),
            "nobody clearly at 4 KiB; sendfile from 64 KiB to 1 MiB; mmap+write at 16 MiB."
        );
    }

    #[test]
    fn cold_files_are_judged_by_what_comes_off_the_disk() {
        let cell = file(Cache::Cold, 1, 1 << 20);
        for [cpu_of_the_fast, cpu_of_the_slow] in [[0.9, 0.1], [0.1, 0.9]] {
            let fast = row(cell, COPY_64K, cpu_of_the_fast, 2.0);
            let slow = row(cell, Method::Sendfile, cpu_of_the_slow, 0.5);
            let answer = answer_to(&results(vec![slow, fast]), "fastest (cold, 1 connection)");
            assert_eq!(answer, "read+write 64 KiB at 1 MiB.");
        }
    }

    #[test]
    fn what_copying_costs_is_a_ratio_with_its_reasons() {
        let cell = file(Cache::Warm, 1, 1 << 20);
        let mut copied = row(cell, COPY_64K, 0.3, 1.0);
        for sample in &mut copied.samples {
            sample.copied_bytes = 2 * sample.bytes;
            sample.sender.system_calls = 30_000;
        }
        let measured = results(vec![copied, row(cell, Method::Sendfile, 0.1, 1.0)]);
        let answer = answer_to(&measured, "traditional way");
        assert!(answer.starts_with("3.00 times the sender's CPU time at 1 MiB"), "{answer}");
        assert!(answer.contains("0 copies of each byte against 2"), "{answer}");
        assert!(answer.contains("0 system calls per GB against 30 k"), "{answer}");
    }

    #[test]
    fn buffers_and_connections_are_compared() {
        let [one, many] = [1, 64].map(|connections| file(Cache::Warm, connections, 1 << 20));
        let measured = results(vec![
            row(one, COPY_4K, 0.4, 1.0),
            row(one, COPY_64K, 0.2, 1.0),
            row(one, Method::Sendfile, 0.1, 1.0),
            row(many, Method::Sendfile, 0.2, 1.0),
        ]);
        assert_eq!(
            answer_to(&measured, "through which buffer"),
            "read+write 64 KiB is the best at 1 MiB, and read+write 4 KiB costs 2.00 times as much."
        );
        assert!(answer_to(&measured, "many connections").starts_with("Yes, with 64 connections"));
    }

    #[test]
    fn zerocopy_is_judged_only_where_the_kernel_did_not_copy() {
        let cell = file(Cache::Warm, 1, 1 << 20);
        let mut measured = results(vec![row(cell, Method::Zerocopy, 0.1, 1.0), row(cell, COPY_4K, 0.2, 1.0)]);
        assert!(answer_to(&measured, "MSG_ZEROCOPY").starts_with("It is the cheapest at 1 MiB"));
        for sample in &mut measured.rows[0].samples {
            sample.zerocopy_copied_bytes = sample.bytes;
        }
        assert!(answer_to(&measured, "MSG_ZEROCOPY").contains("copied 100 % all the same"));
        let missing = Unavailable { method: Method::Zerocopy, reason: "Protocol not available".to_owned() };
        let without = Results { unavailable: vec![missing], ..results(vec![]) };
        assert_eq!(answer_to(&without, "MSG_ZEROCOPY"), "It is not available here: Protocol not available.");
    }

    #[test]
    fn nothing_measured_is_nothing_said() {
        assert_eq!(verdicts(&results(vec![])), []);
    }
}
