//! wrk, a load generator of other people's, with exact counts.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use bench::Usage;
use rustix::process::Signal;
use serde::Deserialize;

use crate::process::Process;

/// How long a run of so many requests may take, in seconds.
const LIMIT_S: u32 = 300;
/// What the script says when the last answer is whole.
const ALL_ANSWERED: &str = "all answered";
/// The largest head of an answer to believe, in bytes: what is received beyond it is not what was asked for.
const MAX_HEAD_BYTES: u64 = 2_000;

/// How much to ask for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Load {
    /// So many requests, each answered to its end: what came is what was sent. wrk takes longer over each, so this is
    /// for files of some size.
    Requests(u64),
    /// As many as can be had in so many seconds.
    Seconds(u32),
}

/// What a run without any error came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counts {
    pub(crate) requests: u64,
    /// From the start of wrk to the last answer.
    pub(crate) elapsed: Duration,
    /// What wrk itself took until then, if it was asked for so many requests.
    pub(crate) client_cpu: Option<Duration>,
}

/// Asks for `url`, whose file has `file_bytes`, over so many connections at once. Any error makes the run invalid.
pub(crate) fn run(
    url: &str,
    file_bytes: u64,
    connections: u32,
    load: Load,
    spawn: impl FnOnce(&mut Command) -> anyhow::Result<Child>,
) -> anyhow::Result<Counts> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("http/exact.lua");
    let mut wrk = Command::new("wrk");
    // An answer that took longer than the timeout is counted as an error.
    wrk.args(["--threads", "1", "--timeout", &format!("{LIMIT_S}s")])
        .args(["--connections", &connections.to_string(), "--script"])
        .arg(script)
        .env("WRK_CONNECTIONS", connections.to_string());
    let seconds = match load {
        Load::Requests(requests) => {
            wrk.env("WRK_REQUESTS", requests.to_string());
            LIMIT_S
        }
        Load::Seconds(seconds) => seconds,
    };
    wrk.args(["--duration", &format!("{seconds}s"), url]);
    wrk.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let begun = Instant::now();
    let mut child = spawn(&mut wrk)?;
    let stdout = BufReader::new(child.stdout.take().context("a pipe")?);
    let mut stderr = child.stderr.take().context("a pipe")?;
    let mut process = Process::new(child);
    let (mut summary, mut elapsed, mut client_cpu) = (None, None, None);
    for line in stdout.lines() {
        let line = line?;
        if line == ALL_ANSWERED {
            elapsed = Some(begun.elapsed());
            client_cpu = Some(Usage::of(process.id())?.cpu());
            // It sleeps to the end of its time otherwise.
            process.signal(Signal::INT)?;
        } else if line.starts_with('{') {
            summary = Some(serde_json::from_str::<Summary>(&line)?);
        }
    }
    let mut complaint = String::new();
    stderr.read_to_string(&mut complaint)?;
    let status = process.wait()?;
    ensure!(status.success(), "wrk ended with {status}: {complaint}");
    let summary = summary.with_context(|| format!("wrk printed no counts: {complaint}"))?;
    let elapsed = match load {
        Load::Requests(_) => elapsed
            .with_context(|| format!("not all was answered within {LIMIT_S} s: invalid, {summary:?}"))?,
        Load::Seconds(_) => Duration::from_micros(summary.duration_us),
    };
    summary.check(file_bytes, load)?;
    Ok(Counts { requests: summary.requests, elapsed, client_cpu })
}

/// As `exact.lua` prints it.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Summary {
    requests: u64,
    /// Heads and bodies.
    bytes: u64,
    duration_us: u64,
    connect: u64,
    read: u64,
    write: u64,
    status: u64,
    timeout: u64,
}

impl Summary {
    fn check(&self, file_bytes: u64, load: Load) -> anyhow::Result<()> {
        let errors = self.connect + self.read + self.write + self.status + self.timeout;
        ensure!(errors == 0, "a run with errors is invalid: {self:?}");
        ensure!(self.requests > 0, "nothing was answered: {self:?}");
        let bodies = self.requests * file_bytes;
        let heads = self.bytes.checked_sub(bodies).filter(|&heads| heads > 0);
        let heads =
            heads.with_context(|| format!("fewer bytes than {bodies}, which were asked for: {self:?}"))?;
        if let Load::Requests(asked) = load {
            ensure!(self.requests == asked, "{asked} were asked for: {self:?}");
            ensure!(heads <= self.requests * MAX_HEAD_BYTES, "more bytes than were asked for: {self:?}");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: Summary = Summary {
        requests: 10,
        bytes: 10 * (1_000 + 200),
        duration_us: 1,
        connect: 0,
        read: 0,
        write: 0,
        status: 0,
        timeout: 0,
    };

    #[test]
    fn a_run_is_valid_without_errors_and_with_every_byte() {
        WHOLE.check(1_000, Load::Requests(10)).unwrap();
        WHOLE.check(1_000, Load::Seconds(1)).unwrap();
    }

    #[test]
    fn a_run_with_errors_or_other_bytes_is_invalid() {
        let load = Load::Requests(10);
        for wrong in [
            Summary { timeout: 1, ..WHOLE },
            Summary { status: 1, ..WHOLE },
            Summary { requests: 9, ..WHOLE },
            Summary { bytes: 9_999, ..WHOLE },
            Summary { bytes: 10 * 3_001, ..WHOLE },
        ] {
            wrong.check(1_000, load).unwrap_err();
        }
    }
}
