//! What is produced is what is consumed: bytes, order, headers, compression, times.

use std::collections::BTreeMap;
use std::time::Duration;

use e2e::admin::Admin;
use e2e::clients::{self, Outgoing, Read};
use e2e::wait::DEADLINE;
use e2e::{Broker, scale};
use rdkafka::TopicPartitionList;
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::producer::Producer;
use rdkafka::topic_partition_list::Offset;
use rdkafka::types::RDKafkaErrorCode;

/// The codecs by name, with their numbers in a batch's attributes.
const CODECS: [(&str, u8); 5] = [("none", 0), ("gzip", 1), ("snappy", 2), ("lz4", 3), ("zstd", 4)];
/// Where the low byte of a batch's attributes lies (<https://kafka.apache.org/documentation/#recordbatch>).
const ATTRIBUTES_AT: usize = 22;

#[test]
fn records_of_every_codec_come_back_as_they_went_and_are_stored_as_they_came() {
    let broker = Broker::start();
    let admin = Admin::of(&broker);
    for (codec, number) in CODECS {
        let topic = format!("codec-{codec}");
        admin.create(&topic, 1, &[]).unwrap();
        let producer = clients::producer(&broker, &[("compression.type", codec), ("linger.ms", "50")]);
        let sent = scale(500);
        clients::produce(&producer, &topic, (0..sent).map(|number| format!("key-{number}")), 200);

        let read = clients::read_all(&broker, &topic, &[]).remove(&0).unwrap();
        assert_eq!(read.len(), sent, "{codec}");
        for (number, record) in read.iter().enumerate() {
            let key = format!("key-{number}");
            assert_eq!(record.offset, number as i64, "{codec}");
            assert_eq!(record.key_text(), key, "{codec}");
            let value: Vec<u8> = key.bytes().cycle().take(200).collect();
            assert_eq!(record.value.as_deref(), Some(&value[..]), "{codec}");
        }
        let segment = broker.data_dir().join(format!("{topic}-0/00000000000000000000.log"));
        let stored = std::fs::read(segment).unwrap();
        assert_eq!(
            stored[ATTRIBUTES_AT] & 0b111,
            number,
            "the batch is stored with another codec than {codec}"
        );
    }
}

#[test]
fn keys_values_and_headers_may_be_null_empty_or_any_bytes() {
    let broker = Broker::start();
    Admin::of(&broker).create("shapes", 1, &[]).unwrap();
    let producer = clients::producer(&broker, &[]);
    let all_bytes: Vec<u8> = (0..=255).collect();
    let shapes: [Option<&[u8]>; 3] = [None, Some(&[]), Some(&all_bytes)];
    let pairs =
        [("first", Some(&b"1"[..])), ("none", None), ("empty", Some(&[][..])), ("first", Some(&b"2"[..]))];
    let mut expected = Vec::new();
    for key in shapes {
        for value in shapes {
            let mut record = Outgoing::to("shapes").partition(0).headers(clients::headers(&pairs));
            record.key = key;
            record.payload = value;
            clients::delivered(clients::enqueue(&producer, record)).unwrap();
            expected.push((key, value));
        }
    }
    let read = clients::read_all(&broker, "shapes", &[]).remove(&0).unwrap();
    let found: Vec<_> = read.iter().map(|record| (record.key.as_deref(), record.value.as_deref())).collect();
    assert_eq!(found, expected);
    let expected_headers = pairs.map(|(name, value)| (name.to_owned(), value.map(<[u8]>::to_vec)));
    for record in &read {
        assert_eq!(record.headers, expected_headers);
    }
}

#[test]
fn each_partition_keeps_the_order_in_which_its_records_came() {
    let broker = Broker::start();
    Admin::of(&broker).create("ordered", 4, &[]).unwrap();
    let producer = clients::producer(&broker, &[("linger.ms", "5")]);
    let records = scale(5_000);
    // Eight keys, so that partitions have several; the value tells the order within the key.
    let deliveries: Vec<_> = (0..records)
        .map(|number| {
            let (key, value) = (format!("key-{}", number % 8), number.to_string());
            clients::enqueue(&producer, Outgoing::to("ordered").key(key.as_bytes()).payload(value.as_bytes()))
        })
        .collect();
    let placed: Vec<_> =
        deliveries.into_iter().map(|delivery| clients::delivered(delivery).unwrap()).collect();

    let read = clients::read_all(&broker, "ordered", &[]);
    let mut last_of_key = BTreeMap::new();
    let mut count = 0;
    for (partition, records) in &read {
        for (at, record) in records.iter().enumerate() {
            assert_eq!(record.offset, at as i64, "partition {partition} has a gap");
            let number: usize = String::from_utf8(record.value.clone().unwrap()).unwrap().parse().unwrap();
            assert_eq!(placed[number].partition, *partition);
            assert_eq!(placed[number].offset, record.offset, "the broker told the producer another offset");
            let before = last_of_key.insert(record.key_text(), number);
            assert!(before < Some(number), "{} came after {before:?}", number);
            count += 1;
        }
    }
    assert_eq!(count, records);
}

#[test]
fn a_record_up_to_the_topics_limit_is_taken_and_a_larger_one_is_refused() {
    let broker = Broker::start();
    Admin::of(&broker).create("limited", 1, &[("max.message.bytes", "100000")]).unwrap();
    let producer = clients::producer(&broker, &[("message.max.bytes", "10000000")]);
    // A batch of one record has 61 bytes of header and under 20 around key and value.
    let attempt = |bytes: usize| {
        let value = vec![b'x'; bytes];
        let record = Outgoing::to("limited").payload(&value);
        clients::delivered(clients::enqueue(&producer, record)).map(|delivery| delivery.offset)
    };
    assert_eq!(attempt(99_900), Ok(0));
    assert_eq!(attempt(100_000), Err(KafkaError::MessageProduction(RDKafkaErrorCode::MessageSizeTooLarge)));
    assert_eq!(attempt(10), Ok(1), "a refused record takes no offset");
}

#[test]
fn a_client_learns_which_records_of_a_refused_batch_are_at_fault() {
    let broker = Broker::start();
    Admin::of(&broker).create("keyed", 1, &[("cleanup.policy", "compact")]).unwrap();
    // Nothing leaves before all of it is there: one batch. The first record sees to it that the partition is known.
    let producer = clients::producer(&broker, &[("linger.ms", "100000")]);
    let first = clients::enqueue(&producer, Outgoing::to("keyed").key(b"key").payload(b"first"));
    producer.flush(DEADLINE).unwrap();
    clients::delivered(first).unwrap();
    let deliveries: Vec<_> = (0..10)
        .map(|number| {
            let mut record = Outgoing::to("keyed").key(b"key").payload(b"value");
            record.key = record.key.filter(|_| number % 4 != 0);
            clients::enqueue(&producer, record)
        })
        .collect();
    producer.flush(DEADLINE).unwrap();
    for (number, delivery) in deliveries.into_iter().enumerate() {
        let expected = match number % 4 {
            0 => RDKafkaErrorCode::InvalidRecord,
            _ => RDKafkaErrorCode::InvalidDifferentRecord,
        };
        let told = clients::delivered(delivery).map(|delivery| delivery.offset);
        assert_eq!(told, Err(KafkaError::MessageProduction(expected)), "record {number}");
    }
}

#[test]
fn a_record_near_the_brokers_limit_reaches_a_consumer_that_asks_for_less() {
    let broker = Broker::start();
    Admin::of(&broker).create("big", 1, &[]).unwrap();
    let producer = clients::producer(&broker, &[("message.max.bytes", "10000000")]);
    // message.max.bytes of the broker is 1048588 by default.
    clients::produce(
        &producer,
        "big",
        ["first", "second", "third"].into_iter().map(str::to_owned),
        1_048_000,
    );
    let narrow =
        [("fetch.message.max.bytes", "1000"), ("fetch.max.bytes", "1000000"), ("message.max.bytes", "1000")];
    let read = clients::read_all(&broker, "big", &narrow).remove(&0).unwrap();
    assert_eq!(
        read.iter().map(e2e::clients::Record::key_text).collect::<Vec<_>>(),
        ["first", "second", "third"]
    );
    assert!(read.iter().all(|record| record.value.as_ref().is_some_and(|value| value.len() == 1_048_000)));
}

#[test]
fn a_consumer_that_waits_at_the_end_gets_what_comes_next() {
    let broker = Broker::start();
    Admin::of(&broker).create("live", 1, &[]).unwrap();
    // Would the broker not wake it, the consumer would see the record only after its long poll, beyond the deadline.
    let consumer =
        clients::consumer(&broker, &[("fetch.wait.max.ms", "290000"), ("socket.timeout.ms", "300000")]);
    let mut assignment = TopicPartitionList::new();
    assignment.add_partition_offset("live", 0, Offset::Beginning).unwrap();
    consumer.assign(&assignment).unwrap();
    let producer = clients::producer(&broker, &[("linger.ms", "0")]);
    for number in 0..20 {
        clients::produce(&producer, "live", std::iter::once(number.to_string()), 10);
        let record = std::iter::from_fn(|| Some(clients::next(&consumer)))
            .find_map(|read| if let Read::Record(record) = read { Some(record) } else { None })
            .unwrap();
        assert_eq!(record.key_text(), number.to_string());
    }
}

#[test]
fn offsets_are_found_by_time() {
    let broker = Broker::start();
    Admin::of(&broker)
        .create("timed", 1, &[("message.timestamp.before.max.ms", "9223372036854775807")])
        .unwrap();
    let producer = clients::producer(&broker, &[]);
    let start_ms = 1_600_000_000_000;
    // One record a batch and ten seconds between them, so that every offset has its own time.
    for number in 0..10 {
        let record = Outgoing::to("timed").payload(&b"x"[..]).timestamp(start_ms + number * 10_000);
        clients::delivered(clients::enqueue(&producer, record)).unwrap();
    }
    let consumer = clients::consumer(&broker, &[]);
    let find = |time_ms: i64| {
        let mut times = TopicPartitionList::new();
        times.add_partition_offset("timed", 0, Offset::Offset(time_ms)).unwrap();
        let found = consumer.offsets_for_times(times, Duration::from_secs(30)).unwrap();
        found.elements()[0].offset()
    };
    assert_eq!(find(start_ms - 1), Offset::Offset(0));
    assert_eq!(find(start_ms), Offset::Offset(0));
    assert_eq!(find(start_ms + 1), Offset::Offset(1));
    assert_eq!(find(start_ms + 45_000), Offset::Offset(5));
    assert_eq!(find(start_ms + 90_000), Offset::Offset(9));
    assert_eq!(find(start_ms + 90_001), Offset::End);
    let read = clients::read_all(&broker, "timed", &[]).remove(&0).unwrap();
    assert_eq!(read[3].timestamp_ms, Some(start_ms + 30_000), "the producer's time is kept");
}

#[test]
fn a_topic_with_log_append_time_carries_the_brokers_time() {
    let broker = Broker::start();
    Admin::of(&broker).create("stamped", 1, &[("message.timestamp.type", "LogAppendTime")]).unwrap();
    let producer = clients::producer(&broker, &[]);
    let long_ago_ms = 1_000_000_000_000;
    let record = Outgoing::to("stamped").payload(&b"x"[..]).timestamp(long_ago_ms);
    clients::delivered(clients::enqueue(&producer, record)).unwrap();
    let read = clients::read_all(&broker, "stamped", &[]).remove(&0).unwrap();
    assert!(read[0].timestamp_ms > Some(long_ago_ms), "{:?}", read[0].timestamp_ms);
}

#[test]
fn a_topics_compression_type_wins_over_the_producers() {
    let broker = Broker::start();
    Admin::of(&broker).create("squeezed", 1, &[("compression.type", "zstd")]).unwrap();
    for (codec, _) in CODECS {
        let producer = clients::producer(&broker, &[("compression.type", codec)]);
        clients::produce(&producer, "squeezed", std::iter::once(codec.to_owned()), 5_000);
    }
    let read = clients::read_all(&broker, "squeezed", &[]).remove(&0).unwrap();
    assert_eq!(
        read.iter().map(e2e::clients::Record::key_text).collect::<Vec<_>>(),
        CODECS.map(|(codec, _)| codec)
    );
    let stored = std::fs::read(broker.data_dir().join("squeezed-0/00000000000000000000.log")).unwrap();
    assert_eq!(codecs_of_batches(&stored), [4; 5]);
}

/// The codec number of every batch in a segment: each begins with its base offset (8 bytes) and the length of the rest (4).
fn codecs_of_batches(segment: &[u8]) -> Vec<u8> {
    let mut codecs = Vec::new();
    let mut rest = segment;
    while !rest.is_empty() {
        codecs.push(rest[ATTRIBUTES_AT] & 0b111);
        let length = u32::from_be_bytes(rest[8..12].try_into().expect("four bytes"));
        rest = &rest[12 + length as usize..];
    }
    codecs
}
