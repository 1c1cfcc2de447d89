//! What commands share in talking to the terminal: standard output that may be closed early, and the exit status.

use std::io::{self, BufWriter, StdoutLock, Write};
use std::process::ExitCode;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use uuid::Uuid;

/// Standard output, buffered: whoever prints flushes when the reader should see it.
///
/// Writing fails with [`io::ErrorKind::BrokenPipe`] once the reader has gone, as in `crossdock consume … | head`;
/// passed up to [`exit_code`], that ends the command quietly.
pub(crate) fn stdout() -> BufWriter<StdoutLock<'static>> {
    BufWriter::with_capacity(64 * 1024, io::stdout().lock())
}

/// Ends a command: an error is one line on standard error and exit status 1.
pub(crate) fn exit_code(result: anyhow::Result<ExitCode>) -> ExitCode {
    match result {
        Ok(code) => code,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when standard error is closed, too.
            let _ = writeln!(io::stderr(), "crossdock: {}", explain(&error));
            ExitCode::FAILURE
        }
    }
}

/// An id as Kafka prints it: URL-safe base64.
pub(crate) fn kafka_id(id: Uuid) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(id.as_bytes())
}

/// The error and its causes in one line, without those that an error above them has already put into its own words.
pub(crate) fn explain(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn every_cause_is_told_once() {
        let refused = io::Error::other("address in use");
        let listening =
            anyhow::Error::new(refused).context("cannot listen: address in use").context("starting");
        assert_eq!(explain(&listening), "starting: cannot listen: address in use");
    }

    #[test]
    fn a_reader_that_leaves_is_no_failure() {
        let closed: io::Result<()> = Err(io::ErrorKind::BrokenPipe.into());
        assert!(is_closed_pipe(&closed.context("printing").unwrap_err()));
        let full: io::Result<()> = Err(io::ErrorKind::StorageFull.into());
        assert!(!is_closed_pipe(&full.context("printing").unwrap_err()));
    }
}
