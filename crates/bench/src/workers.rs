//! Threads that drive connections.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use tokio::runtime;
use tokio::task::{JoinSet, LocalSet};

use crate::BenchError;
use crate::budget::Budget;
use crate::report::Tally;

/// The work of one connection.
pub(crate) trait Connection: Send + 'static {
    /// Does the work, counting it as it is done.
    async fn run(self, tally: Rc<RefCell<Tally>>) -> Result<(), BenchError>;
}

/// Deals `connections` out to `threads` and returns what they did together. The first error stops all of them, through
/// `budget`.
pub(crate) fn drive<C: Connection>(
    connections: Vec<C>,
    threads: usize,
    budget: &Arc<Budget>,
) -> Result<Tally, BenchError> {
    let mut by_thread: Vec<Vec<C>> = (0..threads.max(1)).map(|_| Vec::new()).collect();
    let count = by_thread.len();
    for (n, connection) in connections.into_iter().enumerate() {
        by_thread[n % count].push(connection);
    }
    std::thread::scope(|scope| {
        let threads: Vec<_> = by_thread
            .into_iter()
            .map(|connections| scope.spawn(|| drive_here(connections, budget)))
            .collect();
        let mut all = Tally::default();
        let mut failure = None;
        for thread in threads {
            match thread.join() {
                Ok(Ok(tally)) => all.add(&tally),
                Ok(Err(error)) => failure = failure.or(Some(error)),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        failure.map_or(Ok(all), Err)
    })
}

fn drive_here<C: Connection>(connections: Vec<C>, budget: &Budget) -> Result<Tally, BenchError> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let tally = Rc::new(RefCell::new(Tally::default()));
    let outcome = runtime.block_on(LocalSet::new().run_until(async {
        let mut tasks = JoinSet::new();
        for connection in connections {
            tasks.spawn_local(connection.run(Rc::clone(&tally)));
        }
        while let Some(outcome) = tasks.join_next().await {
            match outcome {
                Ok(outcome) => outcome.inspect_err(|_| budget.stop())?,
                Err(panic) => std::panic::resume_unwind(panic.into_panic()),
            }
        }
        Ok(())
    }));
    outcome.map(|()| tally.take())
}
