//! When do several threads help?

use serde::Serialize;

use super::{CopyResults, CopyRow, Situation};
use crate::results::shown;

/// More threads have to save this share of the time on the average to be recommended: they cost memory and attention.
const WORTH_IT: f64 = 0.05;

/// What the numbers of a situation answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CopyVerdict {
    /// Where, what, and from where.
    pub situation: String,
    /// The answer for each way.
    pub answers: Vec<String>,
}

/// For every situation whether several threads help.
pub fn copy_verdicts(results: &CopyResults) -> Vec<CopyVerdict> {
    let verdict = |situation: Situation| CopyVerdict {
        situation: format!("{}, {}", results.place(situation), CopyResults::name(situation)),
        answers: results.ways(situation).iter().filter_map(|rows| answer(rows)).collect(),
    };
    results.situations().into_iter().map(verdict).collect()
}

/// How many threads to copy with on a machine like this: the least that save time on the average over all situations in
/// which something is moved in the best way; 1 where more save nothing worth it.
pub fn recommended_threads(results: &CopyResults) -> usize {
    let mut shares: Vec<(usize, Vec<f64>)> = Vec::new();
    for situation in results.situations() {
        for rows in results.ways(situation) {
            let Some((one, more)) = rows.split_first() else { continue };
            if one.method.is_some() || one.copied_s() <= 0.0 {
                continue;
            }
            for row in more {
                let share = row.copied_s() / one.copied_s();
                match shares.iter_mut().find(|(threads, _)| *threads == row.threads) {
                    Some((_, shares)) => shares.push(share),
                    None => shares.push((row.threads, vec![share])),
                }
            }
        }
    }
    let average = |shares: &[f64]| shares.iter().sum::<f64>() / shares.len().max(1) as f64;
    let mut best = (1, 1.0);
    for (threads, shares) in shares {
        let share = average(&shares);
        if share < best.1 - WORTH_IT {
            best = (threads, share);
        }
    }
    best.0
}

fn answer(rows: &[&CopyRow]) -> Option<String> {
    let (one, more) = rows.split_first()?;
    let way = one.way_name();
    let serial = format!("{} s", shown(one.copied_s()));
    if one.is_clone() {
        return Some(format!("{way}: nothing to divide, the files share their blocks ({serial})"));
    }
    let best = more.iter().min_by(|one, other| one.copied_s().total_cmp(&other.copied_s()))?;
    let ratio = one.copied_s() / best.copied_s().max(1e-9);
    let told = format!("{serial} with one, {} s with {}", shown(best.copied_s()), best.threads);
    Some(if best.is_clearly_sooner(one) {
        format!("{way}: {} threads help, {ratio:.2} times as fast ({told})", best.threads)
    } else if more.iter().all(|row| one.is_clearly_sooner(row)) {
        format!("{way}: more threads harm ({told})")
    } else {
        format!("{way}: more threads do not help ({told})")
    })
}

#[cfg(test)]
mod tests {
    use transfer::copy::Method;

    use super::super::made_up::{results, row};
    use super::*;
    use crate::Cache;

    fn answers(seconds: [f64; 3]) -> Vec<String> {
        let rows = [1, 2, 4].into_iter().zip(seconds);
        let rows = rows.map(|(threads, copied_s)| row(Cache::Warm, None, threads, copied_s)).collect();
        let verdicts = copy_verdicts(&results(rows));
        assert_eq!(verdicts[0].situation, "xfs (/data), one file in memory");
        verdicts[0].answers.clone()
    }

    #[test]
    fn several_threads_help_harm_or_do_neither() {
        assert_eq!(
            answers([1.0, 0.5, 0.6]),
            ["auto: copy_file_range: 2 threads help, 2.00 times as fast (1.00 s with one, 0.500 s with 2)"]
        );
        assert!(answers([1.0, 1.5, 1.2])[0].contains("more threads harm"));
        assert!(answers([1.0, 1.01, 0.99])[0].contains("more threads do not help"));
    }

    #[test]
    fn a_clone_has_nothing_to_divide() {
        let clone = CopyRow { found: Some(Method::Reflink), ..row(Cache::Cold, None, 1, 0.001) };
        let verdicts = copy_verdicts(&results(vec![clone]));
        assert_eq!(
            verdicts[0].answers,
            ["auto: reflink: nothing to divide, the files share their blocks (0.001 s)"]
        );
    }

    #[test]
    fn the_least_threads_that_are_worth_it_are_recommended() {
        let with = |warm: [f64; 3], cold: [f64; 3]| {
            let rows = [(Cache::Warm, warm), (Cache::Cold, cold)].into_iter().flat_map(|(cache, seconds)| {
                let rows = [1, 2, 4].into_iter().zip(seconds);
                rows.map(move |(threads, copied_s)| row(cache, None, threads, copied_s))
            });
            recommended_threads(&results(rows.collect()))
        };
        assert_eq!(with([1.0, 0.6, 0.59], [1.0, 0.9, 0.9]), 2);
        assert_eq!(with([1.0, 0.6, 0.3], [1.0, 0.9, 0.9]), 4);
        assert_eq!(with([1.0, 0.8, 0.8], [1.0, 1.4, 1.4]), 1);
        assert_eq!(recommended_threads(&results(vec![])), 1);
    }
}
