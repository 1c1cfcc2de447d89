//! Is a file copied sooner by several threads than by one, on this machine?
//!
//! The same bytes, as one file and as several, in memory and on the disk, are copied within a directory by one thread and
//! by more: in the way that [`transfer::copy`] finds best, and by reading and writing. One thread and several take turns,
//! so that drift hits all alike.

mod report;
mod run;
mod verdict;

use std::path::PathBuf;

use serde::{Serialize, Serializer};
use transfer::copy::{Method, THREADS_MAX};

use crate::results::{clearly_less, median, size_name};
use crate::{Cache, LabError, Machine, Origin};

pub use report::{copies_to_json, copies_to_markdown, copies_to_text, copy_policy};
pub use run::run_copies;
pub use verdict::{CopyVerdict, copy_verdicts, recommended_threads};

/// Less would be over before several threads have begun.
const LEAST_BYTES: u64 = 16 << 20;

/// Lists are for people to look at.
const MAX_LISTED: usize = 8;

/// Each has a file of its own, and a thread at most.
const MAX_FILES: usize = 1_000;

/// What is copied, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyOptions {
    /// Directories, each on a file system to measure.
    pub dirs: Vec<PathBuf>,
    /// How much is copied at a time, in bytes.
    pub bytes: u64,
    /// In how many files, where it is not one.
    pub files: usize,
    /// Numbers of threads beside one.
    pub threads: Vec<usize>,
    /// How often each is measured.
    pub rounds: usize,
}

/// All that a run has to say, before anybody judges it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CopyResults {
    /// Who measured, and when.
    pub origin: Origin,
    /// A machine for each directory: only the file systems differ.
    pub machines: Vec<Machine>,
    /// The directories.
    pub dirs: Vec<PathBuf>,
    /// How much was copied at a time, in bytes.
    pub bytes: u64,
    /// How often each was measured.
    pub rounds: usize,
    /// The share of the time that a hypervisor gave to others.
    pub stolen_share: f64,
    /// Directories whose files do not leave memory, and why.
    pub never_cold: Vec<(PathBuf, String)>,
    /// The rows, situation by situation.
    pub rows: Vec<CopyRow>,
}

/// What is copied where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Situation {
    /// The number of the directory.
    pub dir: usize,
    /// How many files.
    pub files: usize,
    /// Where the sources are.
    pub cache: Cache,
}

/// One way with one number of threads, round by round.
#[derive(Clone, Debug, Serialize)]
pub struct CopyRow {
    /// What is copied.
    pub situation: Situation,
    /// The method that was asked for; `None` for the best.
    #[serde(serialize_with = "as_text")]
    pub method: Option<Method>,
    /// What the best came to.
    #[serde(serialize_with = "as_text")]
    pub found: Option<Method>,
    /// How many threads copied.
    pub threads: usize,
    /// A sample of each round.
    pub samples: Vec<CopySample>,
}

/// What one copy came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct CopySample {
    /// Until all was copied, as far as other programs can see.
    pub copied_s: f64,
    /// Until all was on the disk.
    pub on_disk_s: f64,
    /// CPU time of all threads until all was copied. What the kernel does later on its own account is not in it.
    pub cpu_s: f64,
}

impl CopyOptions {
    /// What the articles on the subject measure: one file of 1.2 GB, here.
    pub fn usual(dirs: Vec<PathBuf>) -> Self {
        Self { dirs, bytes: 1_200_000_000, files: 12, threads: vec![2, 4], rounds: 3 }
    }

    fn check(&self) -> Result<(), LabError> {
        let wrong = |what: String| Err(LabError::Options(what));
        if !(1..=MAX_LISTED).contains(&self.dirs.len()) {
            return wrong(format!("1 to {MAX_LISTED} directories can be measured, not {}", self.dirs.len()));
        }
        if self.bytes < LEAST_BYTES {
            return wrong(format!("{} and more can be measured", size_name(LEAST_BYTES)));
        }
        if !(2..=MAX_FILES).contains(&self.files) {
            return wrong(format!("2 to {MAX_FILES} are several files, not {}", self.files));
        }
        let too_many = |threads: &usize| !(2..=THREADS_MAX).contains(threads);
        if self.threads.is_empty() || self.threads.len() > MAX_LISTED || self.threads.iter().any(too_many) {
            return wrong(format!(
                "1 to {MAX_LISTED} numbers of threads, of 2 to {THREADS_MAX}, can be compared"
            ));
        }
        if self.rounds == 0 {
            return wrong("0 rounds measure nothing".to_owned());
        }
        Ok(())
    }

    /// One thread first, then the others in ascending order.
    fn thread_counts(&self) -> Vec<usize> {
        let mut counts: Vec<usize> = std::iter::once(1).chain(self.threads.iter().copied()).collect();
        counts.sort_unstable();
        counts.dedup();
        counts
    }
}

impl CopyRow {
    /// The median of the seconds until all was copied.
    pub fn copied_s(&self) -> f64 {
        median(&self.values(|sample| sample.copied_s))
    }

    /// The median of the seconds until all was on the disk.
    pub fn on_disk_s(&self) -> f64 {
        median(&self.values(|sample| sample.on_disk_s))
    }

    /// The median of the CPU seconds.
    pub fn cpu_s(&self) -> f64 {
        median(&self.values(|sample| sample.cpu_s))
    }

    /// Whether copying took clearly less time than in `other`.
    pub fn is_clearly_sooner(&self, other: &Self) -> bool {
        let copied_s = |sample: &CopySample| sample.copied_s;
        clearly_less(&self.values(copied_s), &other.values(copied_s))
    }

    /// Whether nothing was moved.
    pub fn is_clone(&self) -> bool {
        self.found == Some(Method::Reflink)
    }

    fn way_name(&self) -> String {
        match (self.method, self.found) {
            (Some(method), _) => method.to_string(),
            (None, Some(found)) => format!("auto: {found}"),
            (None, None) => "auto".to_owned(),
        }
    }

    fn values(&self, of: impl Fn(&CopySample) -> f64) -> Vec<f64> {
        self.samples.iter().map(of).collect()
    }
}

impl CopyResults {
    /// The situations, in the order of the rows.
    fn situations(&self) -> Vec<Situation> {
        let mut situations: Vec<Situation> = self.rows.iter().map(|row| row.situation).collect();
        situations.dedup();
        situations
    }

    /// The rows of a situation by way, one thread first.
    fn ways(&self, situation: Situation) -> Vec<Vec<&CopyRow>> {
        let rows: Vec<&CopyRow> = self.rows.iter().filter(|row| row.situation == situation).collect();
        rows.chunk_by(|one, other| one.method == other.method).map(<[&CopyRow]>::to_vec).collect()
    }

    /// Such as `one file in memory`.
    fn name(situation: Situation) -> String {
        let files = match situation.files {
            1 => "one file".to_owned(),
            files => format!("{files} files"),
        };
        let place = match situation.cache {
            Cache::Warm => "in memory",
            Cache::Cold => "on the disk",
        };
        format!("{files} {place}")
    }

    /// Such as `ext4 (/data)`.
    fn place(&self, situation: Situation) -> String {
        let kind = self.machines.get(situation.dir).map_or("?", |machine| machine.file_system.as_str());
        let dir = self.dirs.get(situation.dir).map(|dir| dir.display().to_string()).unwrap_or_default();
        format!("{kind} ({dir})")
    }
}

fn as_text<S: Serializer>(method: &Option<Method>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(method.map_or("auto", Method::as_str))
}

#[cfg(test)]
mod made_up {
    //! Measurements that nobody made, for tests of what is read off them.

    use super::*;

    pub(super) fn row(cache: Cache, method: Option<Method>, threads: usize, copied_s: f64) -> CopyRow {
        let sample = |drift: f64| CopySample { copied_s: copied_s * drift, on_disk_s: 2.0, cpu_s: 0.5 };
        CopyRow {
            situation: Situation { dir: 0, files: 1, cache },
            method,
            found: method.or(Some(Method::CopyFileRange)),
            threads,
            samples: [0.99, 1.0, 1.01].map(sample).to_vec(),
        }
    }

    pub(super) fn results(rows: Vec<CopyRow>) -> CopyResults {
        CopyResults {
            machines: vec![Machine { file_system: "xfs".to_owned(), ..Machine::default() }],
            dirs: vec![PathBuf::from("/data")],
            bytes: 1_200_000_000,
            rounds: 3,
            rows,
            ..CopyResults::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_measure_nothing_are_refused_by_what_is_wrong() {
        let usual = || CopyOptions::usual(vec![PathBuf::from(".")]);
        usual().check().unwrap();
        for (wrong, said) in [
            (CopyOptions { dirs: vec![], ..usual() }, "directories"),
            (CopyOptions { bytes: 1, ..usual() }, "16 MiB and more"),
            (CopyOptions { files: 1, ..usual() }, "several files, not 1"),
            (CopyOptions { threads: vec![1], ..usual() }, "numbers of threads"),
            (CopyOptions { threads: vec![], ..usual() }, "numbers of threads"),
            (CopyOptions { rounds: 0, ..usual() }, "0 rounds"),
        ] {
            let error = wrong.check().unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn one_thread_is_always_measured() {
        let options = CopyOptions { threads: vec![4, 2, 4], ..CopyOptions::usual(vec![]) };
        assert_eq!(options.thread_counts(), [1, 2, 4]);
    }
}
