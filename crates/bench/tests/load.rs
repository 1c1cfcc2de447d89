//! What load generators promise, held against a broker in memory.
#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

mod common;

use bench::{BenchError, ConsumeLoad, Limits, Observe, OneAtATime, ProduceLoad, Target};
use protocol::ErrorCode;

use common::InMemoryBroker;

fn target(broker: &InMemoryBroker, partitions: i32) -> Target {
    Target { bootstrap: vec![broker.address.parse().unwrap()], topic: "load".to_owned(), partitions }
}

fn limit(bytes: u64) -> Limits {
    Limits { bytes: Some(bytes), duration: None }
}

#[test]
fn what_is_reported_as_produced_is_in_the_log_and_evenly_in_its_partitions() {
    let broker = InMemoryBroker::start();
    let load = ProduceLoad { batch_bytes: 10_000, connections: 3, ..ProduceLoad::default() };
    let report =
        bench::run_produce(&target(&broker, 6), &load, &limit(600_000), &Observe::default()).unwrap();
    let produced = report.produced.unwrap();
    let batches = broker.batches();
    let all = || batches.iter().flatten();
    assert_eq!(produced.batches, all().count() as u64);
    assert_eq!(
        produced.records,
        all().map(|batch| u64::from(batch.record_count.unsigned_abs())).sum::<u64>()
    );
    assert_eq!(produced.bytes, all().map(|batch| batch.size_bytes() as u64).sum::<u64>());
    assert!((600_000..620_000).contains(&produced.bytes), "{} bytes", produced.bytes);
    assert!(batches.iter().all(|partition| !partition.is_empty()));
    assert_eq!(produced.latency.unwrap().count(), produced.batches);
}

#[test]
fn everything_in_the_topic_is_consumed_once_however_many_connections_share_it() {
    let broker = InMemoryBroker::start();
    let load = ProduceLoad { batch_bytes: 5_000, ..ProduceLoad::default() };
    let target = target(&broker, 3);
    let report = bench::run_produce(&target, &load, &limit(300_000), &Observe::default()).unwrap();
    let produced = report.produced.unwrap();
    for connections in [1, 2, 3] {
        let load = ConsumeLoad { connections, ..ConsumeLoad::default() };
        let report = bench::run_consume(&target, &load, &Limits::default(), &Observe::default()).unwrap();
        let consumed = report.consumed.unwrap();
        assert_eq!(
            (consumed.records, consumed.bytes),
            (produced.records, produced.bytes),
            "{connections} connections"
        );
    }
}

#[test]
fn what_is_produced_and_consumed_at_once_arrives_whole_with_a_latency_for_each_batch() {
    let broker = InMemoryBroker::start();
    let produce = ProduceLoad { batch_bytes: 5_000, connections: 2, ..ProduceLoad::default() };
    let consume = ConsumeLoad { connections: 2, ..ConsumeLoad::default() };
    let target = target(&broker, 4);
    // The second run finds what the first has left, and does not count it.
    for _ in 0..2 {
        let report =
            bench::run_both(&target, &produce, &consume, &limit(300_000), &Observe::default()).unwrap();
        let (produced, consumed) = (report.produced.unwrap(), report.consumed.unwrap());
        assert_eq!((produced.records, produced.bytes), (consumed.records, consumed.bytes));
        assert_eq!(consumed.latency.unwrap().count(), produced.batches);
    }
}

#[test]
fn one_record_at_a_time_is_measured_one_by_one() {
    let broker = InMemoryBroker::start();
    let options = OneAtATime { records: 50, warm_up_records: 5, ..OneAtATime::default() };
    let (latency, _) = bench::run_latency(&target(&broker, 1), &options, None).unwrap();
    assert_eq!(latency.count(), 50);
    assert_eq!(broker.batches()[0].len(), 55);
}

#[test]
fn a_refusal_ends_the_run_with_the_brokers_error() {
    let broker = InMemoryBroker::start();
    broker.refuse_produce(ErrorCode::NotEnoughReplicas);
    let both = bench::run_both(
        &target(&broker, 2),
        &ProduceLoad::default(),
        &ConsumeLoad::default(),
        &limit(1_000_000),
        &Observe::default(),
    );
    assert!(
        matches!(both, Err(BenchError::Refused { api: "Produce", code, .. }) if code == "NOT_ENOUGH_REPLICAS")
    );
}

#[test]
fn more_connections_than_partitions_cannot_produce_and_consume_at_once() {
    let broker = InMemoryBroker::start();
    let consume = ConsumeLoad { connections: 3, ..ConsumeLoad::default() };
    let both = bench::run_both(
        &target(&broker, 2),
        &ProduceLoad::default(),
        &consume,
        &limit(1_000_000),
        &Observe::default(),
    );
    assert!(matches!(both, Err(BenchError::Options(_))));
}
