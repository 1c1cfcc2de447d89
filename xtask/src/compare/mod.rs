//! `cargo xtask compare`: Crossdock measured beside those who do the same, and the pages in `docs/benchmarks`.

mod asking;
mod backfill;
mod cgroup;
mod clients;
mod copying;
mod cores;
mod figure;
mod goals;
mod headline;
mod host;
mod http;
mod machine;
mod memory;
mod memory_dir;
mod pacing;
mod plots;
mod profile;
mod proxies;
mod proxy;
mod report;
mod results;
mod server;
mod session;
mod setting;
mod sizes;
mod socket_buffers;
mod svg;
mod turns;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, ValueEnum as _};

use self::cores::Cores;
use self::figure::Figure;
use self::machine::Machine;
use self::report::Rows;
use self::results::{Measured, Results};
use self::server::{Kind, Launcher};
use self::session::{Sink, Turn};
use self::sizes::Sizes;
use crate::kafka::Kafka;
use crate::{markers, workspace};

/// Where the pages are that everybody sees; the table at their top is in the project's README too.
const PUBLISHED: &str = "docs/benchmarks";

/// Measure Crossdock beside those who do the same on this machine, and write tables and plots.
///
/// Needs two cores that do nothing else, Java, Maven (the first time) and kcat; for `http` nginx and wrk; for `copy` root and
/// rclone; for `proxy` nginx and haproxy. What was measured is kept after each round.
#[derive(Args)]
pub(crate) struct Compare {
    /// The figures to measure; all by default. Those that were measured before on the same machine are kept.
    #[arg(value_name = "FIGURE")]
    figures: Vec<Figure>,
    /// How often to measure each.
    #[arg(long, value_name = "N", default_value_t = 3)]
    rounds: u32,
    /// Measure little, to see whether everything works; the numbers mean nothing.
    #[arg(long)]
    quick: bool,
    /// Measure nothing: write tables and plots again from the results.
    #[arg(long, conflicts_with_all = ["figures", "quick"])]
    render: bool,
    /// Where results, tables and plots go [default: docs/benchmarks; with --quick: target/benchmarks].
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Where the brokers keep their data meanwhile: 15 GB on a file system of the kind that you want to know about.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Where they keep it for `headline`, which writes 1 GB a second, if your disk can do that [default: in memory, which
    /// is mounted for it].
    #[arg(long, value_name = "DIR")]
    headline_dir: Option<PathBuf>,
    /// A `crossdock` to measure instead of this checkout's.
    #[arg(long, value_name = "PATH")]
    crossdock: Option<PathBuf>,
}

impl Compare {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let output = self.output.clone().unwrap_or_else(|| {
            workspace::root().join(if self.quick { "target/benchmarks" } else { PUBLISHED })
        });
        fs::create_dir_all(&output).with_context(|| format!("creating {}", output.display()))?;
        let results_file = output.join("results.json");
        let mut results = Results::load(&results_file, Machine::describe()?)?;
        if !self.render {
            self.measure(&mut results, &results_file)?;
        }
        fs::write(output.join("README.md"), report::page(&results))?;
        for (name, plot) in plots::draw(&results) {
            fs::write(output.join(name), plot)?;
        }
        if output == workspace::root().join(PUBLISHED) {
            markers::replace(
                &workspace::root().join("README.md"),
                "compare",
                &report::glance(&results, Rows::Chief),
            )?;
        }
        println!("written to {}", output.display());
        Ok(ExitCode::SUCCESS)
    }

    fn measure(&self, results: &mut Results, results_file: &Path) -> anyhow::Result<()> {
        let launcher = Launcher {
            kafka: Kafka::fetch()?,
            crossdock: self.crossdock.clone().map_or_else(workspace::build, Ok)?,
            cores: Cores::find()?,
        };
        let sizes = if self.quick { Sizes::QUICK } else { Sizes::FULL };
        let mut wanted = Wanted::new(&self.figures)?;
        let parent = self.data_dir.clone().unwrap_or_else(std::env::temp_dir);
        let data = Scratch::new(&parent)?;
        let headline = wanted
            .figure(Figure::Headline)
            .map(|_| headline::Data::prepare(self.headline_dir.as_deref(), &parent));
        let headline = headline.transpose()?;
        let files = wanted.figure(Figure::Http).map(|_| http::Files::prepare(&parent)).transpose()?;
        let volumes =
            wanted.figure(Figure::Copy).map(|_| copying::Volumes::prepare(&parent, sizes.copied_bytes));
        let volumes = volumes.transpose()?;
        if wanted.figure(Figure::Proxy).is_some() {
            proxies::ensure()?;
        }
        let brokers: &[Kind] = if wanted.needs_a_broker() { &Kind::ALL } else { &[] };
        for round in 1..=self.rounds {
            eprintln!("round {round} of {}", self.rounds);
            for &kind in brokers {
                if wanted.needs_touched_memory() {
                    memory::touch_most()?;
                }
                let turn = |data_dir| Turn { launcher: &launcher, kind, data_dir, sizes };
                if wanted.needs_a_session() {
                    let session = turn(data.fresh(kind)?);
                    session.run(&mut wanted)?;
                    fs::remove_dir_all(session.data_dir)?;
                }
                if let Some(measured) = wanted.figure(Figure::SocketBuffers) {
                    socket_buffers::run(&turn(data.fresh(kind)?), measured)?;
                }
                if let Some(measured) = wanted.figure(Figure::Backfill) {
                    backfill::run(&turn(data.fresh(kind)?), measured)?;
                }
                if let (Some(measured), Some(headline)) = (wanted.figure(Figure::Headline), &headline) {
                    headline::run(&turn(headline.fresh(kind)?), headline, measured)?;
                }
            }
            if let (Some(measured), Some(files)) = (wanted.figure(Figure::Http), &files) {
                memory::touch_most()?;
                http::run((&launcher.cores, &launcher.crossdock), files, &sizes, measured)?;
            }
            if let (Some(measured), Some(volumes)) = (wanted.figure(Figure::Copy), &volumes) {
                memory::touch_most()?;
                copying::run_round(volumes, (&launcher.cores, &launcher.crossdock), measured)?;
            }
            if let Some(measured) = wanted.figure(Figure::Proxy) {
                memory::touch_most()?;
                let bounded = proxy::BoundedBuffers::begin()?;
                proxy::run(&launcher, &data.path, &sizes, measured)?;
                drop(bounded);
            }
            if let Some(measured) = wanted.figure(Figure::Asking) {
                asking::run_round(sizes.asking_turns, measured)?;
            }
            results.figures.extend(wanted.figures.clone());
            results.save(results_file)?;
        }
        Ok(())
    }
}

/// The figures that are measured in this run.
struct Wanted {
    figures: BTreeMap<Figure, Measured>,
}

impl Wanted {
    fn new(asked: &[Figure]) -> anyhow::Result<Self> {
        let asked = if asked.is_empty() { Figure::value_variants() } else { asked };
        let all = asked.iter().flat_map(|figure| figure.needs().iter().chain([figure]));
        let measured = Measured { date: workspace::today()?, commit: commit()?, ..Measured::default() };
        Ok(Self { figures: all.map(|&figure| (figure, measured.clone())).collect() })
    }

    fn needs_a_broker(&self) -> bool {
        self.figures.keys().any(|figure| figure.is_of_brokers())
    }

    /// All of them but those that make their memory ready by themselves.
    fn needs_touched_memory(&self) -> bool {
        self.figures.keys().any(|&figure| figure.is_of_brokers() && figure != Figure::Headline)
    }

    fn needs_a_session(&self) -> bool {
        let apart = [Figure::SocketBuffers, Figure::Backfill, Figure::Headline];
        self.figures.keys().any(|figure| figure.is_of_brokers() && !apart.contains(figure))
    }
}

impl Sink for Wanted {
    fn figure(&mut self, figure: Figure) -> Option<&mut Measured> {
        self.figures.get_mut(&figure)
    }
}

/// A directory that is removed with everything in it.
#[derive(Debug)]
struct Scratch {
    path: PathBuf,
}

impl Scratch {
    fn new(parent: &Path) -> anyhow::Result<Self> {
        let path = parent.join(format!("crossdock-compare-{}", std::process::id()));
        fs::create_dir_all(&path).with_context(|| format!("creating {}", path.display()))?;
        Ok(Self { path })
    }

    /// The data directory of a broker, without what was there before.
    fn fresh(&self, kind: Kind) -> anyhow::Result<PathBuf> {
        fs::remove_dir_all(&self.path)?;
        let directory = self.path.join(kind.name().replace(' ', "-"));
        fs::create_dir_all(&directory)?;
        Ok(directory)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            eprintln!("{} could not be removed: {error}", self.path.display());
        }
    }
}

/// The commit of the checkout; with a plus sign if something in it is not committed.
fn commit() -> anyhow::Result<String> {
    let commit = workspace::output_of("git", &["rev-parse", "--short=10", "HEAD"])?;
    let changed =
        !workspace::output_of("git", &["status", "--porcelain", "--untracked-files=no"])?.is_empty();
    Ok(if changed { commit + "+" } else { commit })
}
