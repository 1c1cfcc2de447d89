//! In which order is everything measured?

use std::time::{Duration, Instant};

use transfer::SendError;
use transfer::bare::Method;

use crate::coldness::{self, Coldness};
use crate::cores::Cores;
use crate::goods::{self, Goods, LEAST_BYTES};
use crate::lanes::Lanes;
use crate::machine::StolenTime;
use crate::results::size_name;
use crate::sample::{Schedule, measure};
use crate::{Cache, Cell, LabError, Machine, Options, Results, Row, Sample, Unavailable};

/// The share of the time, once the data is there, that cold cells get: they wait for the disk, and their rounds differ
/// more, but few decide by them.
const COLD_SHARE: f64 = 0.35;

/// The first look at a method moves so much: enough to open the windows of the connections.
const FIRST_LOOK_BYTES: u64 = 8 << 20;
const FIRST_COLD_LOOK_BYTES: u64 = 1 << 20;

/// A warm file that is sent within this is always sent as a whole.
const WHOLE_FILE_WITHIN: Duration = Duration::from_millis(1_500);

/// Longer runs in which nothing else happens would only repeat themselves.
const MAX_ROUNDS: usize = 25;

/// How far a run has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// The share of the time that is over, about.
    pub share: f64,
    /// What is being done.
    pub doing: &'a str,
}

/// Measures everything. Takes about as long as [`Options::budget`] says.
///
/// # Errors
/// Options that cannot be measured, no room for the data, or a system that refuses what every Linux has.
pub fn run(options: &Options, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Results, LabError> {
    let begun = Instant::now();
    let stolen = StolenTime::now();
    let machine = Machine::describe(&options.dir);
    options.cells()?;
    let (options, too_large_bytes) = fitting_into_memory(options, goods::fits_in_memory_bytes())?;
    let cells = options.cells()?;
    let goods = Goods::create(&options.dir, options.largest_bytes().max(LEAST_BYTES), |share| {
        progress(Progress { share: share * 0.05, doing: "writing the data" });
    })?;
    let mut lab = Lab {
        lanes: Vec::new(),
        cores: Cores::choose(),
        results: Results { machine, too_large_bytes, warm_is_warm: true, ..Results::default() },
        options: &options,
        goods,
        begun,
        progress,
    };
    for connections in cells.iter().map(|cell| cell.connections) {
        lab.connect(connections)?;
    }
    lab.results.rows = rows(&cells);
    let of_cache = |cache| cells.iter().copied().filter(move |cell| cell.cache == cache);
    lab.cold(of_cache(Cache::Cold).collect())?;
    lab.results.warm_rounds = lab.phase(of_cache(Cache::Warm).collect(), options.budget)?;
    let mut results = lab.results;
    results.rows.retain(|row| !row.samples.is_empty());
    results.cores = Some(lab.cores);
    results.congestion_control =
        lab.lanes.first().map(|(_, lanes)| lanes.congestion_control.clone()).unwrap_or_default();
    results.stolen_share = stolen.share_since();
    results.elapsed_s = begun.elapsed().as_secs_f64();
    Ok(results)
}

/// The sizes that can be warm, and those that cannot.
fn fitting_into_memory(options: &Options, fits: Option<u64>) -> Result<(Options, Vec<u64>), LabError> {
    let fits = fits.unwrap_or(u64::MAX);
    let (kept, too_large): (Vec<u64>, Vec<u64>) =
        options.sizes_bytes.iter().copied().partition(|&bytes| bytes <= fits);
    if kept.is_empty() && !too_large.is_empty() {
        return Err(LabError::Options(format!(
            "no file of these sizes fits into memory: {} are the most",
            size_name(fits)
        )));
    }
    Ok((Options { sizes_bytes: kept, ..options.clone() }, too_large))
}

/// An empty row for each method of each cell.
fn rows(cells: &[Cell]) -> Vec<Row> {
    let of_cell = |&cell: &Cell| {
        cell.methods().into_iter().map(move |method| Row { cell, method, samples: Vec::new() })
    };
    cells.iter().flat_map(of_cell).collect()
}

struct Lab<'a> {
    options: &'a Options,
    goods: Goods,
    /// By number of connections.
    lanes: Vec<(usize, Lanes)>,
    cores: Cores,
    results: Results,
    begun: Instant,
    progress: &'a mut dyn FnMut(Progress<'_>),
}

/// A cell that is measured round by round.
struct Task {
    cell: Cell,
    /// What a sample moves at least: as much as takes its time, on the average of the methods.
    wanted_bytes: u64,
}

impl Lab<'_> {
    fn connect(&mut self, connections: usize) -> Result<(), LabError> {
        if self.lanes.iter().all(|&(count, _)| count != connections) {
            let lanes = Lanes::connect(connections, self.options.system_pacing)
                .map_err(|source| LabError::Connect { connections, source })?;
            self.lanes.push((connections, lanes));
        }
        Ok(())
    }

    fn cold(&mut self, cells: Vec<Cell>) -> Result<(), LabError> {
        let coldness = coldness::probe(&self.goods).map_err(|source| self.of_data(source))?;
        self.results.cold_verified = coldness == Coldness::Verified;
        if let Coldness::Impossible(reason) = coldness {
            self.results.cold_impossible = Some(reason.to_owned());
            return Ok(());
        }
        let spent = self.begun.elapsed();
        let until = spent + self.options.budget.saturating_sub(spent).mul_f64(COLD_SHARE);
        self.results.cold_rounds = self.phase(cells, until)?;
        Ok(())
    }

    /// Measures cells of one kind round by round until the next round would end after `until`, counted from the
    /// beginning of the run; returns the number of rounds.
    fn phase(&mut self, cells: Vec<Cell>, until: Duration) -> Result<usize, LabError> {
        let mut tasks = Vec::new();
        for cell in cells {
            tasks.push(self.first_look(cell)?);
        }
        let mut rounds = 0;
        let mut longest = Duration::ZERO;
        while rounds < self.options.min_rounds
            || (rounds < MAX_ROUNDS && self.begun.elapsed() + longest < until)
        {
            let round_begun = Instant::now();
            for task in &tasks {
                self.round(task, rounds)?;
            }
            rounds += 1;
            longest = longest.max(round_begun.elapsed());
        }
        Ok(rounds)
    }

    /// Finds out which methods work, and how long a sample has to be. Touches all memory on the way.
    fn first_look(&mut self, cell: Cell) -> Result<Task, LabError> {
        let look_bytes = match cell.cache {
            Cache::Warm => FIRST_LOOK_BYTES,
            Cache::Cold => FIRST_COLD_LOOK_BYTES,
        };
        let look = Task { cell, wanted_bytes: look_bytes };
        let mut rates = Vec::new();
        for method in cell.methods() {
            match self.sample(&look, method, 0, "trying") {
                Ok(Some(sample)) => rates.push(sample.bytes as f64 / sample.elapsed_s.max(1e-6)),
                Ok(None) => {}
                // What the peer or the disk is at fault for is no answer to whether there is such a method.
                Err(LabError::Send { source: SendError::Kernel(error), .. }) => {
                    self.results.unavailable.push(Unavailable { method, reason: error.to_string() });
                    self.lanes.retain(|&(connections, _)| connections != cell.connections);
                    self.connect(cell.connections)?;
                }
                Err(error) => return Err(error),
            }
        }
        let rate = rates.iter().sum::<f64>() / rates.len().max(1) as f64;
        Ok(Task { cell, wanted_bytes: self.wanted_bytes(&cell, rate) })
    }

    fn wanted_bytes(&self, cell: &Cell, bytes_per_s: f64) -> u64 {
        let of = |time: Duration| (bytes_per_s * time.as_secs_f64()) as u64;
        let is_whole = cell.cache == Cache::Warm
            && cell.connections == 1
            && cell.size_bytes <= of(WHOLE_FILE_WITHIN.max(self.options.sample));
        let least = if is_whole { cell.size_bytes } else { 1 };
        // No byte twice: it would be warm the second time.
        of(self.options.sample).clamp(least, self.goods.len())
    }

    fn round(&mut self, task: &Task, round: usize) -> Result<(), LabError> {
        let cell = task.cell;
        // Each round goes on where the one before has stopped.
        let first_file = round as u64 * task.wanted_bytes.div_ceil(cell.size_bytes);
        let doing = format!("{}, {}, round {}", cell.group_name(), size_name(cell.size_bytes), round + 1);
        let mut methods = cell.methods();
        let first = round % methods.len().max(1);
        methods.rotate_left(first);
        for method in methods {
            let Some(sample) = self.sample(task, method, first_file, &doing)? else { continue };
            let mut rows = self.results.rows.iter_mut();
            if let Some(row) = rows.find(|row| row.cell == cell && row.method == method) {
                row.samples.push(sample);
            }
        }
        Ok(())
    }

    /// `None` if the method is known not to work here.
    fn sample(
        &mut self,
        task: &Task,
        method: Method,
        first_file: u64,
        doing: &str,
    ) -> Result<Option<Sample>, LabError> {
        let cell = &task.cell;
        if self.results.unavailable.iter().any(|unavailable| unavailable.method == method) {
            return Ok(None);
        }
        let share = self.begun.elapsed().as_secs_f64() / self.options.budget.as_secs_f64().max(0.001);
        (self.progress)(Progress { share: share.min(0.99), doing });
        let lanes = self.lanes.iter().find(|(connections, _)| *connections == cell.connections);
        let Some((_, lanes)) = lanes else { return Ok(None) };
        let schedule = Schedule::new(&self.goods, cell, first_file, task.wanted_bytes)
            .map_err(|source| self.of_data(source))?;
        match cell.cache {
            Cache::Warm => {
                let is_warm = self.goods.make_warm().map_err(|source| self.of_data(source))?;
                self.results.warm_is_warm &= is_warm;
            }
            Cache::Cold => {
                // Whatever was measured before, on whichever lanes.
                for (_, lanes) in &self.lanes {
                    let source = |source| LabError::System { what: "sending on loopback", source };
                    lanes.let_go(self.cores).map_err(source)?;
                }
                let left = coldness::evict(&self.goods).map_err(|source| self.of_data(source))?;
                let left_bytes = left * rustix::param::page_size() as u64;
                let left_share = left_bytes as f64 / schedule.bytes().max(1) as f64;
                self.results.cold_left_share = self.results.cold_left_share.max(left_share);
            }
        }
        measure(lanes, method, &schedule, self.cores).map(Some)
    }

    fn of_data(&self, source: std::io::Error) -> LabError {
        LabError::Data { dir: self.options.dir.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Small and short; whatever the disk does meanwhile.
    fn tiny(dir: &std::path::Path) -> Options {
        Options {
            sizes_bytes: vec![4 << 10, 256 << 10],
            connections: 5,
            budget: Duration::ZERO,
            sample: Duration::from_millis(1),
            min_rounds: 2,
            ..Options::quick(dir.to_owned())
        }
    }

    #[test]
    fn every_method_that_there_is_has_a_row_in_every_cell() {
        let dir = tempfile::tempdir().unwrap();
        let options = tiny(dir.path());
        let mut shares = Vec::new();
        let results = run(&options, &mut |progress| shares.push(progress.share)).unwrap();
        assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)));
        let mut measured = 0;
        for cell in options.cells().unwrap() {
            if cell.cache == Cache::Cold && results.cold_impossible.is_some() {
                continue;
            }
            for method in cell.methods() {
                if results.unavailable.iter().any(|unavailable| unavailable.method == method) {
                    continue;
                }
                let row =
                    results.row(cell, method).unwrap_or_else(|| panic!("no row of {method} in {cell:?}"));
                assert_eq!(row.samples.len(), 2);
                let first = row.samples[0];
                assert!(first.bytes > 0 && first.elapsed_s > 0.0 && first.sender.system_calls > 0, "{row:?}");
                measured += 1;
            }
        }
        assert_eq!(measured, results.rows.len());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is left");
    }

    #[test]
    fn sizes_that_memory_does_not_hold_are_left_out_and_named() {
        let options = Options { sizes_bytes: vec![1 << 20, 1 << 30], ..tiny(std::path::Path::new(".")) };
        let (kept, too_large) = fitting_into_memory(&options, Some(100 << 20)).unwrap();
        assert_eq!((kept.sizes_bytes, too_large), (vec![1 << 20], vec![1 << 30]));
        assert!(fitting_into_memory(&options, Some(1_000)).is_err());
    }
}
