//! What came of a run.

use std::fmt;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use protocol::records::BatchHeader;
use serde_json::{Value, json};

use crate::{LedgerEntry, Usage};

/// Latencies are kept with three significant digits.
const SIGNIFICANT_DIGITS: u8 = 3;

/// The percentiles that reports name.
const PERCENTILES: [f64; 4] = [50.0, 99.0, 99.9, 99.99];

/// Times from when something was due to when it was done.
#[derive(Clone, Debug)]
pub struct Latency {
    nanos: Histogram<u64>,
}

impl Default for Latency {
    fn default() -> Self {
        Self { nanos: Histogram::new(SIGNIFICANT_DIGITS).expect("a histogram has up to five digits") }
    }
}

impl Latency {
    /// Adds one time.
    pub(crate) fn record(&mut self, latency: Duration) {
        // The histogram grows to hold whatever fits in 63 bits of nanoseconds.
        let nanos = i64::try_from(latency.as_nanos()).unwrap_or(i64::MAX);
        self.nanos.record(nanos.unsigned_abs()).expect("a growing histogram takes 292 years");
    }

    /// How many times there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.nanos.len()
    }

    /// The mean in ms.
    #[must_use]
    pub fn mean_ms(&self) -> f64 {
        self.nanos.mean() / 1e6
    }

    /// The time in ms that `percentile` (0 to 100) of all do not exceed.
    #[must_use]
    pub fn percentile_ms(&self, percentile: f64) -> f64 {
        self.nanos.value_at_percentile(percentile) as f64 / 1e6
    }

    /// The longest time in ms.
    #[must_use]
    pub fn max_ms(&self) -> f64 {
        self.nanos.max() as f64 / 1e6
    }

    /// As JSON, in ms.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut all = json!({ "count": self.count(), "mean_ms": self.mean_ms(), "max_ms": self.max_ms() });
        for percentile in PERCENTILES {
            all[format!("p{percentile}_ms")] = self.percentile_ms(percentile).into();
        }
        all
    }

    fn add(&mut self, other: &Self) {
        self.nanos.add(&other.nanos).expect("a growing histogram takes any other");
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "mean {:.3} ms", self.mean_ms())?;
        for percentile in PERCENTILES {
            write!(f, ", p{percentile} {:.3}", self.percentile_ms(percentile))?;
        }
        write!(f, ", max {:.3}", self.max_ms())
    }
}

/// What the connections of one thread have done so far.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) records: u64,
    pub(crate) bytes: u64,
    pub(crate) batches: u64,
    pub(crate) requests: u64,
    pub(crate) latency: Latency,
    last: Option<Instant>,
}

impl Tally {
    /// Counts a batch that was acknowledged or has arrived.
    pub(crate) fn batch(&mut self, bytes: u64, records: u64) {
        self.batches += 1;
        self.bytes += bytes;
        self.records += records;
        self.last = Some(Instant::now());
    }

    /// Counts a batch by its header.
    pub(crate) fn batch_of(&mut self, header: &BatchHeader) {
        self.batch(header.size_bytes() as u64, u64::from(header.record_count.unsigned_abs()));
    }

    /// Adds what another thread has done.
    pub(crate) fn add(&mut self, other: &Self) {
        self.records += other.records;
        self.bytes += other.bytes;
        self.batches += other.batches;
        self.requests += other.requests;
        self.latency.add(&other.latency);
        self.last = self.last.max(other.last);
    }

    /// What was done since `start`.
    pub(crate) fn flow(self, start: Instant) -> Flow {
        Flow {
            records: self.records,
            bytes: self.bytes,
            batches: self.batches,
            requests: self.requests,
            elapsed: self.last.map_or(Duration::ZERO, |last| last.saturating_duration_since(start)),
            latency: (self.latency.count() > 0).then_some(self.latency),
        }
    }
}

/// One direction of a run.
#[derive(Clone, Debug)]
pub struct Flow {
    /// Records acknowledged or received.
    pub records: u64,
    /// Bytes of whole batches, their headers included.
    pub bytes: u64,
    /// Batches.
    pub batches: u64,
    /// Requests answered.
    pub requests: u64,
    /// From the start of the run to the last batch.
    pub elapsed: Duration,
    /// Produced: from when a batch was due to its acknowledgement. Consumed: from when it was due to be produced to
    /// its arrival, if this run produced it.
    pub latency: Option<Latency>,
}

impl Flow {
    /// Gigabytes (10⁹).
    #[must_use]
    pub fn gigabytes(&self) -> f64 {
        self.bytes as f64 / 1e9
    }

    /// Records per second.
    #[must_use]
    pub fn records_per_s(&self) -> f64 {
        self.per_s(self.records as f64)
    }

    /// As JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "records": self.records,
            "bytes": self.bytes,
            "batches": self.batches,
            "requests": self.requests,
            "elapsed_s": self.elapsed.as_secs_f64(),
            "records_per_s": self.records_per_s(),
            "latency": self.latency.as_ref().map(Latency::to_json),
        })
    }

    fn per_s(&self, amount: f64) -> f64 {
        if self.elapsed.is_zero() { 0.0 } else { amount / self.elapsed.as_secs_f64() }
    }
}

impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} records, {:.2} GB in {:.2} s: {:.0} records/s, {:.3} GB/s, {} requests",
            self.records,
            self.gigabytes(),
            self.elapsed.as_secs_f64(),
            self.records_per_s(),
            self.per_s(self.gigabytes()),
            self.requests,
        )?;
        match &self.latency {
            Some(latency) => write!(f, "; {latency}"),
            None => Ok(()),
        }
    }
}

/// What came of a run, and what it cost.
#[derive(Clone, Debug)]
pub struct Report {
    /// What was produced, if the run did that.
    pub produced: Option<Flow>,
    /// What was consumed, if the run did that.
    pub consumed: Option<Flow>,
    /// What the generator cost.
    pub generator: Usage,
    /// What the broker cost, if it was watched.
    pub broker: Option<Usage>,
    /// The payload bytes that the broker sent, if its ledger was watched.
    pub ledger: Vec<LedgerEntry>,
}

impl Report {
    /// Gigabytes (10⁹) that went into the broker and out of it.
    #[must_use]
    pub fn gigabytes(&self) -> f64 {
        [&self.produced, &self.consumed].into_iter().flatten().map(Flow::gigabytes).sum()
    }

    /// As JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "produced": self.produced.as_ref().map(Flow::to_json),
            "consumed": self.consumed.as_ref().map(Flow::to_json),
            "generator": self.generator.to_json(),
            "broker": self.broker.as_ref().map(Usage::to_json),
            "ledger": self.ledger.iter().map(LedgerEntry::to_json).collect::<Vec<_>>(),
        })
    }

    fn cost(&self, f: &mut fmt::Formatter<'_>, who: &str, usage: &Usage) -> fmt::Result {
        writeln!(
            f,
            "{who:10} {:.2} s CPU ({:.2} user, {:.2} kernel), {:.3} s/GB in and out; {:.1} MB resident",
            usage.cpu().as_secs_f64(),
            usage.user.as_secs_f64(),
            usage.system.as_secs_f64(),
            usage.cpu().as_secs_f64() / self.gigabytes(),
            usage.resident_bytes as f64 / 1e6,
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(produced) = &self.produced {
            writeln!(f, "{:10} {produced}", "produced")?;
        }
        if let Some(consumed) = &self.consumed {
            writeln!(f, "{:10} {consumed}", "consumed")?;
        }
        if let Some(broker) = &self.broker {
            self.cost(f, "broker", broker)?;
        }
        self.cost(f, "generator", &self.generator)?;
        for entry in &self.ledger {
            writeln!(f, "{:10} {entry}", "sent")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_of_threads_add_up() {
        let (mut a, mut b) = (Latency::default(), Latency::default());
        (0..990).for_each(|_| a.record(Duration::from_micros(500)));
        (0..10).for_each(|_| b.record(Duration::from_secs(100)));
        a.add(&b);
        assert_eq!(a.count(), 1_000);
        assert!((a.percentile_ms(50.0) - 0.5).abs() < 0.001);
        assert!((a.percentile_ms(99.9) - 100_000.0).abs() < 100.0);
    }

    #[test]
    fn a_flow_ends_with_its_last_batch() {
        let start = Instant::now();
        let mut tally = Tally::default();
        tally.batch(1_000, 10);
        let elapsed = tally.last.unwrap() - start;
        let flow = tally.flow(start);
        assert_eq!((flow.bytes, flow.records, flow.batches, flow.elapsed), (1_000, 10, 1, elapsed));
    }
}
