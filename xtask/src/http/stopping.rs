//! A server that is stopped: what is under way is finished, and nothing new is begun.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

use super::site::{LARGE, Site};
use super::{Client, PATIENCE, until};
use crate::clients::Report;
use crate::process::Process;
use crate::static_server::StaticServer;

/// What a server says when it has a bug, or has lost its worker.
const BUGS: [&str; 3] = ["panicked", "exited on signal", "[alert]"];

/// Looks for what a server should not have said.
pub(crate) fn check_log(log: &Path, report: &mut Report) {
    report.check("server", "it has said nothing of a bug of its own", || {
        let said = fs::read(log).with_context(|| format!("reading {}", log.display()))?;
        let said = String::from_utf8_lossy(&said);
        let bugs: Vec<_> = said.lines().filter(|line| BUGS.iter().any(|bug| line.contains(bug))).collect();
        ensure!(bugs.is_empty(), "{}", bugs.join("\n"));
        Ok(String::new())
    });
}

/// Stops the server while a file is being downloaded.
pub(crate) fn check(server: StaticServer, site: &Site, folder: &Path, report: &mut Report) {
    report.check(
        Client::Curl.name(),
        "a download is finished while the server stops, and nobody new is served",
        || {
            let received = folder.join("received-while-stopping");
            let address = server.address.clone();
            let mut curl = Command::new("curl");
            // Slow enough to last beyond the stop.
            curl.args(["--silent", "--show-error", "--limit-rate", "32M", "--output"]).arg(&received);
            curl.arg(server.url(&format!("/{LARGE}"))).stdin(Stdio::null());
            let mut curl = Process::new(curl.spawn().context("starting curl")?);
            until("the download has begun", || fs::metadata(&received).is_ok_and(|file| file.len() > 0))?;
            server.ask_to_stop()?;
            until("new connections are refused", || std::net::TcpStream::connect(&address).is_err())?;
            ensure!(curl.ended()?.is_none(), "the download was over before anything could be seen");
            let status = curl.wait_within(PATIENCE)?;
            ensure!(status.success(), "curl ended with {status}");
            ensure!(fs::read(&received)? == site.bytes(LARGE)?, "the file is not as it was");
            let status = server.stopped()?;
            ensure!(status.success(), "the server ended with {status}");
            Ok(String::new())
        },
    );
}
