//! Chromium: does a page work, with its style, script, image and a video that is sought in?

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};

use super::site::{IMAGE_SIZE, TEXT, VIDEO, VIDEO_S, VIDEO_SIZE};
use super::{Client, PATIENCE, Served, until};
use crate::clients::Report;
use crate::process::Process;

const POLL: Duration = Duration::from_millis(10);
/// What the page has to say is far shorter.
const MAX_REPORT_BYTES: usize = 1 << 16;

/// What the page says that it saw.
pub(crate) fn check(served: &Served<'_>, report: &mut Report) {
    report.check(
        Client::Chromium.name(),
        "a page with style, script, image and a video that is sought in",
        || {
            let listener = TcpListener::bind("127.0.0.1:0")?;
            let address = served.server.url(&format!("/index.html?report={}", listener.local_addr()?.port()));
            let log = served.folder.join("chromium.log");
            let before = [answered(served, VIDEO, 206)?, answered(served, TEXT, 304)?];
            let mut browser = start(served, &address, &log)?;
            let seen = reported(&listener, &mut browser).with_context(|| {
                format!("the browser said:\n{}", fs::read_to_string(&log).unwrap_or_default())
            })?;
            drop(browser);
            let text_bytes = served.site.bytes(TEXT)?.len();
            let expected = json!({
                "background": "rgb(1, 2, 3)",
                "image": IMAGE_SIZE,
                "video": VIDEO_SIZE,
                "seconds": VIDEO_S,
                "sought": true,
                "text": ["gzip", text_bytes],
                "again": [200, text_bytes],
                "part": [206, "bytes 100-199/1048576", 100],
            });
            ensure!(same(&seen, &expected), "the page saw {seen}, expected {expected}");
            let said = fs::read_to_string(&log)?;
            let console: Vec<_> = said.lines().filter(|line| line.contains(":CONSOLE")).collect();
            ensure!(console.is_empty(), "on the console:\n{}", console.join("\n"));
            // A range at the beginning, and one where it was sought.
            let ranges = until_answered(served, VIDEO, 206, before[0] + 2)? - before[0];
            until_answered(served, TEXT, 304, before[1] + 1).context("the browser's copy of a file")?;
            Ok(format!("{ranges} ranges of the video"))
        },
    );
}

/// Starts a browser that has nothing of its own and knows no other host.
fn start(served: &Served<'_>, address: &str, log: &std::path::Path) -> anyhow::Result<Process> {
    let profile = served.folder.join("profile");
    let mut chromium = Command::new("chromium");
    chromium
        .args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
        ])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--disable-default-apps", "--no-pings", "--autoplay-policy=no-user-gesture-required"])
        .arg("--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1")
        .args(["--enable-logging=stderr", "--log-level=0"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(address)
        .env("HOME", served.folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(log)?);
    Ok(Process::new(chromium.spawn().context("starting chromium")?))
}

/// What the page posts.
fn reported(listener: &TcpListener, browser: &mut Process) -> anyhow::Result<Value> {
    listener.set_nonblocking(true)?;
    let begun = Instant::now();
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                if let Some(report) = read(stream)? {
                    return Ok(report);
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => sleep(POLL),
            Err(error) => bail!(error),
        }
        if let Some(status) = browser.ended()? {
            bail!("chromium ended with {status} before the page had reported");
        }
        ensure!(begun.elapsed() < PATIENCE, "the page has not reported");
    }
}

/// The body of a POST. A browser may open a connection that it does not use.
fn read(stream: TcpStream) -> anyhow::Result<Option<Value>> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream);
    let mut length = None;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        if line == "\r\n" {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = Some(value.trim().parse::<usize>()?);
        }
    }
    let length = length.context("a report without its length")?;
    ensure!(length <= MAX_REPORT_BYTES, "a report of {length} bytes");
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    reader.get_mut().write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")?;
    Ok(Some(serde_json::from_slice(&body)?))
}

/// Numbers are the same whether they have a fraction of zero or none.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, value)| other.get(key).is_some_and(|other| same(value, other)))
        }
        _ => one == other,
    }
}

/// Waits until the access log has a file with this status so often, and returns how often it has.
fn until_answered(served: &Served<'_>, name: &str, status: u16, wanted: usize) -> anyhow::Result<usize> {
    let what = format!("the access log has /{name} with status {status} {wanted} times");
    until(&what, || answered(served, name, status).is_ok_and(|answered| answered >= wanted))?;
    answered(served, name, status)
}

/// How often the access log has a file with this status.
fn answered(served: &Served<'_>, name: &str, status: u16) -> anyhow::Result<usize> {
    let (path, status) = (format!("/{name}"), format!(" {status} "));
    let log = fs::read_to_string(&served.server.access_log).context("reading the access log")?;
    Ok(log.lines().filter(|line| line.contains(&path) && line.contains(&status)).count())
}
