//! What the commands that serve share: how they are asked to stop, and how many files they may open.

use std::process;
use std::thread;
use std::time::Duration;

use anyhow::Context;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a process that was told twice to stop has to end in order.
const LAST_GRACE: Duration = Duration::from_secs(1);

/// The signals by which a server is asked to stop.
pub(crate) struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// Listens from now on: a signal is then not the end of the process any more.
    pub(crate) fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("listening for signals");
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    /// The name of the first one. From then on, another one ends the process within [`LAST_GRACE`], also where it waits for
    /// what no event loop can give up: a look-up on a dead disk, or a log that nobody reads.
    pub(crate) async fn first(&mut self) -> &'static str {
        let name = self.next().await;
        let watching = thread::Builder::new().name("last-signal".to_owned()).spawn(|| {
            if let Err(error) = exit_on_next() {
                tracing::warn!("another signal will not end what hangs: {error:#}");
            }
        });
        if let Err(error) = watching {
            tracing::warn!("another signal will not end what hangs: {error}");
        }
        name
    }

    /// The name of the next one.
    pub(crate) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "Ctrl-C",
        }
    }
}

fn exit_on_next() -> anyhow::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build().context("starting the runtime")?;
    runtime.block_on(async {
        StopSignals::listen()?.next().await;
        tokio::time::sleep(LAST_GRACE).await;
        anyhow::Ok(())
    })?;
    process::exit(1)
}

/// The runtime of a server that uses all cores it is given.
pub(crate) fn runtime() -> anyhow::Result<Runtime> {
    Builder::new_multi_thread().enable_all().build().context("starting the runtime")
}

/// Raises this process's limit of open files as far as it may. Shells set a low one for the sake of old programs that use
/// select(2).
pub(crate) fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, soft = limit.current, "cannot raise the limit of open files");
    }
}
