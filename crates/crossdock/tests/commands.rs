//! The commands against a broker, each as its own process, as a user runs them.
#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

const CROSSDOCK: &str = env!("CARGO_BIN_EXE_crossdock");

/// A broker on ports that the system chose; killed if the test ends without stopping it.
struct Broker {
    process: Child,
    address: String,
}

impl Broker {
    fn start(data_dir: &Path) -> Self {
        let mut process = Command::new(CROSSDOCK)
            .args(["broker", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data-dir"])
            .arg(data_dir)
            .env("RUST_LOG", "warn")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
        let line = lines.find(|line| line.contains("listens on")).unwrap();
        let address = line.split_whitespace().nth(2).unwrap().to_owned();
        // The rest of the screen must find a reader.
        std::thread::spawn(move || lines.count());
        Self { process, address }
    }

    /// Runs a command with `input` on its standard input.
    fn run_with(&self, arguments: &[&str], input: &str) -> Output {
        let mut process = Command::new(CROSSDOCK)
            .args(arguments)
            .env("CROSSDOCK_BOOTSTRAP", &self.address)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        process.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        process.wait_with_output().unwrap()
    }

    /// Runs a command that succeeds, and returns what it prints.
    fn run(&self, arguments: &[&str]) -> String {
        succeeded(&self.run_with(arguments, ""))
    }

    /// Runs a command that fails with status 1, and returns what it complains of.
    fn fail(&self, arguments: &[&str]) -> String {
        let output = self.run_with(arguments, "");
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    /// SIGTERM, and waits for a clean end.
    fn stop(mut self) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        assert!(self.process.wait().unwrap().success());
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn succeeded(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn numbers(text: &str) -> Vec<u32> {
    let mut numbers: Vec<u32> = text.lines().map(|line| line.parse().unwrap()).collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn lines_go_in_and_come_out_and_survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let broker = Broker::start(dir.path());
    assert_eq!(
        broker.run(&["topic", "create", "numbers", "--partitions", "3"]),
        "created topic numbers with 3 partitions\n"
    );
    let mut written = 0;
    for compression in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let lines: String = (written..written + 1000).map(|number| format!("{number}\n")).collect();
        succeeded(&broker.run_with(&["produce", "numbers", "--compression", compression], &lines));
        written += 1000;
    }
    let all: Vec<u32> = (0..5000).collect();
    assert_eq!(numbers(&broker.run(&["consume", "numbers"])), all);
    broker.stop();

    let broker = Broker::start(dir.path());
    assert_eq!(numbers(&broker.run(&["consume", "numbers"])), all);
    let verified = broker.run(&["log", "verify", dir.path().to_str().unwrap()]);
    assert!(verified.starts_with("ok: "), "{verified}");
    broker.stop();
}

#[test]
fn keys_headers_offsets_and_times_are_printed_as_asked() {
    let dir = tempfile::tempdir().unwrap();
    let broker = Broker::start(dir.path());
    broker.run(&["topic", "create", "orders", "--partitions", "2"]);
    succeeded(
        &broker.run_with(&["produce", "orders", "--key-separator", ":", "--partition", "1"], "a:1\nb:2\nc\n"),
    );
    let printed = broker.run(&["consume", "orders", "--format", r"{partition} {offset} {key}={value}\n"]);
    assert_eq!(printed, "1 0 a=1\n1 1 b=2\n1 2 =c\n");
    assert_eq!(broker.run(&["consume", "orders", "--partition", "1", "--from", "1", "--max", "1"]), "2\n");
    assert_eq!(broker.run(&["consume", "orders", "--from", "@2000-01-01", "--max", "1"]), "1\n");
    assert_eq!(broker.run(&["consume", "orders", "--from", "@2999-01-01"]), "");
    assert_eq!(broker.run(&["consume", "orders", "--from", "end"]), "");
    let json: Value =
        serde_json::from_str(&broker.run(&["consume", "orders", "--json", "--max", "1"])).unwrap();
    assert_eq!((&json["topic"], &json["key"], &json["value"]), (&"orders".into(), &"a".into(), &"1".into()));
    let error = broker.fail(&["consume", "orders", "--partition", "1", "--from", "99"]);
    assert!(error.contains("orders-1 has the offsets 0 to 3"), "{error}");
}

#[test]
fn a_group_goes_on_where_it_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let broker = Broker::start(dir.path());
    broker.run(&["topic", "create", "numbers", "--partitions", "4"]);
    let lines: String = (0..1000).map(|number| format!("{number}\n")).collect();
    succeeded(&broker.run_with(&["produce", "numbers"], &lines));
    let group = ["consume", "numbers", "--group", "readers"];
    let first = broker.run(&[&group[..], &["--max", "300"]].concat());
    let second = broker.run(&group);
    assert_eq!(first.lines().count(), 300);
    assert_eq!(numbers(&(first + &second)), (0..1000).collect::<Vec<_>>());
    assert_eq!(broker.run(&group), "");
}

#[test]
fn topics_are_described_changed_and_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let broker = Broker::start(dir.path());
    broker.run(&["topic", "create", "orders", "--config", "retention.ms=1000"]);
    let error = broker.fail(&["topic", "create", "orders"]);
    assert!(error.contains("TOPIC_ALREADY_EXISTS"), "{error}");
    broker.run(&["topic", "create", "orders", "--if-not-exists"]);
    broker.run(&["topic", "add-partitions", "orders", "--total", "3"]);
    broker.run(&["topic", "config", "orders", "--set", "cleanup.policy=compact", "--unset", "retention.ms"]);
    let described: Value =
        serde_json::from_str(&broker.run(&["topic", "describe", "orders", "--json"])).unwrap();
    assert_eq!(described[0]["partitions"].as_array().unwrap().len(), 3);
    assert_eq!(described[0]["config"].to_string(), r#"{"cleanup.policy":"compact"}"#);
    let error = broker.fail(&["topic", "config", "orders", "--set", "retention.ms=soon"]);
    assert!(error.contains("INVALID_CONFIG"), "{error}");
    broker.run(&["topic", "delete", "orders"]);
    assert_eq!(broker.run(&["topic", "list"]), "");
    let error = broker.fail(&["topic", "describe", "orders"]);
    assert!(error.contains("UNKNOWN_TOPIC_OR_PARTITION"), "{error}");
}

#[test]
fn a_reader_that_leaves_ends_the_command_quietly() {
    let dir = tempfile::tempdir().unwrap();
    let broker = Broker::start(dir.path());
    let lines: String = (0..100_000).map(|number| format!("{number}\n")).collect();
    succeeded(&broker.run_with(&["produce", "numbers"], &lines));
    let mut process = Command::new(CROSSDOCK)
        .args(["consume", "numbers", "--follow"])
        .env("CROSSDOCK_BOOTSTRAP", &broker.address)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let first = BufReader::new(process.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    assert_eq!(first, "0");
    // More records make it write again.
    succeeded(&broker.run_with(&["produce", "numbers"], &lines));
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn a_second_broker_on_the_same_data_is_refused_with_the_first_one_named() {
    let dir = tempfile::tempdir().unwrap();
    let broker = Broker::start(dir.path());
    let error =
        broker.fail(&["broker", "--listen", "127.0.0.1:0", "--data-dir", dir.path().to_str().unwrap()]);
    assert!(error.contains(&format!("in use by process {}", broker.process.id())), "{error}");
}

#[test]
fn a_wrong_configuration_is_status_2_and_nothing_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("server.properties");
    std::fs::write(&file, "num.partitions=many\nlog.dirs=/nowhere\n").unwrap();
    let data = dir.path().join("data");
    let output = Command::new(CROSSDOCK)
        .args(["broker", "--set", "crossdock.no.such.thing=1", "--config"])
        .arg(&file)
        .arg("--data-dir")
        .arg(&data)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.contains(&format!("{}:1: num.partitions=many: expected a whole number", file.display())),
        "{error}"
    );
    assert!(error.contains("crossdock.no.such.thing is not a setting"), "{error}");
    assert!(!data.exists());
}
