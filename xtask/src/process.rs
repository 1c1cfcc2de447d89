//! A program that runs beside a command and does not outlive it.

use std::process::{Child, ExitStatus};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::ensure;
use rustix::process::{Pid, Signal, kill_process};

/// How long a server may take to start or to stop.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
/// How often a stopping program is looked at.
const STOP_POLL: Duration = Duration::from_millis(10);

/// A running program. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn new(child: Child) -> Self {
        Self(child)
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// How it has ended, if it has.
    pub(crate) fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        Ok(self.0.try_wait()?)
    }

    /// Waits until it ends.
    pub(crate) fn wait(&mut self) -> anyhow::Result<ExitStatus> {
        Ok(self.0.wait()?)
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        Ok(kill_process(Pid::from_child(&self.0), signal)?)
    }

    /// Waits until it ends, so long at most.
    pub(crate) fn wait_within(&mut self, limit: Duration) -> anyhow::Result<ExitStatus> {
        let give_up = Instant::now() + limit;
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            ensure!(Instant::now() < give_up, "it has not ended within {} s", limit.as_secs());
            sleep(STOP_POLL);
        }
    }

    /// Ends it in order: sends SIGTERM and waits.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        self.signal(Signal::TERM)?;
        self.wait_within(PATIENCE).map(drop)
    }

    /// Ends it as a crash does (`kill -9`).
    pub(crate) fn kill(mut self) -> anyhow::Result<()> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
