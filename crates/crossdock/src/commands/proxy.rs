//! `crossdock proxy`: passes TCP connections on to another address until it is told to stop.

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use proxy::{HostPort, ProxyConfig, RunningProxy, Totals};
use transfer::{Engine, Mechanism, Policy, Snapshot};

use super::serving::{StopSignals, raise_open_files, runtime};
use crate::units;

/// How long open connections may go on when the proxy is asked to stop.
const STOP_GRACE: Duration = Duration::from_secs(10);

/// Pass TCP connections on to another address.
///
/// Bytes go from socket to socket by splice(2), without a copy in user space; where little comes at a time they are copied,
/// which costs less. A peer that ends its stream and goes on reading is served. A connection that is reset, lost, idle for
/// too long or cut is reset on both sides: neither peer takes a part for the whole.
///
/// The target's name is looked up for each connection, and its addresses are tried in order. SIGTERM or Ctrl-C stops the
/// proxy: nothing more is accepted, and open connections have 10 s to end; a second one stops it at once. Then one line
/// says what was passed on.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Proxy {
    /// Where to listen; port 0 takes any free one.
    #[arg(long, value_name = "HOST:PORT")]
    listen: HostPort,
    /// Where to pass connections on to.
    #[arg(long, value_name = "HOST:PORT")]
    to: HostPort,
    /// Where /metrics, /healthz and /readyz are served; nowhere by default.
    #[arg(long, value_name = "HOST:PORT")]
    admin: Option<HostPort>,
    /// How long finding the target and connecting to it may take together.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = units::parse_duration)]
    connect_timeout: Duration,
    /// How long a connection may be without a byte delivered either way.
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = units::parse_duration)]
    idle_timeout: Duration,
    /// How many connections may be open; others wait to be accepted. Each takes four file descriptors, and up to four
    /// more while its peers do not read.
    #[arg(long, value_name = "COUNT", default_value = "10000")]
    max_connections: NonZeroUsize,
    /// How bytes go, in place of splice where the kernel has it.
    #[arg(long, value_enum)]
    mechanism: Option<Forced>,
}

const EXAMPLES: &str = "\
Examples:
  crossdock proxy --listen 0.0.0.0:9092 --to 10.0.0.7:9092 --admin 127.0.0.1:9646
  crossdock proxy --listen '[::1]:8080' --to web.internal:80 --connect-timeout 2s --idle-timeout 1h
  RUST_LOG=debug crossdock proxy --listen 127.0.0.1:0 --to localhost:5432    a line for each connection";

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Forced {
    Splice,
    ReadWrite,
}

impl Proxy {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        raise_open_files();
        runtime()?.block_on(self.serve())
    }

    async fn serve(self) -> anyhow::Result<ExitCode> {
        anyhow::ensure!(self.to.port != 0, "--to {}: port 0 is nowhere to connect to", self.to);
        // Before the proxy starts: whoever asks it to stop early is heard.
        let mut stop = StopSignals::listen()?;
        let target = self.to.clone();
        let proxy = RunningProxy::start(self.config(), Arc::new(Engine::new(self.policy()))).await?;
        // Lines that nobody can see are no reason not to serve.
        let _ = writeln!(io::stdout(), "listens on {}, passes on to {target}", proxy.address());
        if let Some(admin) = proxy.admin() {
            let _ = writeln!(io::stdout(), "metrics on http://{admin}/metrics");
        }
        let name = stop.first().await;
        tracing::info!("{name}: stopping; another one stops at once");
        let (counters, engine) = (Arc::clone(proxy.counters()), Arc::clone(proxy.engine()));
        let cut = tokio::select! {
            cut = proxy.stop(STOP_GRACE) => cut as u64,
            _ = stop.next() => counters.totals().open,
        };
        let line = summary(&counters.totals(), &engine.ledger().snapshot(), cut);
        let _ = writeln!(io::stdout(), "{line}");
        Ok(ExitCode::SUCCESS)
    }

    fn config(&self) -> ProxyConfig {
        ProxyConfig {
            listen: self.listen.clone(),
            target: self.to.clone(),
            admin: self.admin.clone(),
            connect_timeout: self.connect_timeout,
            idle_timeout: self.idle_timeout,
            max_connections: self.max_connections.get(),
        }
    }

    fn policy(&self) -> Policy {
        match self.mechanism {
            None => Policy::automatic(),
            Some(Forced::Splice) => Policy::force(Mechanism::Splice),
            Some(Forced::ReadWrite) => Policy::force(Mechanism::ReadWrite),
        }
    }
}

/// What was passed on, in one line.
fn summary(totals: &Totals, ledger: &Snapshot, cut: u64) -> String {
    let mut line = units::counted(totals.accepted, "connection");
    let ends = [
        (totals.unreachable, "did not reach the target"),
        (totals.lost, "reset by a peer"),
        (totals.idle, "idle"),
        (totals.failed, "failed"),
        (cut, "cut"),
    ];
    let ends: Vec<String> = ends
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{} {what}", units::count(number)))
        .collect();
    if !ends.is_empty() {
        line = format!("{line} ({})", ends.join(", "));
    }
    let (there, back) = (units::bytes(totals.to_target_bytes), units::bytes(totals.to_client_bytes));
    line = format!("{line}, {there} to the target, {back} back");
    for entry in ledger.iter() {
        let bytes = units::bytes(entry.bytes);
        line = format!("{line}; {bytes} by {} ({})", entry.mechanism, entry.reason);
    }
    line
}

#[cfg(test)]
mod tests {
    use transfer::{Choice, Ledger, Path, Reason};

    use super::*;

    #[test]
    fn the_last_line_says_what_was_passed_on_and_how() {
        let ledger = Ledger::new();
        assert_eq!(
            summary(&Totals::default(), &ledger.snapshot(), 0),
            "0 connections, 0 B to the target, 0 B back"
        );
        for (mechanism, reason, bytes) in [
            (Mechanism::Splice, Reason::FirstChoice, 3 << 20),
            (Mechanism::ReadWrite, Reason::Refused, 1 << 10),
        ] {
            ledger.add_payload(Path::Proxy, Choice { mechanism, reason }, bytes);
        }
        let totals = Totals {
            accepted: 1_200,
            unreachable: 1,
            lost: 3,
            idle: 2,
            to_target_bytes: 1 << 10,
            to_client_bytes: 3 << 20,
            ..Totals::default()
        };
        assert_eq!(
            summary(&totals, &ledger.snapshot(), 4),
            "1,200 connections (1 did not reach the target, 3 reset by a peer, 2 idle, 4 cut), \
             1.0 KiB to the target, 3.0 MiB back; 3.0 MiB by splice (first_choice); \
             1.0 KiB by read-write (refused)"
        );
    }
}
