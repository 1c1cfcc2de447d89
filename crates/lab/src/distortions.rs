//! What stands between these numbers and those of a server on a network?

use serde::Serialize;

use crate::lanes::PACES;
use crate::results::{shown, size_name};
use crate::{Figure, Results};

/// Rounds of a quiet machine are nearer to each other than this.
const WIDE_SPREAD: f64 = 0.20;

/// More stolen time than this shows in the numbers.
const NOTABLE_STEAL: f64 = 0.01;

/// More programs than this wanted to run before the lab began.
const NOTABLE_LOAD: f64 = 0.5;

/// A cold sample with more than this in memory is not cold.
const NOTABLE_LEFT: f64 = 0.02;

/// Something that makes these numbers differ from those of a server on a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Distortion {
    /// Whether something about this run can be done better: else it is so with every run of this kind.
    pub is_avoidable: bool,
    /// What it is, and what it does.
    pub text: String,
}

/// All of them, the avoidable ones first.
pub fn distortions(results: &Results) -> Vec<Distortion> {
    let mut found = Vec::new();
    noise(results, &mut found);
    placement(results, &mut found);
    cold(results, &mut found);
    always(results, &mut found);
    found.sort_by_key(|distortion| !distortion.is_avoidable);
    found
}

fn noise(results: &Results, found: &mut Vec<Distortion>) {
    if results.stolen_share > NOTABLE_STEAL {
        found.push(avoidable(format!(
            "Noisy neighbours: the hypervisor gave {:.1} % of the time to others (steal). Measure again when it is quiet.",
            results.stolen_share * 100.0
        )));
    }
    if let Some(load) = results.machine.load.filter(|&load| load > NOTABLE_LOAD) {
        found.push(avoidable(format!(
            "Other programs were running: the load was {load} when the lab began. Measure again when it is below {NOTABLE_LOAD}."
        )));
    }
    let mut spreads: Vec<(f64, String)> = results
        .rows
        .iter()
        .map(|row| {
            let name =
                format!("{}, {}, {}", row.method, size_name(row.cell.size_bytes), row.cell.group_name());
            (row.spread(Figure::SenderCpu), name)
        })
        .collect();
    spreads.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    if let (Some((middle, _)), Some((widest, name))) = (spreads.get(spreads.len() / 2), spreads.last()) {
        let text = format!(
            "Between rounds, half of the rows differ by more than {:.0} % in the sender's CPU time, and the widest by {:.0} % \
             ({name}).",
            middle * 100.0,
            widest * 100.0
        );
        let is_avoidable = *middle > WIDE_SPREAD;
        let advice = " That is much: measure again, or with --thorough, when the machine is quiet.";
        found.push(Distortion { is_avoidable, text: if is_avoidable { text + advice } else { text } });
    }
}

fn placement(results: &Results, found: &mut Vec<Distortion>) {
    let own = &results.congestion_control;
    let systems = &results.machine.congestion_control;
    if own.starts_with(PACES) {
        found.push(avoidable(format!(
            "The connections are paced ({own}): on loopback that sets a timer for every 64 KiB, which costs more than \
             any mechanism saves. Without --system-pacing the lab does without, as the broker does within a host."
        )));
    } else if systems.starts_with(PACES) {
        found.push(inherent(format!(
            "The system's congestion control, {systems}, paces what is sent; these connections had {own} instead, as the \
             broker has them within a host. To other hosts pacing costs CPU time on top (--system-pacing shows how much)."
        )));
    }
    match results.cores.map(|cores| (cores.pinned, cores.are_siblings)) {
        Some((None, _)) => found.push(avoidable(
            "There is but one core: sender and receiver take turns on it, so that GB/s is what both cost together, and \
             every switch empties the other's caches."
                .to_owned(),
        )),
        Some((Some([sender, receiver]), true)) => found.push(avoidable(format!(
            "CPUs {sender} and {receiver} are threads of one core: sender and receiver slow each other down."
        ))),
        Some((Some(_), false)) if results.machine.cores == 2 => found.push(inherent(
            "Sender and receiver have the machine's only two cores: interrupts and everything else that runs take their time \
             from them."
                .to_owned(),
        )),
        _ => {}
    }
}

fn cold(results: &Results, found: &mut Vec<Distortion>) {
    let file_system = &results.machine.file_system;
    if let Some(reason) = &results.cold_impossible {
        found.push(avoidable(format!(
            "Nothing was measured cold on {file_system}: {reason}. Name a directory on a disk with --dir."
        )));
    } else if results.cold_rounds > 0 {
        if !results.cold_verified {
            found.push(inherent(
                "This kernel does not say what is in the page cache (cachestat, Linux 6.5): that cold files were cold is \
                 taken on trust."
                    .to_owned(),
            ));
        }
        if results.cold_left_share > NOTABLE_LEFT {
            found.push(avoidable(format!(
                "The kernel kept up to {:.0} % of a cold sample's bytes in memory: the disk was busy with something else.",
                results.cold_left_share * 100.0
            )));
        }
        if results.machine.is_virtual {
            found.push(inherent(
                "A virtual disk may answer cold reads from its host's memory, and more quickly the second time.".to_owned(),
            ));
        }
    }
    if !results.warm_is_warm {
        found.push(avoidable(
            "The data did not stay in the page cache: memory is short, and warm numbers are partly cold."
                .to_owned(),
        ));
    }
    if !results.too_large_bytes.is_empty() {
        let sizes: Vec<String> = results.too_large_bytes.iter().map(|&bytes| size_name(bytes)).collect();
        found.push(inherent(format!("Left out, as memory does not hold them warm: {}.", sizes.join(", "))));
    }
}

/// What comes with measuring within one machine.
fn always(results: &Results, found: &mut Vec<Distortion>) {
    found.push(inherent(
        "Loopback is no network: the sender's CPU also does what a network card and the receiver's interrupts would do, there \
         are no acknowledgements to wait for, and the receiver copies out of the sender's pages. What differs between \
         mechanisms travels to a network; the absolute numbers do not."
            .to_owned(),
    ));
    let copied: u64 =
        results.rows.iter().flat_map(|row| &row.samples).map(|sample| sample.zerocopy_copied_bytes).sum();
    if copied > 0 {
        found.push(inherent(
            "MSG_ZEROCOPY was measured at its worst: the kernel copied its bytes all the same (SO_EE_CODE_ZEROCOPY_COPIED), \
             as it does on loopback, and kept its books on top."
                .to_owned(),
        ));
    }
    if results.machine.is_virtual {
        found.push(inherent(
            "In a virtual machine, memory that the guest has never touched costs about a CPU second per GB the first time. The \
             first round touches it and does not count; a server that has just been started pays it."
                .to_owned(),
        ));
    }
    let faulting = results.rows.iter().map(|row| row.median(Figure::Faults)).fold(0.0, f64::max);
    found.push(inherent(format!(
        "Files are ranges of one large file, small ones 256 KiB apart, as a broker's regions are: they need no open(2), and a \
         cold page fault reads around the range (page faults reach {} per GB).",
        shown(faulting)
    )));
}

fn avoidable(text: String) -> Distortion {
    Distortion { is_avoidable: true, text }
}

fn inherent(text: String) -> Distortion {
    Distortion { is_avoidable: false, text }
}

#[cfg(test)]
mod tests {
    use transfer::bare::Method;

    use super::*;
    use crate::results::made_up::{file, results, row};
    use crate::{Cache, Machine};

    fn avoidable_texts(results: &Results) -> Vec<String> {
        let all = distortions(results).into_iter();
        all.filter(|distortion| distortion.is_avoidable).map(|distortion| distortion.text).collect()
    }

    fn quiet() -> Results {
        results(vec![row(file(Cache::Warm, 1, 4_096), Method::Sendfile, 0.1, 1.0)])
    }

    #[test]
    fn a_quiet_machine_is_told_of_loopback_and_of_nothing_to_avoid() {
        assert_eq!(avoidable_texts(&quiet()), [""; 0]);
        assert!(distortions(&quiet()).iter().any(|distortion| distortion.text.contains("Loopback")));
    }

    #[test]
    fn whatever_spoils_a_run_is_named_with_its_number() {
        let machine = Machine { load: Some(2.5), file_system: "tmpfs".to_owned(), ..quiet().machine };
        let spoiled = Results {
            machine,
            stolen_share: 0.034,
            congestion_control: "bbr".to_owned(),
            cold_impossible: Some("its files are in memory".to_owned()),
            warm_is_warm: false,
            ..quiet()
        };
        let texts = avoidable_texts(&spoiled).join("\n");
        for said in ["3.4 %", "load was 2.5", "paced (bbr)", "on tmpfs", "memory is short"] {
            assert!(texts.contains(said), "{said} in {texts}");
        }
    }

    #[test]
    fn rounds_that_differ_much_are_a_reason_to_measure_again() {
        let mut torn = quiet();
        torn.rows[0].samples[0].sender.cpu_s *= 1.5;
        assert!(avoidable_texts(&torn).join("\n").contains("measure again"), "{:?}", distortions(&torn));
    }
}
