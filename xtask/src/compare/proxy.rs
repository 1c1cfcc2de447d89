//! A TCP proxy, beside nginx and HAProxy: what does it cost to pass a gigabyte on, or a message?

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::clients;
use super::cores::Place;
use super::http::word_after;
use super::pacing::WithoutPacing;
use super::proxies::{Kind, Proxy};
use super::results::Measured;
use super::server::Launcher;
use super::session::{CPU_PER_GB, MEGABYTES, cpu_s, number};
use super::setting::Held;
use super::sizes::Sizes;
use super::turns::in_turns;
use crate::metrics::Metrics;

pub(crate) const CPU_PER_MESSAGE: &str = "CPU µs/message";

pub(crate) const ONE_WAY: &str = "100 connections, one way";
pub(crate) const BOTH_WAYS: &str = "100 connections, both ways";
pub(crate) const SMALL: &str = "100 connections, 100 B and back";
pub(crate) const LARGE: &str = "100 connections, 16 KiB and back";
pub(crate) const ONE_WAY_UNPACED: &str = "100 connections, one way, no pacing";
pub(crate) const BOTH_WAYS_UNPACED: &str = "100 connections, both ways, no pacing";
pub(crate) const SMALL_UNPACED: &str = "100 connections, 100 B and back, no pacing";
pub(crate) const LARGE_UNPACED: &str = "100 connections, 16 KiB and back, no pacing";
const RESIDENT: &str = "most resident memory meanwhile";

const CONNECTIONS: u64 = 100;
const STREAM_MESSAGE_BYTES: u64 = 64 << 10;
const SMALL_MESSAGE_BYTES: u64 = 100;
const LARGE_MESSAGE_BYTES: u64 = 16 << 10;
/// As often as each load is run before it is measured, in messages on each connection.
const WARM_UP_MESSAGES: u64 = 10;

/// What goes through the proxy.
#[derive(Clone, Copy, Debug)]
struct Load {
    /// As `crossdock bench through-proxy` calls it.
    traffic: &'static str,
    /// On each connection, each way.
    messages: u64,
    message_bytes: u64,
}

/// Socket buffers of all proxies and loads, the kernel's own sizing with a bound. A hundred connections through a proxy are
/// four hundred sockets: at the default bound of 6 MB each, streams fill them until the memory for all of TCP
/// (`net.ipv4.tcp_mem`) is used up, and the kernel drops packets of whoever is measured then. Nobody sets the size of a
/// buffer, so the bound is the same for everybody.
#[derive(Debug)]
pub(crate) struct BoundedBuffers {
    _receive: Held,
    _send: Held,
}

impl BoundedBuffers {
    /// Needs root.
    pub(crate) fn begin() -> anyhow::Result<Self> {
        Ok(Self {
            _receive: Held::at("/proc/sys/net/ipv4/tcp_rmem", "4096 131072 2097152")?,
            _send: Held::at("/proc/sys/net/ipv4/tcp_wmem", "4096 16384 2097152")?,
        })
    }
}

/// Measures all proxies on the first core, with their clients and their target on the second. They take turns under each load.
pub(crate) fn run(
    launcher: &Launcher,
    folder: &Path,
    sizes: &Sizes,
    measured: &mut Measured,
) -> anyhow::Result<()> {
    let nginx = word_after("nginx", "-v", "nginx/")?;
    let haproxy = word_after("haproxy", "-v", "version ")?;
    measured.with = format!("nginx {nginx}, HAProxy {haproxy}");
    let start = |kind: Kind| {
        let proxy = kind.start(launcher, &folder.join(kind.name().replace(' ', "-")))?;
        anyhow::Ok(Session { kind, launcher, proxy })
    };
    let sessions = Kind::ALL.into_iter().map(start).collect::<Result<Vec<_>, _>>()?;
    let stream = |traffic, messages| Load { traffic, messages, message_bytes: STREAM_MESSAGE_BYTES };
    let one_way = stream("one-way", sizes.proxy_stream_messages);
    // Both ways are as many bytes as one.
    let both_ways = stream("both-ways", sizes.proxy_stream_messages / 2);
    let exchange = |messages, message_bytes| Load { traffic: "exchange", messages, message_bytes };
    let small = exchange(sizes.proxy_small_messages, SMALL_MESSAGE_BYTES);
    let large = exchange(sizes.proxy_large_messages, LARGE_MESSAGE_BYTES);
    for load in [one_way, both_ways, small, large] {
        for session in &sessions {
            session.pass(Load { messages: WARM_UP_MESSAGES, ..load })?;
        }
    }

    per_gigabyte(&sessions, ONE_WAY, one_way, measured)?;
    for (session, resident_mb) in
        sessions.iter().zip(per_gigabyte(&sessions, BOTH_WAYS, both_ways, measured)?)
    {
        measured.add(RESIDENT, session.kind.name(), MEGABYTES, resident_mb);
    }
    per_message(&sessions, SMALL, small, measured)?;
    per_message(&sessions, LARGE, large, measured)?;

    let unpaced = WithoutPacing::begin()?;
    per_gigabyte(&sessions, ONE_WAY_UNPACED, one_way, measured)?;
    per_gigabyte(&sessions, BOTH_WAYS_UNPACED, both_ways, measured)?;
    per_message(&sessions, SMALL_UNPACED, small, measured)?;
    per_message(&sessions, LARGE_UNPACED, large, measured)?;
    drop(unpaced);
    sessions.into_iter().try_for_each(|session| session.proxy.stop())
}

/// What a gigabyte costs each of them, and the most memory that it has had until then, in MB.
fn per_gigabyte(
    sessions: &[Session<'_>],
    case: &str,
    load: Load,
    measured: &mut Measured,
) -> anyhow::Result<Vec<f64>> {
    let totals = in_turns(sessions, |session, total| session.measure(case, load, total))?;
    for (session, total) in sessions.iter().zip(&totals) {
        measured.add(case, session.kind.name(), CPU_PER_GB, total.cpu_s / (total.bytes / 1e9));
    }
    Ok(totals.iter().map(|total| total.peak_resident_bytes / 1e6).collect())
}

fn per_message(
    sessions: &[Session<'_>],
    case: &str,
    load: Load,
    measured: &mut Measured,
) -> anyhow::Result<()> {
    let totals = in_turns(sessions, |session, total| session.measure(case, load, total))?;
    for (session, total) in sessions.iter().zip(&totals) {
        measured.add(case, session.kind.name(), CPU_PER_MESSAGE, total.cpu_s * 1e6 / total.messages);
    }
    Ok(())
}

/// All turns of a proxy under one load.
#[derive(Clone, Copy, Debug, Default)]
struct Total {
    bytes: f64,
    messages: f64,
    cpu_s: f64,
    peak_resident_bytes: f64,
}

struct Session<'a> {
    kind: Kind,
    launcher: &'a Launcher,
    proxy: Proxy,
}

impl Session<'_> {
    fn measure(&self, case: &str, load: Load, total: &mut Total) -> anyhow::Result<()> {
        eprintln!("  {}: {case}", self.kind.name());
        let report = self.pass(load).with_context(|| format!("{}: {case}", self.kind.name()))?;
        total.bytes += number(&report, "bytes")?;
        total.messages += number(&report, "messages")?;
        total.cpu_s += cpu_s(&report["proxy"])?;
        total.peak_resident_bytes = number(&report["proxy"], "peak_resident_bytes")?;
        Ok(())
    }

    /// Has a load go through, and holds what came against a Crossdock's ledger.
    fn pass(&self, load: Load) -> anyhow::Result<Value> {
        let admin = self.proxy.admin.as_deref();
        let before = admin.map(Metrics::read).transpose()?;
        let mut generator = Command::new(&self.launcher.crossdock);
        generator
            .args(["bench", "through-proxy", &self.proxy.address, "--listen", &self.proxy.target])
            .args(["--traffic", load.traffic, "--pid", &self.proxy.pid().to_string()])
            .args(["--connections", &CONNECTIONS.to_string()])
            .args(["--messages", &load.messages.to_string()])
            .args(["--message-bytes", &load.message_bytes.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let generator = self.launcher.cores.spawn(&mut generator, Place::Clients)?;
        let said = clients::finish(generator, "crossdock bench through-proxy")?;
        let report: Value =
            serde_json::from_str(&said).with_context(|| format!("crossdock bench said {said:?}"))?;
        if let (Some(admin), Some(before)) = (admin, before) {
            let came = report["bytes"].as_u64().with_context(|| format!("no bytes in {report}"))?;
            let passed_on = came + CONNECTIONS * bench::GREETING_BYTES;
            let after = Metrics::read_grown(admin, &before, "proxy", passed_on)?;
            let counted = after.payload_bytes("proxy", &[]) - before.payload_bytes("proxy", &[]);
            ensure!(counted == passed_on, "the ledger has {counted} bytes, and {passed_on} went through");
        }
        Ok(report)
    }
}
