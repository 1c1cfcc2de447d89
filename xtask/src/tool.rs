//! Somebody else's program, run to its end within a time.

use std::io::Read;
use std::process::{Command, Stdio};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

/// How often a running program is looked at.
const POLL: Duration = Duration::from_millis(10);
/// How much of what a failed program said is shown.
const SHOWN_BYTES: usize = 2_000;

/// Runs `command` with `input` and returns its standard output. It must end well within `limit`.
pub(crate) fn output(command: &mut Command, input: &[u8], limit: Duration) -> anyhow::Result<String> {
    let name = command.get_program().display().to_string();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("starting {name}"))?;
    let stdin = child.stdin.take().context("a pipe")?;
    let (stdout, stderr) = (child.stdout.take().context("a pipe")?, child.stderr.take().context("a pipe")?);
    let give_up = Instant::now() + limit;
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut stdin = stdin;
            // A program that wants no input closes the pipe.
            let _ = std::io::Write::write_all(&mut stdin, input);
        });
        let said = scope.spawn(move || all(stdout));
        let complained = scope.spawn(move || all(stderr));
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break Some(status);
            }
            if Instant::now() > give_up {
                child.kill()?;
                child.wait()?;
                break None;
            }
            sleep(POLL);
        };
        let said = said.join().unwrap_or_default();
        let complaint = complained.join().unwrap_or_default();
        let shown = || end_of(&format!("{said}\n{complaint}"));
        let Some(status) = status else {
            bail!("no end within {} s; it said:\n{}", limit.as_secs(), shown())
        };
        ensure!(status.success(), "{status}; it said:\n{}", shown());
        Ok(said)
    })
}

fn all(mut pipe: impl Read) -> String {
    let mut bytes = Vec::new();
    // What came until then is what there is.
    let _ = pipe.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn end_of(text: &str) -> String {
    let text = text.trim();
    let mut start = text.len().saturating_sub(SHOWN_BYTES);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    text[start..].to_owned()
}
