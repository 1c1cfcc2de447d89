//! How does a file on an HTTP server get to where it is to be?
//!
//! In ranges, as many at a time as there are threads, each over a connection of its own; the bytes go from the socket into
//! the partial file (`transfer::copy::Receiver`). All ranges are of one state of the file, which every request names; where
//! a server cannot be held to that, the file comes in one answer.

mod address;
mod connection;
mod head;
mod remote;

use std::fs::{File, Metadata};
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Error, bail};
use transfer::copy::{CopyError, Method, PIECE_BYTES, Receiver};

use super::partial::{Origin, Partial};
use super::{Request, Run, attributes, place};
use crate::output;
pub(crate) use address::Address;
use connection::{Answer, Client};
use remote::{Opened, Remote};

/// Copies what a server has at `address`.
pub(super) fn fetch(run: &Run, address: &Address, request: &Request) -> anyhow::Result<()> {
    if let Some(method) = request.method.filter(|method| !Method::RECEIVING.contains(method)) {
        bail!("--method {method} is from file to file: expected auto, splice or read-write for {address}");
    }
    if run.options.check {
        bail!(
            "--check compares files: of {address}, a second reading may come from a cache and prove nothing"
        );
    }
    let target = place::file_destination(&request.destination, || address.file_name())?;
    fetch_to(run, address, &target, request.threads)
        .with_context(|| format!("cannot copy {address} to {}", target.display()))
}

fn fetch_to(run: &Run, address: &Address, target: &Path, threads: NonZeroUsize) -> anyhow::Result<()> {
    let found = place::replaceable(target)?;
    let resume = run.options.resume;
    // Whoever may go on somewhere else asks for one byte, and learns the state.
    let opened = Opened::ask(address, if resume { 1 } else { PIECE_BYTES })?;
    let (len, modified) = (opened.remote.len, opened.remote.modified);
    run.bar.inc_length(len);
    if resume && found.is_some_and(|found| is_copy(&found, &opened.remote)) {
        run.counts.left_alone.fetch_add(1, Ordering::Relaxed);
        run.bar.inc(len);
        return Ok(());
    }
    let validator = opened.remote.validator.as_deref().unwrap_or_default();
    let origin = Origin::of_address(address, len, validator);
    let partial = Partial::open(target, origin, resume && opened.has_ranges)?;
    run.counts.resumed_bytes.fetch_add(partial.begin(), Ordering::Relaxed);
    run.bar.inc(partial.begin());
    if let Err(error) = receive(run, opened, &partial, threads) {
        return Err(give_up(partial, error));
    }
    let give = |file: &File| attributes::give_new(file, modified);
    if let Err(error) = partial.make_ready(give, run.options.sync) {
        partial.leave(false);
        return Err(error);
    }
    partial.name(run.options.sync)?;
    run.counts.files.fetch_add(1, Ordering::Relaxed);
    run.counts.bytes.fetch_add(len, Ordering::Relaxed);
    Ok(())
}

/// Receives what is missing in the partial file.
fn receive(run: &Run, opened: Opened, partial: &Partial, threads: NonZeroUsize) -> anyhow::Result<()> {
    let Opened { remote, mut client, answer, comes, .. } = opened;
    let receiver = Receiver::begin(&run.copier, Arc::clone(partial.file()), partial.begin(), remote.len)?;
    let fetching = Fetching { run, remote, receiver, partial, failed: Mutex::new(None) };
    if comes.end == fetching.remote.len && partial.begin() == 0 {
        return fetching.receive(&mut client, answer, comes);
    }
    thread::scope(|scope| {
        // The first piece is on the way, unless only the state was asked for.
        let begun = (comes.end == PIECE_BYTES).then(|| fetching.receiver.take()).flatten();
        let pieces = (fetching.remote.len - partial.begin()).div_ceil(PIECE_BYTES);
        let helpers =
            (threads.get() - 1).min(usize::try_from(pieces).unwrap_or(usize::MAX).saturating_sub(1));
        for _ in 0..helpers {
            let work = || fetching.work(Client::new(fetching.remote.address.clone()));
            // Where no thread is to be had, the others do its part.
            let _ = thread::Builder::new().name("copy".to_owned()).spawn_scoped(scope, work);
        }
        match begun {
            Some(piece) => fetching.end(&piece, fetching.receive(&mut client, answer, piece.clone())),
            None => drop(answer),
        }
        fetching.work(client);
    });
    let failed = fetching.failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    failed.map_or(Ok(()), Err)
}

/// What the threads share that fetch one file.
struct Fetching<'a> {
    run: &'a Run,
    remote: Remote,
    receiver: Receiver<'a>,
    partial: &'a Partial,
    /// The first error, which is the one that is told.
    failed: Mutex<Option<Error>>,
}

impl Fetching<'_> {
    /// Fetches pieces as long as there are any.
    fn work(&self, mut client: Client) {
        while let Some(piece) = self.receiver.take() {
            self.end(&piece, self.fetch_piece(&mut client, &piece));
        }
    }

    fn fetch_piece(&self, client: &mut Client, piece: &Range<u64>) -> anyhow::Result<()> {
        let answer = client.get(Some(piece), self.remote.validator.as_deref())?;
        self.remote.expect_piece(&answer.head, piece)?;
        self.receive(client, answer, piece.clone())
    }

    /// Takes the body of an answer that has these bytes.
    fn receive(&self, client: &mut Client, answer: Answer, range: Range<u64>) -> anyhow::Result<()> {
        let observe = |bytes| self.run.bar.inc(bytes);
        match self.receiver.receive(&answer.socket, &answer.early, range, &observe) {
            Ok(()) => client.finish(answer),
            Err(CopyError::Source(error)) => Err(connection::explain(error)),
            Err(error) => Err(error.into()),
        }
    }

    fn end(&self, piece: &Range<u64>, outcome: anyhow::Result<()>) {
        match outcome {
            Ok(()) => self.partial.note(self.receiver.complete(piece)),
            Err(error) => {
                self.receiver.give_up(piece);
                let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
                failed.get_or_insert(error);
            }
        }
    }
}

/// Whether a file looks like a complete copy: as long, and changed at the same time.
fn is_copy(found: &Metadata, remote: &Remote) -> bool {
    let is_as_old = remote.modified.is_some() && found.modified().ok() == remote.modified;
    found.is_file() && found.len() == remote.len && is_as_old
}

/// Leaves what is of use to a later run, and says so.
fn give_up(partial: Partial, error: Error) -> Error {
    let is_of_use = !matches!(error.downcast_ref(), Some(CopyError::Changed | CopyError::Refused { .. }));
    match partial.leave(is_of_use) {
        Some(left) => {
            Error::msg(format!("{}; {} is left for --resume", output::explain(&error), left.display()))
        }
        None => error,
    }
}
