//! What is acknowledged is kept, once, whatever happens to the process.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use e2e::admin::Admin;
use e2e::clients::{self, Outgoing};
use e2e::{Broker, scale, wait};

/// The mark of a clean shutdown in a data directory.
const CLEAN_MARK: &str = ".kafka_cleanshutdown";

#[test]
fn an_idempotent_producer_loses_and_doubles_nothing_while_the_broker_is_killed_again_and_again() {
    let mut broker = Broker::start();
    Admin::of(&broker).create("once", 3, &[]).unwrap();
    let settings = [
        ("enable.idempotence", "true"),
        ("linger.ms", "1"),
        ("batch.num.messages", "50"),
        ("message.timeout.ms", "120000"),
    ];
    let producer = clients::producer(&broker, &settings);
    let records = scale(6_000);
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&acknowledged);
    let producing = std::thread::spawn(move || {
        let mut deliveries = Vec::new();
        let mut placed = Vec::new();
        for number in 0..records {
            let value = number.to_string();
            let partition = (number % 3) as i32;
            let record = Outgoing::to("once").partition(partition).payload(value.as_bytes());
            deliveries.push(clients::enqueue(&producer, record));
            // Some are always under way, and never so many that all are sent before the broker dies.
            if deliveries.len() == 500 {
                placed.extend(deliveries.drain(..).map(|delivery| clients::delivered(delivery).unwrap()));
                count.store(placed.len(), Ordering::Release);
            }
        }
        placed.extend(deliveries.into_iter().map(|delivery| clients::delivered(delivery).unwrap()));
        placed
    });
    for quarter in 1..=3 {
        wait::until("a quarter more is acknowledged", || {
            acknowledged.load(Ordering::Acquire) >= records * quarter / 5
        });
        broker.kill();
        broker.restart();
    }
    let placed = producing.join().unwrap();

    let read = clients::read_all(&broker, "once", &[]);
    for (partition, of_partition) in &read {
        let expected =
            (0..records).filter(|number| (number % 3) as i32 == *partition).map(|number| number.to_string());
        let found =
            of_partition.iter().map(|record| String::from_utf8(record.value.clone().unwrap()).unwrap());
        assert!(found.eq(expected), "partition {partition} lost, doubled or moved records");
    }
    for (number, delivery) in placed.iter().enumerate() {
        let record = &read[&delivery.partition][(number / 3).min(read[&delivery.partition].len() - 1)];
        assert_eq!(
            record.offset, delivery.offset,
            "the broker told the producer another offset for record {number}"
        );
    }
}

#[test]
fn every_acknowledged_record_is_there_after_kill_9() {
    let mut broker = Broker::start();
    Admin::of(&broker).create("kept", 4, &[]).unwrap();
    for round in 0..3 {
        // Records are under way when the process dies: those that were acknowledged by then must be there.
        let producer = clients::producer(
            &broker,
            &[("linger.ms", "1"), ("message.timeout.ms", "500"), ("retries", "0")],
        );
        let deliveries: Vec<_> = (0..scale(3_000))
            .map(|number| {
                let key = format!("{round}-{number}");
                (
                    key.clone(),
                    clients::enqueue(&producer, Outgoing::to("kept").key(key.as_bytes()).payload(&[0; 100])),
                )
            })
            .collect();
        let mut acknowledged = BTreeSet::new();
        let mut deliveries = deliveries.into_iter();
        for (key, delivery) in deliveries.by_ref().take(scale(1_000)) {
            clients::delivered(delivery).unwrap();
            acknowledged.insert(key);
        }
        broker.kill();
        acknowledged.extend(
            deliveries.filter_map(|(key, delivery)| clients::delivered(delivery).is_ok().then_some(key)),
        );
        broker.restart();
        let read = clients::read_all(&broker, "kept", &[]);
        let found: BTreeSet<_> = read.values().flatten().map(|record| record.key_text()).collect();
        let lost: Vec<_> = acknowledged.difference(&found).collect();
        assert!(
            lost.is_empty(),
            "{} of {} acknowledged records are lost: {lost:?}",
            lost.len(),
            acknowledged.len()
        );
        for (partition, records) in &read {
            let offsets = records.iter().map(|record| record.offset);
            assert!(
                offsets.eq(0..records.len() as i64),
                "partition {partition} has a gap or a doubled offset"
            );
        }
    }
}

#[test]
fn a_torn_tail_is_cut_and_every_record_before_it_is_kept() {
    let mut broker = Broker::start();
    let admin = Admin::of(&broker);
    admin.create("torn", 1, &[]).unwrap();
    let producer = clients::producer(&broker, &[]);
    clients::produce(&producer, "torn", (0..100).map(|number| number.to_string()), 100);
    broker.kill();
    // A power cut in the middle of an append: the header of a batch and a part of its records.
    let segment = broker.data_dir().join("torn-0/00000000000000000000.log");
    let whole = fs::read(&segment).unwrap();
    File::options().append(true).open(&segment).unwrap().write_all(&whole[..90]).unwrap();
    broker.restart();
    assert_eq!(fs::read(&segment).unwrap(), whole, "the tail is cut, and nothing else");
    let producer = clients::producer(&broker, &[]);
    clients::produce(&producer, "torn", (100..110).map(|number| number.to_string()), 100);
    let read = clients::read_all(&broker, "torn", &[]).remove(&0).unwrap();
    let keys: Vec<_> = read.iter().map(clients::Record::key_text).collect();
    assert_eq!(keys, (0..110).map(|number| number.to_string()).collect::<Vec<_>>());
}

#[test]
fn a_clean_shutdown_leaves_its_mark_and_a_kill_does_not() {
    let mut broker = Broker::start();
    Admin::of(&broker).create("marked", 1, &[]).unwrap();
    let mark: PathBuf = broker.data_dir().join(CLEAN_MARK);
    assert!(!mark.exists(), "a running broker has not shut down");
    broker.terminate();
    assert!(mark.exists());
    broker.restart();
    assert!(!mark.exists());
    broker.kill();
    assert!(!mark.exists());
}

#[test]
fn everything_is_as_it_was_after_a_restart() {
    let mut broker = Broker::start();
    let admin = Admin::of(&broker);
    admin.create("first", 2, &[]).unwrap();
    admin.create("second", 1, &[("retention.ms", "123456789")]).unwrap();
    let producer = clients::producer(&broker, &[]);
    clients::produce(&producer, "first", (0..1_000).map(|number| number.to_string()), 100);
    let look = |broker: &Broker| {
        let consumer = clients::consumer(broker, &[]);
        let id = rdkafka::consumer::Consumer::client(&consumer).fetch_cluster_id(wait::DEADLINE);
        let mut topics = Admin::of(broker).topics();
        // Made when a client first looks for a group's coordinator, which may be at any time.
        topics.retain(|topic| topic != "__consumer_offsets");
        topics.sort();
        (id, topics, clients::read_all(broker, "first", &[]))
    };
    let before = look(&broker);
    assert_eq!(before.1, ["first", "second"]);
    assert!(broker.terminate().code().is_some());
    broker.restart();
    assert_eq!(look(&broker), before);
    broker.kill();
    broker.restart();
    assert_eq!(look(&broker), before);
}

#[test]
fn a_client_that_was_connected_goes_on_after_a_restart() {
    let mut broker = Broker::start();
    Admin::of(&broker).create("through", 1, &[]).unwrap();
    let producer = clients::producer(&broker, &[]);
    clients::produce(&producer, "through", std::iter::once("before".to_owned()), 10);
    broker.terminate();
    broker.restart();
    clients::produce(&producer, "through", std::iter::once("after".to_owned()), 10);
    let read = clients::read_all(&broker, "through", &[]).remove(&0).unwrap();
    assert_eq!(read.iter().map(clients::Record::key_text).collect::<Vec<_>>(), ["before", "after"]);
}
