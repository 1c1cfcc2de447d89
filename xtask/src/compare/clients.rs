//! The work that clients do, on a core of their own.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use bench::Usage;
use serde_json::Value;

use super::cores::Place;
use super::server::{Launcher, Server};
use crate::process::Process;

/// How long any piece of work may take.
const PATIENCE: Duration = Duration::from_secs(600);
/// How long a consumer of Kafka's waits for records before it gives up.
const CONSUMER_TIMEOUT_MS: u32 = 60_000;
const POLL: Duration = Duration::from_millis(5);

/// Starts clients of a broker.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clients<'a> {
    pub(crate) launcher: &'a Launcher,
    pub(crate) server: &'a Server,
}

/// Latencies of single records, in ms.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Latencies {
    pub(crate) mean_ms: f64,
    pub(crate) p99_ms: f64,
}

impl Clients<'_> {
    /// What `work` costs the broker.
    pub(crate) fn cost(&self, work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<Usage> {
        let before = self.server.usage()?;
        work()?;
        Ok(self.server.usage()?.since(&before))
    }

    /// Produces with Kafka's ProducerPerformance, `acks=1`, `linger.ms=5`, as fast as it goes.
    pub(crate) fn produce_java(&self, topic: &str, records: u64, record_bytes: usize) -> anyhow::Result<()> {
        let mut tool = self.launcher.kafka.tool("org.apache.kafka.tools.ProducerPerformance");
        tool.args(["--bootstrap-server", &self.server.bootstrap, "--topic", topic, "--throughput", "-1"])
            .args(["--num-records", &records.to_string(), "--record-size", &record_bytes.to_string()])
            .args(["--command-property", "acks=1", "linger.ms=5", "batch.size=131072"]);
        let output = self.run(&mut tool, Place::Clients)?;
        let summary = output.lines().last().unwrap_or_default();
        ensure!(
            summary.starts_with(&format!("{records} records sent")),
            "ProducerPerformance said {summary:?}"
        );
        Ok(())
    }

    /// Produces 1 KiB records with ProducerPerformance at a steady rate, each by itself, and returns the 99th percentile of
    /// the time until they are acknowledged, in whole milliseconds.
    pub(crate) fn produce_paced_java(
        &self,
        topic: &str,
        records: u64,
        records_per_s: u32,
    ) -> anyhow::Result<f64> {
        let mut tool = self.launcher.kafka.tool("org.apache.kafka.tools.ProducerPerformance");
        tool.args(["--bootstrap-server", &self.server.bootstrap, "--topic", topic])
            .args(["--throughput", &records_per_s.to_string(), "--num-records", &records.to_string()])
            .args(["--record-size", "1024", "--command-property", "acks=1", "linger.ms=0"]);
        let output = self.run(&mut tool, Place::Anywhere)?;
        let p99 =
            output.lines().last().and_then(|line| line.split(", ").find(|part| part.ends_with("ms 99th")));
        let p99_ms = p99.and_then(|part| part.split(' ').next()?.parse().ok());
        p99_ms.with_context(|| format!("ProducerPerformance said {output:?}"))
    }

    /// Consumes a topic with Kafka's ConsumerPerformance.
    pub(crate) fn consume_java(&self, topic: &str, records: u64) -> anyhow::Result<()> {
        let mut tool = self.launcher.kafka.tool("org.apache.kafka.tools.ConsumerPerformance");
        tool.args(["--bootstrap-server", &self.server.bootstrap, "--topic", topic]).args([
            "--num-records",
            &records.to_string(),
            "--timeout",
            &CONSUMER_TIMEOUT_MS.to_string(),
        ]);
        let output = self.run(&mut tool, Place::Clients)?;
        // Its last line: start, end, MB, MB/s, records, …
        let consumed = output.lines().last().and_then(|line| line.split(',').nth(4));
        let consumed: u64 = consumed.and_then(|field| field.trim().parse().ok()).unwrap_or(0);
        ensure!(consumed >= records, "ConsumerPerformance got {consumed} of {records} records");
        Ok(())
    }

    /// Consumes a topic with kcat, which is librdkafka. It ends when it has all records.
    pub(crate) fn consume_librdkafka(&self, topic: &str, records: u64) -> anyhow::Result<()> {
        let mut kcat = Command::new("kcat");
        kcat.args(["-C", "-q", "-b", &self.server.bootstrap, "-t", topic, "-o", "beginning"]).args([
            "-c",
            &records.to_string(),
            "-X",
            "fetch.message.max.bytes=10485760",
        ]);
        // Records go nowhere.
        let child =
            self.launcher.cores.spawn(kcat.stdout(Stdio::null()).stderr(Stdio::piped()), Place::Clients)?;
        finish(child, "kcat").map(|_| ())
    }

    /// Measures the time from sending a record to receiving it with Kafka's EndToEndLatency, one record at a time. Its
    /// virtual machine gets both cores: on one it waits for its own compiler, and 99th percentiles are the client's.
    pub(crate) fn end_to_end_java(&self, topic: &str, records: u64) -> anyhow::Result<Latencies> {
        let mut tool = self.launcher.kafka.tool("org.apache.kafka.tools.EndToEndLatency");
        tool.args(["--bootstrap-server", &self.server.bootstrap, "--topic", topic]).args([
            "--num-records",
            &records.to_string(),
            "--producer-acks",
            "1",
            "--record-size",
            "100",
        ]);
        let output = self.run(&mut tool, Place::Anywhere)?;
        let latencies = parse_end_to_end(&output);
        latencies.with_context(|| format!("EndToEndLatency said {output:?}"))
    }

    /// Runs Crossdock's own load generator and returns its report.
    pub(crate) fn bench(&self, arguments: &[&str], place: Place) -> anyhow::Result<Value> {
        let mut bench = Command::new(&self.launcher.crossdock);
        bench.arg("bench").args(arguments);
        bench.args([
            "--json",
            "--bootstrap",
            &self.server.bootstrap,
            "--pid",
            &self.server.pid().to_string(),
        ]);
        if let Some(admin) = &self.server.admin {
            bench.args(["--admin", admin]);
        }
        let output = self.run(&mut bench, place)?;
        serde_json::from_str(&output).with_context(|| format!("crossdock bench said {output:?}"))
    }

    fn run(&self, command: &mut Command, place: Place) -> anyhow::Result<String> {
        let name = command.get_args().find(|argument| argument.as_encoded_bytes().starts_with(b"org.apache"));
        let name = name.unwrap_or(command.get_program()).display().to_string();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        finish(self.launcher.cores.spawn(command, place)?, &name)
    }
}

/// The bare sendfile loop: sends `file` over and over from the server's core to a reader on the clients' core, and
/// returns the sender's CPU seconds per GB.
pub(crate) fn sendfile_floor(launcher: &Launcher, file: &Path, times: u32) -> anyhow::Result<f64> {
    use std::io::{BufRead as _, BufReader};

    let mut serve = Command::new(&launcher.crossdock);
    serve.args(["bench", "floor-serve"]).arg(file).args(["--times", &times.to_string()]);
    let mut server = launcher.cores.spawn(serve.stdout(Stdio::piped()), Place::Server)?;
    let mut said = BufReader::new(server.stdout.take().context("a pipe from the sendfile loop")?);
    let mut server = Process::new(server);
    let mut address = String::new();
    said.read_line(&mut address)?;

    let mut drain = Command::new(&launcher.crossdock);
    drain.args(["bench", "floor-drain", address.trim()]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let drained = finish(launcher.cores.spawn(&mut drain, Place::Clients)?, "the sendfile loop's reader")?;
    let mut cost = String::new();
    said.read_line(&mut cost)?;
    server.wait()?;

    let (drained, cost): (Value, Value) = (serde_json::from_str(&drained)?, serde_json::from_str(&cost)?);
    let number =
        |value: &Value, name: &str| value[name].as_f64().with_context(|| format!("no {name} in {value}"));
    Ok((number(&cost, "user_s")? + number(&cost, "system_s")?) / (number(&drained, "bytes")? / 1e9))
}

/// Waits for a child to end well and returns what it said.
pub(super) fn finish(mut child: Child, name: &str) -> anyhow::Result<String> {
    let give_up = Instant::now() + PATIENCE;
    // What is waited for says little: it does not fill a pipe before it ends.
    while child.try_wait()?.is_none() {
        if Instant::now() > give_up {
            child.kill()?;
            child.wait()?;
            bail!("{name} has not ended within {} s", PATIENCE.as_secs());
        }
        std::thread::sleep(POLL);
    }
    let Output { status, stdout, stderr } = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&stdout).into_owned();
    ensure!(status.success(), "{name} ended with {status}:\n{said}{}", String::from_utf8_lossy(&stderr));
    Ok(said)
}

fn parse_end_to_end(output: &str) -> Option<Latencies> {
    let mean = output.lines().find_map(|line| line.strip_prefix("Avg latency: "))?;
    let percentiles = output.lines().find(|line| line.starts_with("Percentiles: "))?;
    let p99 = percentiles.split(", ").find_map(|part| part.trim().strip_prefix("99th = "))?;
    Some(Latencies {
        mean_ms: mean.trim().trim_end_matches("ms").trim().parse().ok()?,
        p99_ms: p99.trim().parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_java_tools_latencies_are_read() {
        let output = "0\t12.5\nAvg latency: 0.5123 ms\n\nPercentiles: 50th = 0, 99th = 4, 99.9th = 12\n";
        let latencies = parse_end_to_end(output).unwrap();
        assert_eq!((latencies.mean_ms, latencies.p99_ms), (0.5123, 4.0));
        assert!(parse_end_to_end("Avg latency: 1 ms").is_none());
    }
}
