//! wrk: a load, and whether what it received is what the server says it sent, and how.

use std::process::{Child, Command};

use anyhow::{Context as _, ensure};

use super::site::{MEDIUM, SIZED};
use super::{Client, PATIENCE, Promise, Served, trace};
use crate::clients::Report;
use crate::metrics::Metrics;
use crate::tool;
use crate::wrk::{self, Counts, Load};

const MEDIUM_BYTES: u64 = 1 << 20;
const CLIENTS: u32 = 64;
const REQUESTS: u64 = 2_000;
/// strace makes each call many times slower.
const TRACED_REQUESTS: u64 = 200;
/// From this size on a file is to leave without a copy.
const ELIGIBLE_BYTES: usize = 4_096;
/// Of what is eligible, in percent.
const WITHOUT_COPY: u64 = 99;

/// What it received and what it cost.
pub(crate) fn check(served: &Served<'_>, report: &mut Report) {
    let name = Client::Wrk.name();
    report.check(name, "2,000 downloads over 64 connections come whole, without an error", || {
        let counts = load(served, MEDIUM, MEDIUM_BYTES, Load::Requests(REQUESTS))?;
        let gigabytes_per_s = (counts.requests * MEDIUM_BYTES) as f64 / 1e9 / counts.elapsed.as_secs_f64();
        Ok(format!("{gigabytes_per_s:.1} GB/s"))
    });
    report.check(name, "small files are served without an error", || {
        let counts = load(served, "page.bin", 4_096, Load::Seconds(2))?;
        Ok(format!("{:.0} requests/s", counts.requests as f64 / counts.elapsed.as_secs_f64()))
    });
    report.check(name, "99 % of eligible bytes leave by sendfile, and are not read or mapped", || {
        without_copy(served)
    });
    let ledger: [Promise<Served<'_>>; 3] = [
        ("the ledger has every byte that wrk received, by sendfile", ledger_of_load),
        ("the ledger has what curl received of ranges and files of all sizes", ledger_of_kinds),
        ("an answer without payload adds nothing to the ledger", ledger_of_nothing),
    ];
    for (promise, check) in ledger {
        if served.server.admin.is_some() {
            report.check(name, promise, || check(served));
        } else {
            report.skip(name, promise, "it has no ledger");
        }
    }
}

fn without_copy(served: &Served<'_>) -> anyhow::Result<String> {
    let output = served.folder.join("strace.out");
    let traced = trace::during(served.server.pid(), &served.site.root, &output, || {
        load(served, MEDIUM, MEDIUM_BYTES, Load::Requests(TRACED_REQUESTS)).map(drop)
    })?;
    let eligible = TRACED_REQUESTS * MEDIUM_BYTES;
    ensure!(traced.sent * 100 >= eligible * WITHOUT_COPY, "{traced:?} of {eligible} bytes");
    ensure!(traced.read * 100 <= eligible * (100 - WITHOUT_COPY), "{traced:?} of {eligible} bytes");
    ensure!(traced.mapped == 0, "files were mapped: {traced:?}");
    Ok(format!("{} of {eligible} bytes by sendfile, {} read", traced.sent, traced.read))
}

fn ledger_of_load(served: &Served<'_>) -> anyhow::Result<String> {
    let before = Metrics::read(admin(served)?)?;
    let counts = load(served, MEDIUM, MEDIUM_BYTES, Load::Requests(REQUESTS))?;
    let received = counts.requests * MEDIUM_BYTES;
    let after = Metrics::read_grown(admin(served)?, &before, "http", received)?;
    let counted =
        |labels: &[(&str, &str)]| after.http_payload_bytes(labels) - before.http_payload_bytes(labels);
    ensure!(counted(&[]) == received, "the ledger has {}, wrk {received}", counted(&[]));
    let sendfile = counted(&[("mechanism", "sendfile"), ("reason", "first_choice")]);
    ensure!(sendfile == received, "{sendfile} of {received} by sendfile");
    Ok(format!("{received} bytes"))
}

fn ledger_of_kinds(served: &Served<'_>) -> anyhow::Result<String> {
    let before = Metrics::read(admin(served)?)?;
    let (mut received, mut eligible) = (0, 0);
    for (name, bytes) in SIZED {
        for options in [&[][..], &["--range", "0-9"], &["--range", "-5000"], &["--http1.0"]] {
            // Of an empty file there is no range.
            if bytes == 0 && options.first() == Some(&"--range") {
                continue;
            }
            let came = curl(served, name, options)?;
            received += came;
            eligible += if came as usize >= ELIGIBLE_BYTES { came } else { 0 };
        }
    }
    let after = Metrics::read_grown(admin(served)?, &before, "http", received)?;
    let counted =
        |labels: &[(&str, &str)]| after.http_payload_bytes(labels) - before.http_payload_bytes(labels);
    ensure!(counted(&[]) == received, "the ledger has {}, curl {received}", counted(&[]));
    let sendfile = counted(&[("mechanism", "sendfile")]);
    ensure!(sendfile * 100 >= eligible * WITHOUT_COPY, "{sendfile} of {eligible} eligible bytes by sendfile");
    Ok(format!("{received} bytes, {sendfile} of {eligible} eligible by sendfile"))
}

fn ledger_of_nothing(served: &Served<'_>) -> anyhow::Result<String> {
    let before = Metrics::read(admin(served)?)?;
    for options in [
        &["--head"][..],
        &["--header", "If-None-Match: *"],
        &["--header", "If-Match: \"other\""],
        &["--range", "99999999-"],
        &["--request", "POST"],
    ] {
        curl(served, MEDIUM, options)?;
    }
    let added = Metrics::read(admin(served)?)?.http_payload_bytes(&[]) - before.http_payload_bytes(&[]);
    ensure!(added == 0, "{added} bytes were added");
    Ok(String::new())
}

fn load(served: &Served<'_>, name: &str, bytes: u64, load: Load) -> anyhow::Result<Counts> {
    let url = served.server.url(&format!("/{name}"));
    let spawn = |command: &mut Command| -> anyhow::Result<Child> { command.spawn().context("starting wrk") };
    wrk::run(&url, bytes, CLIENTS, load, spawn)
}

/// How many bytes of a body curl received.
fn curl(served: &Served<'_>, name: &str, options: &[&str]) -> anyhow::Result<u64> {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--output", "/dev/null", "--write-out", "%{size_download}"]);
    let said = tool::output(curl.args(options).arg(served.server.url(&format!("/{name}"))), &[], PATIENCE)?;
    said.parse().with_context(|| format!("curl said {said:?}"))
}

fn admin<'a>(served: &Served<'a>) -> anyhow::Result<&'a str> {
    served.server.admin.as_deref().context("no admin listener")
}
