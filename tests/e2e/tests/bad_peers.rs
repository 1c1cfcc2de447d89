//! A peer that breaks the protocol, or just sits there, harms nobody else.

use std::io::Read as _;
use std::net::Shutdown;

use e2e::admin::Admin;
use e2e::metrics::Metrics;
use e2e::wire::{self, Connection, Outcome, api};
use e2e::{Broker, clients, process, scale, wait};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const MIB: u64 = 1 << 20;
/// Error code UNSUPPORTED_VERSION (<https://kafka.apache.org/protocol#protocol_error_codes>).
const UNSUPPORTED_VERSION: i16 = 35;
/// The end of a header of version 2, and a body of empty fields that no version understands.
const NO_TAGS: [u8; 5] = [0, 1, 1, 0, 0];

#[test]
fn a_frame_with_an_impossible_length_ends_its_connection_and_no_other() {
    let broker = Broker::start();
    let mut neighbour = Connection::open(&broker.bootstrap()).unwrap();
    for length in [-1, i32::MIN, i32::MAX, 104_857_601, 0, 1, 7] {
        let mut connection = Connection::open(&broker.bootstrap()).unwrap();
        connection.send(&length.to_be_bytes());
        connection.send(&[0; 7]);
        assert_eq!(connection.outcome(), Outcome::Closed, "length {length}");
        assert_eq!(neighbour.broker_count(), Ok(1), "after length {length}");
    }
}

#[test]
fn bytes_that_are_no_request_end_their_connection_and_no_other() {
    let broker = Broker::start();
    let mut neighbour = Connection::open(&broker.bootstrap()).unwrap();
    let mut of_no_client_id = wire::frame(api::METADATA, 1, &[]);
    of_no_client_id[12..14].copy_from_slice(&i16::MAX.to_be_bytes());
    let hostile: [(&str, Vec<u8>); 9] = [
        ("HTTP", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec()),
        ("TLS", [&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc][..], &[0xaa; 600]].concat()),
        ("an API that does not exist", wire::frame(999, 0, &[])),
        ("a negative API", wire::frame(-1, 0, &[])),
        ("an API of controllers", wire::frame(52, 0, &[0; 20])),
        ("a version that does not exist", wire::frame(api::METADATA, 99, &[0; 20])),
        ("an array of two billion topics", wire::frame(api::METADATA, 1, &i32::MAX.to_be_bytes())),
        ("a body that ends too early", wire::frame(api::METADATA, 1, &[0, 0])),
        ("a client id longer than the frame", of_no_client_id),
    ];
    for (what, bytes) in hostile {
        let mut connection = Connection::open(&broker.bootstrap()).unwrap();
        connection.send(&bytes);
        connection.stream().shutdown(Shutdown::Write).unwrap();
        assert_eq!(connection.outcome(), Outcome::Closed, "{what}");
        assert_eq!(neighbour.broker_count(), Ok(1), "after {what}");
    }
}

#[test]
fn random_bytes_never_end_the_broker() {
    let broker = Broker::start();
    let pid = broker.pid();
    let mut random = SplitMix(0x5eed);
    println!("seed {:#x}", random.0);
    for _ in 0..scale(300) {
        let api = (random.next() % 80) as i16;
        let version = (random.next() % 16) as i16;
        let length = (random.next() % 200) as usize;
        let body: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
        let mut connection = Connection::open(&broker.bootstrap()).unwrap();
        connection.send(&wire::frame(api, version, &body));
        // The answer, if one comes, is not looked at: requests that mean nothing may still be valid.
        connection.stream().shutdown(Shutdown::Write).unwrap();
        let _ = connection.stream().read(&mut [0; 64]);
    }
    assert_eq!(broker.pid(), pid);
    assert_eq!(Connection::open(&broker.bootstrap()).unwrap().broker_count(), Ok(1));
}

#[test]
fn api_versions_of_an_unknown_version_is_answered_with_what_the_broker_knows() {
    let broker = Broker::start();
    let mut connection = Connection::open(&broker.bootstrap()).unwrap();
    let Outcome::Answer(body) = connection.request(api::API_VERSIONS, 99, &NO_TAGS) else {
        panic!("the broker closed the connection");
    };
    // Version 0: an error code, then an array of (key, lowest version, highest version).
    let numbers: Vec<i16> =
        body[6..].chunks_exact(2).map(|pair| i16::from_be_bytes([pair[0], pair[1]])).collect();
    assert_eq!(i16::from_be_bytes([body[0], body[1]]), UNSUPPORTED_VERSION);
    assert!(numbers.chunks_exact(3).any(|api| api[0] == api::API_VERSIONS), "{numbers:?}");
    assert_eq!(connection.broker_count(), Ok(1), "the connection goes on");
}

#[test]
fn requests_sent_at_once_are_answered_in_their_order() {
    let broker = Broker::start();
    let mut connection = Connection::open(&broker.bootstrap()).unwrap();
    let mut all = Vec::new();
    let requests = 200;
    for number in 0..requests {
        let version = number % 3;
        let mut frame = wire::frame(api::API_VERSIONS, version, &[]);
        frame[8..12].copy_from_slice(&i32::from(number).to_be_bytes());
        all.extend(frame);
    }
    connection.send(&all);
    for number in 0..requests {
        let mut length = [0; 4];
        connection.stream().read_exact(&mut length).unwrap();
        let mut answer = vec![0; u32::from_be_bytes(length) as usize];
        connection.stream().read_exact(&mut answer).unwrap();
        assert_eq!(answer[..4], i32::from(number).to_be_bytes());
    }
}

#[test]
fn thousands_of_idle_and_half_open_connections_cost_little_and_disturb_nobody() {
    let connections = scale(1_000);
    if !may_open(3 * connections + 200) {
        println!("skipped: this process may not open {} files (ulimit -Hn)", 3 * connections + 200);
        return;
    }
    let broker = Broker::start();
    Admin::of(&broker).create("busy", 1, &[]).unwrap();
    let before = process::resident_bytes(broker.pid());
    let open = || Connection::open(&broker.bootstrap()).unwrap();
    let idle: Vec<_> = (0..connections).map(|_| open()).collect();
    let half_a_length: Vec<_> = std::iter::repeat_with(open)
        .take(connections)
        .map(|mut connection| {
            connection.send(&[0, 0]);
            connection
        })
        .collect();
    // Memory must be for what came, not for what was announced.
    let half_a_frame: Vec<_> = std::iter::repeat_with(open)
        .take(connections)
        .map(|mut connection| {
            connection.send(&(100 * MIB as i32).to_be_bytes());
            connection.send(&[0; 100]);
            connection
        })
        .collect();
    let producer = clients::producer(&broker, &[]);
    clients::produce(&producer, "busy", (0..1_000).map(|number| number.to_string()), 100);
    assert_eq!(clients::read_all(&broker, "busy", &[])[&0].len(), 1_000);

    if Broker::is_crossdock("the bound on memory") {
        let grown = process::resident_bytes(broker.pid()).saturating_sub(before);
        // 8 KiB each and 32 MiB for the work beside them.
        let bound = 3 * connections as u64 * 8_192 + 32 * MIB;
        assert!(grown < bound, "{} connections cost {grown} bytes, more than {bound}", 3 * connections);
    }
    drop((idle, half_a_length, half_a_frame));
    wait::until("the connections are gone", || process::open_files(broker.pid()).len() < connections);
}

#[test]
fn readers_that_never_read_cost_bounded_memory_and_nobody_elses_time() {
    let broker = Broker::start();
    Admin::of(&broker).create("heavy", 1, &[]).unwrap();
    let producer = clients::producer(&broker, &[]);
    let records = 64;
    clients::produce(&producer, "heavy", (0..records).map(|number| number.to_string()), 500_000);
    let before = process::resident_bytes(broker.pid());
    let readers: Vec<_> = (0..scale(300))
        .map(|_| {
            let mut connection = Connection::open(&broker.bootstrap()).unwrap();
            for _ in 0..20 {
                connection.send(&wire::fetch("heavy", 0, 50 * MIB as i32));
            }
            connection
        })
        .collect();
    // Each of them has its first answer under way: nobody else waits for them.
    for _ in 0..3 {
        assert_eq!(clients::read_all(&broker, "heavy", &[])[&0].len(), records);
    }
    clients::produce(&producer, "heavy", std::iter::once("after".to_owned()), 100);
    if Broker::is_crossdock("the bound on memory") {
        let grown = process::resident_bytes(broker.pid()).saturating_sub(before);
        let bound = readers.len() as u64 * 64 * 1024 + 32 * MIB;
        assert!(grown < bound, "{} readers that do not read cost {grown} bytes", readers.len());
    }
}

#[test]
fn a_connection_that_is_idle_too_long_is_closed() {
    let broker = Broker::with(&[("connections.max.idle.ms", "500")]);
    let mut connection = Connection::open(&broker.bootstrap()).unwrap();
    assert_eq!(connection.broker_count(), Ok(1));
    assert_eq!(connection.outcome(), Outcome::Closed);
}

#[test]
fn a_reader_that_never_reads_is_let_go_as_an_idle_connection_is() {
    let broker = Broker::with(&[("connections.max.idle.ms", "500")]);
    if !Broker::is_crossdock("the number of connections") {
        return;
    }
    Admin::of(&broker).create("heavy", 1, &[]).unwrap();
    let producer = clients::producer(&broker, &[]);
    clients::produce(&producer, "heavy", (0..64).map(|number| number.to_string()), 500_000);
    drop(producer);
    let connections = || Metrics::read(&broker.admin_address()).sum("crossdock_connections", &[]) as u64;
    wait::until("the producer is gone", || connections() == 0);
    let mut reader = Connection::open(&broker.bootstrap()).unwrap();
    for _ in 0..20 {
        reader.send(&wire::fetch("heavy", 0, 50 * MIB as i32));
    }
    wait::until("the reader's connection is there", || connections() == 1);
    wait::until("the reader is let go", || connections() == 0);
}

#[test]
fn one_address_cannot_take_all_connections() {
    let broker = Broker::with(&[("max.connections.per.ip", "5")]);
    let mut held: Vec<_> = (0..5)
        .map(|_| {
            let mut connection = Connection::open(&broker.bootstrap()).unwrap();
            // The broker's own start may still hold one: wait for room, once.
            wait::until("a connection is taken", || {
                connection.broker_count() == Ok(1) || {
                    connection = Connection::open(&broker.bootstrap()).unwrap();
                    false
                }
            });
            connection
        })
        .collect();
    let mut one_too_many = Connection::open(&broker.bootstrap()).unwrap();
    assert_eq!(one_too_many.broker_count(), Err(Outcome::Closed));
    assert!(held.iter_mut().all(|connection| connection.broker_count() == Ok(1)));
    held.pop();
    wait::until("there is room again", || {
        Connection::open(&broker.bootstrap()).is_ok_and(|mut connection| connection.broker_count() == Ok(1))
    });
}

#[test]
fn limits_of_connections_count_from_when_they_are_changed() {
    let broker = Broker::start();
    let admin = Admin::of(&broker);
    let answer = || Connection::open(&broker.bootstrap()).unwrap().broker_count();
    assert_eq!(answer(), Ok(1));
    // The admin client has a connection already, which stays.
    admin.replace_broker_configs(&[("max.connections.per.ip", "1")]);
    wait::until("another connection is refused", || answer() == Err(Outcome::Closed));
    admin.replace_broker_configs(&[]);
    wait::until("another connection is served", || answer() == Ok(1));
}

/// Raises this process's limit of open files to `files`, where it may.
fn may_open(files: usize) -> bool {
    let limit = getrlimit(Resource::Nofile);
    let wanted = files as u64;
    if limit.maximum.is_some_and(|maximum| maximum < wanted) {
        return false;
    }
    let current = limit.current.map(|current| current.max(wanted));
    setrlimit(Resource::Nofile, Rlimit { current, maximum: limit.maximum }).is_ok()
}

/// Sebastiano Vigna's SplitMix64: the same numbers in every run.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
