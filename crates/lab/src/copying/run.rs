//! In which order is everything copied?

use std::fs::File;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use transfer::copy::{Copier, CopyError, Method, first_difference};

use super::{CopyOptions, CopyResults, CopyRow, CopySample, Situation};
use crate::coldness::{self, Coldness};
use crate::goods::{self, Goods, check_space, nameless};
use crate::machine::StolenTime;
use crate::results::size_name;
use crate::{Cache, LabError, Machine, Progress};

/// Copies everything in every way.
///
/// # Errors
/// Options that cannot be measured, no room for the data, or a copy that fails or differs from its source.
pub fn run_copies(
    options: &CopyOptions,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<CopyResults, LabError> {
    options.check()?;
    check_memory(options.bytes)?;
    let stolen = StolenTime::now();
    let mut results = CopyResults {
        machines: options.dirs.iter().map(|dir| Machine::describe(dir)).collect(),
        dirs: options.dirs.clone(),
        bytes: options.bytes,
        rounds: options.rounds,
        ..CopyResults::default()
    };
    for dir in &options.dirs {
        // A source and its copy.
        check_space(dir, 2 * options.bytes).map_err(|source| of_data(dir, source))??;
    }
    let sets = options.dirs.len() * 2;
    for (dir, path) in options.dirs.iter().enumerate() {
        for (number, files) in [1, options.files].into_iter().enumerate() {
            let done = (2 * dir + number) as f64 / sets as f64;
            let mut within = |share: f64, doing: &str| {
                progress(Progress { share: done + share / sets as f64, doing });
            };
            let set = Set::create(options, (dir, path), files, &mut within)?;
            set.measure(options, &mut results, &mut within)?;
        }
    }
    results.stolen_share = stolen.share_since();
    Ok(results)
}

/// Files that are copied together.
struct Set<'a> {
    dir: usize,
    path: &'a Path,
    sources: Vec<Goods>,
}

impl<'a> Set<'a> {
    fn create(
        options: &CopyOptions,
        (dir, path): (usize, &'a Path),
        files: usize,
        within: &mut dyn FnMut(f64, &str),
    ) -> Result<Self, LabError> {
        let each_bytes = options.bytes / files as u64;
        let create = |number: usize| {
            Goods::create(path, each_bytes, |share| {
                within((number as f64 + share) / files as f64 * 0.1, "writing the data");
            })
        };
        let sources = (0..files).map(create).collect::<Result<_, _>>()?;
        Ok(Self { dir, path, sources })
    }

    fn measure(
        &self,
        options: &CopyOptions,
        results: &mut CopyResults,
        within: &mut dyn FnMut(f64, &str),
    ) -> Result<(), LabError> {
        let mut caches = vec![Cache::Warm];
        match self.coldness()? {
            Coldness::Verified | Coldness::Trusted => caches.push(Cache::Cold),
            Coldness::Impossible(reason) => {
                let known = results.never_cold.iter().any(|(path, _)| path == self.path);
                if !known {
                    results.never_cold.push((self.path.to_owned(), reason.to_owned()));
                }
            }
        }
        let mut rows = self.rows(options, &caches)?;
        let samples = rows.len() * options.rounds;
        for round in 0..options.rounds {
            for number in 0..rows.len() {
                let done = (round * rows.len() + number) as f64 / samples as f64;
                let Some(row) = rows.get_mut(number) else { continue };
                let doing = format!(
                    "{}, {}, {}, {} threads, round {}",
                    self.path.display(),
                    CopyResults::name(row.situation),
                    row.way_name(),
                    row.threads,
                    round + 1
                );
                within(0.1 + 0.9 * done, &doing);
                self.make(row.situation.cache)?;
                row.samples.push(self.copy(row.method, row.threads)?);
            }
        }
        results.rows.append(&mut rows);
        Ok(())
    }

    /// A row for each situation, way and number of threads. Each way is tried on the way, and what it leaves is compared
    /// with the source.
    fn rows(&self, options: &CopyOptions, caches: &[Cache]) -> Result<Vec<CopyRow>, LabError> {
        let mut ways = Vec::new();
        for method in [None, Some(Method::ReadWrite)] {
            ways.push((method, self.try_out(method)?));
        }
        let mut rows = Vec::new();
        for &cache in caches {
            let situation = Situation { dir: self.dir, files: self.sources.len(), cache };
            for &(method, found) in &ways {
                for threads in options.thread_counts() {
                    rows.push(CopyRow { situation, method, found, threads, samples: Vec::new() });
                }
            }
        }
        // There is nothing to divide.
        rows.retain(|row| row.threads == 1 || !row.is_clone());
        Ok(rows)
    }

    /// What the first file goes by.
    fn try_out(&self, method: Option<Method>) -> Result<Option<Method>, LabError> {
        let Some(source) = self.sources.first() else { return Ok(method) };
        let target = self.target()?;
        let copier = copier(method);
        let reader = source.reopen().map_err(|source| of_data(self.path, source))?;
        copier
            .copy(Arc::clone(&reader), Arc::clone(&target), NonZeroUsize::MIN)
            .map_err(|e| self.of_copy(e))?;
        let differs = first_difference(&reader, &target).map_err(|source| of_data(self.path, source))?;
        if let Some(position) = differs {
            return Err(LabError::Differs { dir: self.path.to_owned(), position });
        }
        Ok(copier.ledger().snapshot().copies().max_by_key(|entry| entry.bytes).map(|entry| entry.method))
    }

    /// Copies every file once.
    fn copy(&self, method: Option<Method>, threads: usize) -> Result<CopySample, LabError> {
        let of_data = |source| of_data(self.path, source);
        let copier = copier(method);
        let mut pairs = Vec::new();
        for source in &self.sources {
            pairs.push((source.reopen().map_err(of_data)?, self.target()?));
        }
        let (began, cpu) = (Instant::now(), cpu_time());
        match &pairs[..] {
            [(source, target)] => {
                let threads = NonZeroUsize::new(threads).unwrap_or(NonZeroUsize::MIN);
                copier.copy(Arc::clone(source), Arc::clone(target), threads).map_err(|e| self.of_copy(e))?;
            }
            several => copy_beside_each_other(&copier, several, threads).map_err(|e| self.of_copy(e))?,
        }
        let copied_s = began.elapsed().as_secs_f64();
        let cpu_s = cpu_time().saturating_sub(cpu).as_secs_f64();
        for (_, target) in &pairs {
            target.sync_all().map_err(of_data)?;
        }
        Ok(CopySample { copied_s, on_disk_s: began.elapsed().as_secs_f64(), cpu_s })
    }

    fn make(&self, cache: Cache) -> Result<(), LabError> {
        for source in &self.sources {
            let made = match cache {
                Cache::Warm => source.make_warm().map(drop),
                Cache::Cold => coldness::evict(source).map(drop),
            };
            made.map_err(|source| of_data(self.path, source))?;
        }
        Ok(())
    }

    fn coldness(&self) -> Result<Coldness, LabError> {
        let Some(source) = self.sources.first() else { return Ok(Coldness::Trusted) };
        coldness::probe(source).map_err(|source| of_data(self.path, source))
    }

    fn target(&self) -> Result<Arc<File>, LabError> {
        nameless(self.path).map(Arc::new).map_err(|source| of_data(self.path, source))
    }

    fn of_copy(&self, source: CopyError) -> LabError {
        LabError::Copy { dir: self.path.to_owned(), source }
    }
}

/// Each thread takes the next file.
fn copy_beside_each_other(
    copier: &Copier,
    pairs: &[(Arc<File>, Arc<File>)],
    threads: usize,
) -> Result<(), CopyError> {
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some((source, target)) = pairs.get(next.fetch_add(1, Ordering::Relaxed)) {
            copier.copy(Arc::clone(source), Arc::clone(target), NonZeroUsize::MIN)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let helpers: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let own = work();
        let join = |thread: thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        helpers.into_iter().map(join).fold(own, Result::and)
    })
}

fn copier(method: Option<Method>) -> Copier {
    method.map_or_else(Copier::automatic, Copier::force)
}

/// Of all threads of this program.
fn cpu_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}

/// A source in memory beside its copy.
fn check_memory(bytes: u64) -> Result<(), LabError> {
    match goods::fits_in_memory_bytes() {
        Some(fits) if fits < bytes => Err(LabError::Options(format!(
            "{bytes} bytes do not fit into memory beside their copy: {} at most",
            size_name(fits >> 20 << 20)
        ))),
        _ => Ok(()),
    }
}

fn of_data(dir: &Path, source: std::io::Error) -> LabError {
    LabError::Data { dir: dir.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_is_measured_in_every_situation_and_nothing_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let dirs = vec![dir.path().to_owned()];
        let options = CopyOptions {
            bytes: 16 << 20,
            files: 3,
            threads: vec![2],
            rounds: 2,
            ..CopyOptions::usual(dirs)
        };
        let mut shares = Vec::new();
        let results = run_copies(&options, &mut |progress| shares.push(progress.share)).unwrap();
        for files in [1, 3] {
            for threads in [1, 2] {
                let is_it = |row: &&CopyRow| {
                    (row.situation.files, row.threads, row.method)
                        == (files, threads, Some(Method::ReadWrite))
                };
                let row = results.rows.iter().find(is_it).unwrap();
                assert_eq!(row.samples.len(), 2);
                assert!(row.samples.iter().all(|s| s.copied_s > 0.0 && s.on_disk_s >= s.copied_s), "{row:?}");
            }
        }
        assert!(results.rows.iter().any(|row| row.method.is_none() && row.found.is_some()));
        assert!(shares.is_sorted() && shares.iter().all(|share| (0.0..=1.0).contains(share)), "{shares:?}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_directory_that_is_not_there_is_named() {
        let options = CopyOptions { bytes: 16 << 20, ..CopyOptions::usual(vec!["/nonexistent".into()]) };
        let error = run_copies(&options, &mut |_| {}).unwrap_err().to_string();
        assert!(error.contains("/nonexistent"), "{error}");
    }
}
