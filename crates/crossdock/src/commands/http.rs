//! `crossdock http`: serves the files of a folder until it is told to stop.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use http::{COPY_BELOW_BYTES, LogTo, RunningServer, Settings};
use transfer::{Mechanism, Policy};

use super::serving::{StopSignals, raise_open_files, runtime};
use crate::policy_file::PolicyFile;

/// Serve the files of a folder over HTTP/1.1.
///
/// SIGTERM or Ctrl-C stops it: answers in flight are then finished.
///
/// Nothing outside the folder is served, wherever paths and links lead. Replace files by renaming: one that is written to
/// while it is sent arrives mixed.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Http {
    /// The folder whose files are served.
    #[arg(long, value_name = "DIR")]
    root: PathBuf,
    /// Where to listen.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8080")]
    listen: String,
    /// Where /metrics, /healthz and /readyz are served; nowhere by default.
    #[arg(long, value_name = "HOST:PORT")]
    admin: Option<String>,
    /// Add a line to this file for each answer, in the combined format; `-` is standard output.
    #[arg(long, value_name = "FILE")]
    access_log: Option<PathBuf>,
    /// List folders that have no index.html.
    #[arg(long)]
    listing: bool,
    /// Send FILE.br, FILE.zst or FILE.gz instead of FILE to clients that accept it.
    #[arg(long)]
    precompressed: bool,
    /// Connections at the same time; more wait until one ends.
    #[arg(long, value_name = "N")]
    max_connections: Option<usize>,
    /// Send as `crossdock lab` found best: the policy file that it wrote.
    #[arg(long, value_name = "FILE", conflicts_with = "mechanism")]
    policy: Option<PathBuf>,
    /// Send by this mechanism instead of the cheapest: sendfile, splice, mmap or read-write.
    #[arg(long)]
    mechanism: Option<Mechanism>,
}

const EXAMPLES: &str = "\
Examples:
  crossdock http --root ./public
  crossdock http --root /srv/files --listen 0.0.0.0:8080 --listing --access-log access.log
  crossdock http --root . --admin 127.0.0.1:9645 --mechanism read-write    what does copying cost here?";

impl Http {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        raise_open_files();
        runtime()?.block_on(serve(self.settings()?))?;
        Ok(ExitCode::SUCCESS)
    }

    fn settings(self) -> anyhow::Result<Settings> {
        let mut settings = Settings::new(self.root, self.listen);
        settings.admin = self.admin;
        settings.access_log = self.access_log.map(|path| match path.to_str() {
            Some("-") => LogTo::Stdout,
            _ => LogTo::File(path),
        });
        settings.listing = self.listing;
        settings.precompressed = self.precompressed;
        settings.connections_max = self.max_connections.unwrap_or(settings.connections_max);
        if let Some(file) = &self.policy {
            settings.policy = PolicyFile::read(file)?.for_files(COPY_BELOW_BYTES);
        }
        settings.policy = self.mechanism.map_or(settings.policy, Policy::force);
        Ok(settings)
    }
}

async fn serve(settings: Settings) -> anyhow::Result<()> {
    // Before the server starts: whoever asks it to stop early is heard.
    let mut stop = StopSignals::listen()?;
    let root = settings.root.clone();
    let server = RunningServer::start(settings).await?;
    // A screen that nobody can see is no reason not to serve.
    let _ = write_screen(&server, &root, &mut io::stderr().lock());
    let name = stop.first().await;
    tracing::info!("{name}: stopping; another one stops at once");
    tokio::select! {
        () = server.stop() => Ok(()),
        name = stop.next() => anyhow::bail!("{name}: stopped at once"),
    }
}

/// What a user needs to know, on one screen. On standard error: standard output may be the access log.
fn write_screen(server: &RunningServer, root: &std::path::Path, out: &mut impl Write) -> io::Result<()> {
    let address = server.address();
    writeln!(out, "Crossdock {}, process {}\n", env!("CARGO_PKG_VERSION"), std::process::id())?;
    writeln!(out, "  serves      {}", root.display())?;
    writeln!(out, "  listens on  http://{address}/")?;
    if let Some(admin) = server.admin() {
        writeln!(out, "  metrics     http://{admin}/metrics")?;
    }
    writeln!(out)?;
    out.flush()
}
