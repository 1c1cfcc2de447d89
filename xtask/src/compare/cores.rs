//! Who runs on which core.

use std::process::{Child, Command};

use anyhow::{Context as _, ensure};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The two cores of a comparison: one for the server, one for its clients.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cores {
    all: CpuSet,
    server: usize,
    clients: usize,
}

/// Where a process may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// On the server's core.
    Server,
    /// On the clients' core.
    Clients,
    /// On both, where the scheduler likes.
    Anywhere,
}

impl Cores {
    /// The first two cores that this process may use.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let all = sched_getaffinity(None).context("asking for the cores of this process")?;
        let cores: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|&core| all.is_set(core)).take(2).collect();
        ensure!(cores.len() == 2, "a comparison needs two cores, one for the server and one for its clients");
        let mut both = CpuSet::new();
        cores.iter().for_each(|&core| both.set(core));
        Ok(Self { all: both, server: cores[0], clients: cores[1] })
    }

    /// Starts `command` so that all its threads stay at `place`.
    pub(crate) fn spawn(&self, command: &mut Command, place: Place) -> anyhow::Result<Child> {
        // A child inherits the affinity of the thread that starts it.
        sched_setaffinity(None, &self.set(place)).context("pinning to a core")?;
        let child = command.spawn();
        sched_setaffinity(None, &self.all).context("unpinning")?;
        child.with_context(|| format!("starting {}", command.get_program().display()))
    }

    pub(crate) fn set(&self, place: Place) -> CpuSet {
        let mut one = CpuSet::new();
        match place {
            Place::Server => one.set(self.server),
            Place::Clients => one.set(self.clients),
            Place::Anywhere => return self.all,
        }
        one
    }
}
