//! The processors.

use std::path::Path;

use super::{Area, Finding, Verdict, read_trimmed};

/// Looks under `sys`, which is `/sys` on a real machine.
pub(super) fn examine(sys: &Path) -> Vec<Finding> {
    let count = std::thread::available_parallelism();
    let processors = Finding {
        area: Area::Cpu,
        name: "processors".to_owned(),
        value: count.as_ref().map_or("not readable".to_owned(), ToString::to_string),
        wanted: "one is enough to saturate most networks by sendfile; more serve more connections".to_owned(),
        verdict: if count.is_ok() { Verdict::Good } else { Verdict::Unknown },
        command: None,
    };
    vec![processors, governor(sys)]
}

fn governor(sys: &Path) -> Finding {
    let chosen = read_trimmed(&sys.join("devices/system/cpu/cpu0/cpufreq/scaling_governor"));
    let verdict = match chosen.as_deref() {
        None => Verdict::Unknown,
        Some("performance") => Verdict::Good,
        Some(_) => Verdict::Advice,
    };
    Finding {
        area: Area::Cpu,
        name: "frequency governor".to_owned(),
        value: chosen.unwrap_or_else(|| "not readable".to_owned()),
        wanted: "performance: a record that comes after a pause is not served by a slow clock".to_owned(),
        verdict,
        command: (verdict == Verdict::Advice)
            .then(|| "sudo cpupower frequency-set -g performance".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_a_governor_is_no_complaint() {
        let sys = tempfile::tempdir().unwrap();
        assert_eq!(governor(sys.path()).verdict, Verdict::Unknown);
    }

    #[test]
    fn a_saving_governor_is_advised_against() {
        let sys = tempfile::tempdir().unwrap();
        let dir = sys.path().join("devices/system/cpu/cpu0/cpufreq");
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("scaling_governor"), "powersave\n").unwrap();
        assert_eq!(governor(sys.path()).verdict, Verdict::Advice);
    }
}
