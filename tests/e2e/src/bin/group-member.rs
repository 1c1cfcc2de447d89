//! A member of a consumer group in a process of its own, so that it can die as members do.
//!
//! `group-member TOPIC NAME=VALUE...`, the settings being librdkafka's. It says on standard output what happens, one event a
//! line: `assigned P,P,...` (all that it has now), `revoked P,P,...` (what it gave up), `record P O KEY`. When its
//! standard input ends, it leaves the group and exits.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, Rebalance};
use rdkafka::{ClientContext, Message, TopicPartitionList};

struct Events;

impl ClientContext for Events {}

impl ConsumerContext for Events {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Revoke(partitions) = rebalance {
            say(format_args!("revoked {}", numbers(partitions)));
        }
    }

    fn post_rebalance(&self, consumer: &BaseConsumer<Self>, _: &Rebalance<'_>) {
        let assignment = consumer.assignment().unwrap_or_default();
        say(format_args!("assigned {}", numbers(&assignment)));
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let topic = arguments.next().expect("a topic");
    let mut config = ClientConfig::new();
    config.set("enable.auto.offset.store", "false");
    for setting in arguments {
        let (name, value) = setting.split_once('=').expect("NAME=VALUE");
        config.set(name, value);
    }
    let consumer: BaseConsumer<Events> = config.create_with_context(Events).expect("a consumer");
    consumer.subscribe(&[&topic]).expect("a subscription");
    let told_to_leave = Arc::new(AtomicBool::new(false));
    let leave = Arc::clone(&told_to_leave);
    std::thread::spawn(move || {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        leave.store(true, Ordering::Release);
    });
    while !told_to_leave.load(Ordering::Acquire) {
        // Errors pass: a member outlives the broker.
        if let Some(Ok(message)) = consumer.poll(Duration::from_millis(50)) {
            let key = String::from_utf8_lossy(message.key().unwrap_or_default());
            say(format_args!("record {} {} {key}", message.partition(), message.offset()));
            // After it was said, so that no record is committed that nobody saw. It fails where the partition was lost
            // meanwhile: then another member reads the record, too.
            let _ = consumer.store_offset_from_message(&message);
        }
    }
}

fn numbers(partitions: &TopicPartitionList) -> String {
    let numbers: Vec<_> = partitions.elements().iter().map(|of| of.partition().to_string()).collect();
    numbers.join(",")
}

/// One line at once, or not at all: the process may be killed at any time.
fn say(event: std::fmt::Arguments<'_>) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{event}").and_then(|()| out.flush());
}
