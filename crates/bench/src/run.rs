//! From options to a report.

use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::batch::Batch;
use crate::budget::Budget;
use crate::consume::{Consumer, Fetches, Share};
use crate::due_times::DueTimes;
use crate::ledger::Ledger;
use crate::options::{ConsumeLoad, Limits, Observe, ProduceLoad, Target};
use crate::pace::Pace;
use crate::produce::{PreparedRequest, Producer};
use crate::report::{Report, Tally};
use crate::topic::{PartitionOffsets, Topic, connect, prepare};
use crate::workers::drive;
use crate::{BenchError, Usage};

/// Produces until a limit is reached. Blocks.
///
/// # Errors
/// Anything but success in any answer, and options that no run can fulfil.
pub fn run_produce(
    target: &Target,
    load: &ProduceLoad,
    limits: &Limits,
    observe: &Observe,
) -> Result<Report, BenchError> {
    let topic = prepare(target)?;
    let side = ProduceSide::connect(target, load, &topic)?;
    let meter = Meter::start(observe)?;
    let budget = budget(limits, meter.start);
    let produced = side.run(load, meter.start, &budget, None)?;
    meter.report(Some(produced), None)
}

/// Consumes what the topic holds when the run begins, once, or until a limit is reached. Blocks.
///
/// # Errors
/// Anything but success in any answer, and options that no run can fulfil.
pub fn run_consume(
    target: &Target,
    load: &ConsumeLoad,
    limits: &Limits,
    observe: &Observe,
) -> Result<Report, BenchError> {
    let topic = prepare(target)?;
    let side = ConsumeSide::connect(&topic, load, whole_topic)?;
    let meter = Meter::start(observe)?;
    let budget = budget(limits, meter.start);
    let consumed = side.run(target, load, &budget, None)?;
    meter.report(None, Some(consumed))
}

/// Produces until a limit is reached and consumes the same records as they come, until all have arrived. Blocks.
///
/// The topic's partitions belong to this run: others that produce into them would spoil the latencies.
///
/// # Errors
/// Anything but success in any answer, and options that no run can fulfil.
pub fn run_both(
    target: &Target,
    produce: &ProduceLoad,
    consume: &ConsumeLoad,
    limits: &Limits,
    observe: &Observe,
) -> Result<Report, BenchError> {
    let topic = prepare(target)?;
    let partitions = topic.offsets.len();
    if produce.connections.max(consume.connections) > partitions {
        return Err(BenchError::Options(format!(
            "the topic has {partitions} partitions; to produce and consume at once, each connection needs one of its own"
        )));
    }
    let producing = ProduceSide::connect(target, produce, &topic)?;
    let consuming = ConsumeSide::connect(&topic, consume, from_the_end)?;
    let due_times = Arc::new(DueTimes::new(partitions));
    let meter = Meter::start(observe)?;
    let produce_budget = budget(limits, meter.start);
    // The consumers go on until the producers are through.
    let consume_budget = Arc::new(Budget::new(None, None));
    let (produced, consumed) = std::thread::scope(|scope| {
        let consumed = scope.spawn(|| {
            let consumed = consuming.run(target, consume, &consume_budget, Some(&due_times));
            consumed.inspect_err(|_| produce_budget.stop())
        });
        let produced = producing.run(produce, meter.start, &produce_budget, Some(&due_times));
        consume_budget.stop();
        if produced.is_err() {
            due_times.give_up();
        }
        let consumed = consumed.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (produced, consumed)
    });
    meter.report(Some(produced?), Some(consumed?))
}

struct ProduceSide {
    streams: Vec<TcpStream>,
    requests: Vec<PreparedRequest>,
    batch: Batch,
}

impl ProduceSide {
    fn connect(target: &Target, load: &ProduceLoad, topic: &Topic) -> Result<Self, BenchError> {
        if load.connections == 0 || load.in_flight == 0 || load.records_per_s.is_some_and(|rate| rate <= 0.0)
        {
            return Err(BenchError::Options(
                "connections, requests in flight and rate must be above 0".into(),
            ));
        }
        let batch = Batch::build(load.record_bytes, load.batch_bytes, now_ms())?;
        let prepare = |partition| PreparedRequest::new(&target.topic, partition, load.acks, &batch);
        let requests = (0..topic.offsets.len()).map(prepare).collect();
        let streams = (0..load.connections).map(|_| connect(&topic.leader)).collect::<Result<_, _>>()?;
        Ok(Self { streams, requests, batch })
    }

    fn run(
        self,
        load: &ProduceLoad,
        start: Instant,
        budget: &Arc<Budget>,
        due_times: Option<&Arc<DueTimes>>,
    ) -> Result<Tally, BenchError> {
        let Self { streams, requests, batch } = self;
        let connections = streams.len();
        let batches_per_s = load.records_per_s.map(|rate| rate / batch.records as f64 / connections as f64);
        let producers = streams
            .into_iter()
            .enumerate()
            .map(|(n, stream)| Producer {
                stream,
                requests: dealt_to(n, connections, requests.len()).map(|p| requests[p].clone()).collect(),
                batch: batch.clone(),
                in_flight: load.in_flight,
                pace: batches_per_s.map(|per_s| Pace::new(start, per_s, n as f64 / connections as f64)),
                budget: Arc::clone(budget),
                due_times: due_times.map(Arc::clone),
            })
            .collect();
        drive(producers, load.threads, budget)
    }
}

struct ConsumeSide {
    streams: Vec<TcpStream>,
    shares: Vec<Vec<Share>>,
}

impl ConsumeSide {
    /// `deal` says what each of so many connections reads.
    fn connect(
        topic: &Topic,
        load: &ConsumeLoad,
        deal: impl FnOnce(&[PartitionOffsets], usize) -> Vec<Vec<Share>>,
    ) -> Result<Self, BenchError> {
        if load.connections == 0 {
            return Err(BenchError::Options("connections must be above 0".into()));
        }
        let streams = (0..load.connections).map(|_| connect(&topic.leader)).collect::<Result<_, _>>()?;
        Ok(Self { streams, shares: deal(&topic.offsets, load.connections) })
    }

    fn run(
        self,
        target: &Target,
        load: &ConsumeLoad,
        budget: &Arc<Budget>,
        due_times: Option<&Arc<DueTimes>>,
    ) -> Result<Tally, BenchError> {
        let consumers = self
            .streams
            .into_iter()
            .zip(self.shares)
            .map(|(stream, shares)| Consumer {
                stream,
                fetches: Fetches::new(target.topic.clone(), *load, shares),
                budget: Arc::clone(budget),
                due_times: due_times.map(Arc::clone),
            })
            .collect();
        drive(consumers, load.threads, budget)
    }
}

/// The partitions that the `n`-th of so many connections gets: at least one.
fn dealt_to(n: usize, connections: usize, partitions: usize) -> impl Iterator<Item = usize> {
    (n % partitions.max(1)..partitions).step_by(connections)
}

/// All that the partitions hold, once: whole partitions where there are enough of them, else ranges of offsets.
fn whole_topic(offsets: &[PartitionOffsets], connections: usize) -> Vec<Vec<Share>> {
    let partitions = offsets.len();
    let share = |n: usize, partition: usize| {
        let PartitionOffsets { start, end } = offsets[partition];
        // Connections n, n + partitions, n + 2 × partitions … read this partition.
        let readers =
            if connections > partitions { (connections - partition).div_ceil(partitions) } else { 1 };
        let reader = if connections > partitions { n / partitions } else { 0 };
        let cut = |at: usize| start.plus((end.0 - start.0) * at as i64 / readers as i64);
        Share { partition: partition as i32, next: cut(reader), until: Some(cut(reader + 1)) }
    };
    (0..connections)
        .map(|n| dealt_to(n, connections, partitions).map(|partition| share(n, partition)).collect())
        .collect()
}

/// All that will come.
fn from_the_end(offsets: &[PartitionOffsets], connections: usize) -> Vec<Vec<Share>> {
    let share =
        |partition: usize| Share { partition: partition as i32, next: offsets[partition].end, until: None };
    (0..connections).map(|n| dealt_to(n, connections, offsets.len()).map(share).collect()).collect()
}

fn budget(limits: &Limits, start: Instant) -> Arc<Budget> {
    Arc::new(Budget::new(limits.bytes, limits.duration.map(|duration| start + duration)))
}

fn now_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}

/// What everything had cost when the load began.
struct Meter<'a> {
    observe: &'a Observe,
    generator: Usage,
    broker: Option<Usage>,
    ledger: Option<Ledger>,
    start: Instant,
}

impl<'a> Meter<'a> {
    fn start(observe: &'a Observe) -> Result<Self, BenchError> {
        Ok(Self {
            observe,
            ledger: observe.admin.as_deref().map(Ledger::read).transpose()?,
            broker: observe.pid.map(Usage::of).transpose()?,
            generator: Usage::own()?,
            start: Instant::now(),
        })
    }

    fn report(self, produced: Option<Tally>, consumed: Option<Tally>) -> Result<Report, BenchError> {
        let generator = Usage::own()?.since(&self.generator);
        let broker = match (self.observe.pid, self.broker) {
            (Some(pid), Some(before)) => Some(Usage::of(pid)?.since(&before)),
            _ => None,
        };
        let ledger = match (&self.observe.admin, &self.ledger) {
            (Some(admin), Some(before)) => Ledger::read(admin)?.since(before),
            _ => Vec::new(),
        };
        Ok(Report {
            produced: produced.map(|tally| tally.flow(self.start)),
            consumed: consumed.map(|tally| tally.flow(self.start)),
            generator,
            broker,
            ledger,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::Offset;

    fn topic(partitions: usize) -> Vec<PartitionOffsets> {
        (0..partitions)
            .map(|p| PartitionOffsets { start: Offset(p as i64), end: Offset(1_000 + p as i64) })
            .collect()
    }

    #[test]
    fn whatever_the_connections_every_offset_is_read_once() {
        for partitions in [1, 3, 6, 10] {
            for connections in [1, 2, 3, 7, 100] {
                let offsets = topic(partitions);
                let mut shares: Vec<_> = whole_topic(&offsets, connections).into_iter().flatten().collect();
                shares.sort_by_key(|share| (share.partition, share.next));
                for (partition, expected) in offsets.iter().enumerate() {
                    let mut at = expected.start;
                    for share in shares.iter().filter(|share| share.partition == partition as i32) {
                        assert_eq!(share.next, at, "{partitions} partitions, {connections} connections");
                        at = share.until.unwrap();
                    }
                    assert_eq!(at, expected.end, "{partitions} partitions, {connections} connections");
                }
            }
        }
    }

    #[test]
    fn every_connection_has_a_partition_and_every_partition_a_connection() {
        for partitions in [1, 3, 6, 10] {
            for connections in [1, 2, 3, 7, 100] {
                let dealt: Vec<Vec<_>> =
                    (0..connections).map(|n| dealt_to(n, connections, partitions).collect()).collect();
                assert!(dealt.iter().all(|partitions| !partitions.is_empty()));
                assert!(
                    (0..partitions).all(|partition| dealt.iter().any(|dealt| dealt.contains(&partition)))
                );
            }
        }
    }
}
