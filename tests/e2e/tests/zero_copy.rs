//! Payload leaves from the page cache: no byte of it passes through the broker's memory, and the ledger says so.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Child, Command, Stdio};

use denying::Call;
use e2e::admin::Admin;
use e2e::metrics::Metrics;
use e2e::wire::{self, Connection, Outcome};
use e2e::{Broker, clients, process, wait};
use rustix::io::Errno;
use rustix::process::Signal;
use tempfile::TempDir;

const MIB: usize = 1 << 20;
/// What one Fetch asks for.
const FETCH_BYTES: i32 = 4 << 20;

#[test]
fn the_ledger_counts_every_payload_byte_that_a_consumer_gets_and_none_is_copied() {
    if !Broker::is_crossdock("the ledger") {
        return;
    }
    let broker = broker_with_records("counted", 32 * MIB);
    let before = Metrics::read(&broker.admin_address());
    let received = fetch_all(&broker, "counted");
    let after = Metrics::read(&broker.admin_address());
    let counted = |labels: &[(&str, &str)]| {
        let name = "crossdock_payload_bytes_total";
        (after.sum(name, labels) - before.sum(name, labels)) as usize
    };
    assert_eq!(counted(&[]), received, "the ledger and the consumer disagree");
    assert_eq!(counted(&[("mechanism", "sendfile")]), received, "bytes went another way");
}

#[test]
fn no_payload_byte_of_a_fetch_passes_through_user_space() {
    if !Broker::is_crossdock("the way of the payload") {
        return;
    }
    let broker = broker_with_records("traced", 32 * MIB);
    let folder = TempDir::new().unwrap();
    let trace = folder.path().join("trace");
    let Some(mut strace) = attach(broker.pid(), &trace) else {
        println!("skipped: strace is not here, or may not trace");
        return;
    };
    let received = fetch_all(&broker, "traced");
    process::signal(&strace, Signal::INT);
    process::ended(&mut strace);

    let calls = Traced::all_of(&fs::read_to_string(&trace).unwrap());
    let sent: usize = calls.iter().filter(|call| call.name == "sendfile").map(|call| call.returned).sum();
    assert_eq!(sent, received, "sendfile and the consumer disagree");
    let is_segment = |call: &&Traced| call.first_argument.contains(".log>");
    let read: usize =
        calls.iter().filter(|call| call.reads()).filter(is_segment).map(|call| call.returned).sum();
    // Batch headers where a region is cut, and one byte at the end of each region to learn whether it is in the cache.
    let allowed = received / 1_000;
    assert!(read <= allowed, "{read} of {received} payload bytes were read from segments");
    let mapped = calls.iter().filter(|call| call.name == "mmap" && call.text.contains(".log>")).count();
    assert_eq!(mapped, 0, "a segment was mapped");
}

#[test]
fn a_mechanism_that_is_forced_carries_every_record() {
    if !Broker::is_crossdock("the choice of a mechanism") {
        return;
    }
    for mechanism in ["sendfile", "splice", "mmap", "read-write"] {
        let broker = Broker::with(&[("crossdock.transfer.mechanism", mechanism)]);
        produce(&broker, "forced", 8 * MIB);
        let ways = ways_of(&broker, fetch_all(&broker, "forced"));
        assert_eq!(ways, [(mechanism.to_owned(), "forced".to_owned())]);
    }
}

#[test]
fn a_kernel_that_lacks_what_crossdock_likes_to_use_serves_all_the_same() {
    if !Broker::is_crossdock("the choice of a mechanism") {
        return;
    }
    let rungs: [(&[Call], &str); 3] = [
        (&[Call::Cachestat, Call::Preadv2, Call::Fadvise], "sendfile first_choice"),
        (&[Call::Sendfile], "splice kernel_lacks"),
        (&[Call::Sendfile, Call::Splice, Call::Cachestat, Call::Preadv2], "read-write kernel_lacks"),
    ];
    for (lacks, way) in rungs {
        for errno in [Errno::NOSYS, Errno::PERM] {
            println!("{lacks:?}: {errno:?}");
            // A process has the filter of the thread that starts it.
            let broker = denying::where_fail(lacks, errno, Broker::start);
            produce(&broker, "denied", 8 * MIB);
            let ways = ways_of(&broker, fetch_all(&broker, "denied"));
            let (mechanism, reason) = way.split_once(' ').expect("two words");
            assert_eq!(ways, [(mechanism.to_owned(), reason.to_owned())]);
        }
    }
}

/// By which mechanisms and for which reasons the bytes that were received from a broker left.
fn ways_of(broker: &Broker, received: usize) -> Vec<(String, String)> {
    let metrics = Metrics::read(&broker.admin_address());
    let counted = |labels: &[(&str, &str)]| metrics.sum("crossdock_payload_bytes_total", labels) as usize;
    assert_eq!(counted(&[]), received, "the ledger and the consumer disagree");
    let mut ways = Vec::new();
    for mechanism in ["sendfile", "splice", "mmap", "read-write"] {
        for reason in ["first_choice", "small", "forced", "kernel_lacks", "refused"] {
            if counted(&[("mechanism", mechanism), ("reason", reason)]) > 0 {
                ways.push((mechanism.to_owned(), reason.to_owned()));
            }
        }
    }
    ways
}

/// A broker with `bytes` of records in partition 0 of `topic`.
fn broker_with_records(topic: &str, bytes: usize) -> Broker {
    let broker = Broker::start();
    produce(&broker, topic, bytes);
    broker
}

fn produce(broker: &Broker, topic: &str, bytes: usize) {
    Admin::of(broker).create(topic, 1, &[]).expect("a topic");
    let producer = clients::producer(broker, &[("linger.ms", "50")]);
    clients::produce(&producer, topic, (0..bytes / 10_000).map(|number| number.to_string()), 10_000);
}

/// Fetches everything in partition 0 of `topic` once and returns how many bytes of records came. An answer without any is
/// waited for at the end: bytes arrive before the call that sent them has returned and has been counted.
fn fetch_all(broker: &Broker, topic: &str) -> usize {
    let end = Admin::of(broker).watermarks(topic, 0).1;
    let mut connection = Connection::open(&broker.bootstrap()).expect("a connection");
    let (mut offset, mut bytes) = (0, 0);
    loop {
        connection.send(&wire::fetch(topic, offset, FETCH_BYTES));
        let Outcome::Answer(answer) = connection.outcome() else {
            panic!("the broker closed the connection")
        };
        let records = wire::fetched(topic, &answer);
        if records.is_empty() {
            assert_eq!(offset, end, "no answer to a fetch before the end");
            return bytes;
        }
        bytes += records.len();
        offset = next_offset(&records);
    }
}

/// The offset after the last record of these batches. A batch begins with its base offset (8 bytes) and the length of the
/// rest (4); its last offset delta is at 23 (<https://kafka.apache.org/documentation/#recordbatch>).
fn next_offset(mut records: &[u8]) -> i64 {
    let mut next = 0;
    let number =
        |bytes: &[u8], at: usize| i32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    while !records.is_empty() {
        let base = i64::from(number(records, 0)) << 32 | i64::from(number(records, 4) as u32);
        next = base + i64::from(number(records, 23)) + 1;
        records = &records[12 + number(records, 8) as usize..];
    }
    next
}

/// strace(1) on all threads of process `pid`, once it is at work.
fn attach(pid: u32, trace: &std::path::Path) -> Option<Child> {
    let calls = "trace=sendfile,splice,copy_file_range,read,pread64,readv,preadv,preadv2,mmap";
    let mut strace = Command::new("strace")
        .args(["-f", "-y", "-e", calls, "-e", "signal=none", "-p", &pid.to_string(), "-o"])
        .arg(trace)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    // Every thread of the broker names the process that traces it.
    let tracer = format!("TracerPid:\t{}\n", strace.id());
    let all_traced = || {
        let threads = fs::read_dir(format!("/proc/{pid}/task")).ok()?;
        let mut status = threads.map(|thread| fs::read_to_string(thread.ok()?.path().join("status")).ok());
        Some(status.all(|status| status.is_none_or(|status| status.contains(&tracer))))
    };
    let attached = wait::until_some("strace has attached or ended", || {
        let ended = strace.try_wait().expect("a child of this process").is_some();
        if ended { Some(false) } else { all_traced()?.then_some(true) }
    });
    attached.then_some(strace)
}

/// One system call of a trace: `PID name(first<path>, ...) = returned`.
struct Traced {
    name: String,
    first_argument: String,
    returned: usize,
    text: String,
}

impl Traced {
    /// The calls of a trace that did not fail.
    fn all_of(trace: &str) -> Vec<Self> {
        // A call that another thread's interrupts is on two lines, `name(... <unfinished ...>` and `<... name resumed>...`.
        let mut unfinished = BTreeMap::new();
        let mut calls = Vec::new();
        for line in trace.lines() {
            let Some((thread, text)) = line.split_once(' ') else { continue };
            let text = text.trim_start();
            if let Some(beginning) = text.strip_suffix("<unfinished ...>") {
                unfinished.insert(thread, beginning);
                continue;
            }
            let whole = match text.strip_prefix("<... ").and_then(|text| text.split_once(" resumed>")) {
                Some((_, end)) => unfinished.remove(thread).unwrap_or_default().to_owned() + end,
                None => text.to_owned(),
            };
            calls.extend(Self::parse(whole));
        }
        calls
    }

    fn parse(text: String) -> Option<Self> {
        let (call, returned) = text.rsplit_once(" = ")?;
        let returned = returned.split_whitespace().next()?;
        let returned = match returned.strip_prefix("0x") {
            Some(address) => usize::from_str_radix(address, 16).ok()?,
            None => returned.parse().ok()?,
        };
        let (name, arguments) = call.split_once('(')?;
        let first_argument = arguments.split(", ").next()?.to_owned();
        Some(Self { name: name.to_owned(), first_argument, returned, text })
    }

    fn reads(&self) -> bool {
        self.name.contains("read")
    }
}
