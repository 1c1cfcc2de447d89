//! Topics, partitions, configurations and deleted records, as an operator works with them.

use e2e::admin::{Admin, Refused};
use e2e::clients::{self, Outgoing};
use e2e::wire::{self, Connection, Outcome, api};
use e2e::{Broker, process, wait};

#[test]
fn topics_come_and_go_and_their_errors_say_what_is_wrong() {
    let broker = Broker::start();
    let admin = Admin::of(&broker);
    admin.create("orders", 3, &[]).unwrap();
    assert_eq!(admin.create("orders", 1, &[]), Err(Refused::TopicAlreadyExists));
    assert_eq!(admin.create("no spaces, please", 1, &[]), Err(Refused::InvalidTopic));
    assert_eq!(admin.create(&"x".repeat(250), 1, &[]), Err(Refused::InvalidTopic));
    assert_eq!(admin.create("nothing", 0, &[]), Err(Refused::InvalidPartitions));
    assert_eq!(admin.create("bad", 1, &[("retention.ms", "soon")]), Err(Refused::InvalidConfig));
    assert_eq!(admin.create("worse", 1, &[("no.such.setting", "1")]), Err(Refused::InvalidConfig));
    assert_eq!(admin.topics(), ["orders"]);

    admin.delete("orders").unwrap();
    wait::until("the topic is gone", || admin.topics().is_empty());
    assert_eq!(admin.delete("orders"), Err(Refused::UnknownTopicOrPartition));
    admin.create("orders", 1, &[]).unwrap();
    assert_eq!(admin.watermarks("orders", 0), (0, 0), "a topic made anew is empty");
}

#[test]
fn a_deleted_topics_files_go_away() {
    let broker = Broker::with(&[("log.segment.delete.delay.ms", "0"), ("file.delete.delay.ms", "0")]);
    let admin = Admin::of(&broker);
    admin.create("short-lived", 2, &[]).unwrap();
    let producer = clients::producer(&broker, &[]);
    clients::produce(&producer, "short-lived", (0..100).map(|number| number.to_string()), 100);
    let folders = || {
        let names = std::fs::read_dir(broker.data_dir()).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_string_lossy().starts_with("short-lived-")).count()
    };
    assert_eq!(folders(), 2);
    // A consumer's session, which the broker remembers after the consumer has gone.
    let mut connection = Connection::open(&broker.bootstrap()).unwrap();
    let fetch = wire::fetch_in_a_new_session("short-lived");
    let Outcome::Answer(answer) = connection.request(api::FETCH, 7, &fetch) else { panic!("no answer") };
    assert_ne!(wire::session_id(&answer), 0);
    drop(connection);

    admin.delete("short-lived").unwrap();
    wait::until("the folders are gone", || folders() == 0);
    wait::until("the disk has its room back", || {
        !process::open_files(broker.pid()).iter().any(|path| path.to_string_lossy().contains("short-lived-"))
    });
}

#[test]
fn a_topic_grows_and_keeps_what_it_had() {
    let broker = Broker::start();
    let admin = Admin::of(&broker);
    admin.create("growing", 1, &[]).unwrap();
    let producer = clients::producer(&broker, &[]);
    clients::produce(&producer, "growing", (0..10).map(|number| number.to_string()), 10);
    assert_eq!(admin.grow("growing", 1), Err(Refused::InvalidPartitions));
    admin.grow("growing", 3).unwrap();
    wait::until("there are three partitions", || admin.partition_count("growing") == Some(3));
    assert_eq!(admin.watermarks("growing", 0), (0, 10));
    // The first producer would learn of the new partitions only when it next asks for metadata.
    let producer = clients::producer(&broker, &[]);
    for partition in 0..3 {
        let record = Outgoing::to("growing").partition(partition).payload(&b"x"[..]);
        clients::delivered(clients::enqueue(&producer, record)).unwrap();
        let before = if partition == 0 { 10 } else { 0 };
        assert_eq!(admin.watermarks("growing", partition), (0, before + 1));
    }
}

#[test]
fn a_topics_configuration_is_told_and_changed_and_outlives_a_restart() {
    let mut broker = Broker::with(&[("log.retention.hours", "24")]);
    let admin = Admin::of(&broker);
    admin.create("set", 1, &[("segment.bytes", "2097152")]).unwrap();
    let configs = admin.configs("set");
    assert_eq!(configs["segment.bytes"], "2097152");
    assert_eq!(configs["retention.ms"], "86400000", "the broker's setting is the topic's default");
    assert_eq!(configs["cleanup.policy"], "delete");

    admin.replace_configs("set", &[("retention.ms", "1000000"), ("compression.type", "lz4")]);
    wait::until("the change shows", || admin.configs("set")["retention.ms"] == "1000000");
    assert_eq!(
        admin.configs("set")["segment.bytes"],
        "1073741824",
        "what is not named goes back to its default"
    );

    assert!(broker.terminate().code().is_some());
    broker.restart();
    let configs = Admin::of(&broker).configs("set");
    assert_eq!((configs["retention.ms"].as_str(), configs["compression.type"].as_str()), ("1000000", "lz4"));
}

#[test]
fn deleted_records_are_gone_for_every_reader_and_stay_gone() {
    let mut broker = Broker::start();
    let admin = Admin::of(&broker);
    admin.create("trimmed", 1, &[]).unwrap();
    let producer = clients::producer(&broker, &[]);
    clients::produce(&producer, "trimmed", (0..100).map(|number| number.to_string()), 10);
    admin.delete_records("trimmed", 0, 40);
    assert_eq!(admin.watermarks("trimmed", 0), (40, 100));
    let first = |broker: &Broker| clients::read_all(broker, "trimmed", &[])[&0][0].key_text();
    assert_eq!(first(&broker), "40");
    assert!(broker.terminate().code().is_some());
    broker.restart();
    assert_eq!(first(&broker), "40");
    assert_eq!(Admin::of(&broker).watermarks("trimmed", 0), (40, 100));
}

#[test]
fn the_answer_that_creates_a_topic_still_calls_it_unknown() {
    let broker = Broker::start();
    let mut connection = Connection::open(&broker.bootstrap()).unwrap();
    // Metadata, version 4: an array of topics, and whether they may be created.
    let mut request = 1_i32.to_be_bytes().to_vec();
    request.extend(b"\0\x08implicit\x01");
    let mut ask = || match connection.request(api::METADATA, 4, &request) {
        Outcome::Answer(body) => body,
        Outcome::Closed => panic!("the broker closed the connection"),
    };
    // UNKNOWN_TOPIC_OR_PARTITION, the name, not internal, no partitions.
    let unknown = b"\0\x03\0\x08implicit\0\0\0\0\0";
    // No error, the name, not internal, one partition.
    let found = b"\0\0\0\x08implicit\0\0\0\0\x01";
    assert!(ask().ends_with(unknown));
    assert!(ask().windows(found.len()).any(|window| window == found));
}

#[test]
fn a_topic_comes_into_being_when_a_producer_names_it_unless_the_broker_is_told_not_to() {
    let producer_of = |broker: &Broker| clients::producer(broker, &[("message.timeout.ms", "5000")]);
    let willing = Broker::with(&[("num.partitions", "2")]);
    clients::produce(&producer_of(&willing), "implicit", std::iter::once("a".to_owned()), 1);
    assert_eq!(Admin::of(&willing).partition_count("implicit"), Some(2));

    let unwilling = Broker::with(&[("auto.create.topics.enable", "false")]);
    let producer = producer_of(&unwilling);
    let record = Outgoing::to("implicit").payload(&b"x"[..]);
    let refused = clients::delivered(clients::enqueue(&producer, record)).unwrap_err();
    assert!(
        matches!(
            refused.rdkafka_error_code(),
            Some(Refused::UnknownTopic | Refused::UnknownTopicOrPartition | Refused::MessageTimedOut)
        ),
        "{refused}"
    );
    assert_eq!(Admin::of(&unwilling).topics(), [""; 0]);
}
