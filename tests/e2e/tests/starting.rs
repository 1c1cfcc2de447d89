//! What an operator sees: the start, what is refused, how it ends. About Crossdock's own command line.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use e2e::{Broker, crossdock, metrics, process, wait};
use rustix::process::Signal;
use tempfile::TempDir;

/// The exit status of a broker whose configuration is wrong.
const CONFIGURATION: i32 = 2;

#[test]
fn a_second_broker_on_the_same_data_is_refused_and_told_who_has_it() {
    if !Broker::is_crossdock("a second broker on the same data") {
        return;
    }
    let broker = Broker::start();
    let second = run(&["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"], &broker.data_dir());
    assert!(!second.status.success());
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(
        said.contains(&broker.pid().to_string()),
        "the other process {} is not named:\n{said}",
        broker.pid()
    );
    assert!(said.contains(broker.data_dir().to_str().unwrap()), "the directory is not named:\n{said}");
    assert_eq!(metrics::get(&broker.admin_address(), "/healthz").0, 200, "the first goes on");
}

#[test]
fn a_wrong_configuration_is_refused_before_anything_is_written() {
    if !Broker::is_crossdock("a wrong configuration") {
        return;
    }
    let wrong = [
        ("num.partitions=many", "num.partitions", "many"),
        ("log.segment.bytes=-5", "log.segment.bytes", "-5"),
        ("log.cleanup.policy=burn", "log.cleanup.policy", "burn"),
        ("listeners=nonsense", "listeners", "nonsense"),
        ("node.id=one", "node.id", "one"),
        ("crossdock.no.such.thing=1", "crossdock.no.such.thing", ""),
    ];
    for (setting, key, value) in wrong {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("server.properties");
        fs::write(&file, format!("# a comment\n\n{setting}\n")).unwrap();
        let data = folder.path().join("data");
        for (arguments, place) in
            [(["--config", file.to_str().unwrap()], "server.properties"), (["--set", setting], "--set")]
        {
            let refused = run(&arguments, &data);
            let said = String::from_utf8_lossy(&refused.stderr).into_owned();
            assert_eq!(refused.status.code(), Some(CONFIGURATION), "{setting}: {said}");
            assert!(said.contains(key) && said.contains(value), "{setting}: {said}");
            assert!(said.contains(place), "{setting} in {place}: {said}");
            if place == "server.properties" {
                assert!(said.contains('3'), "the line of {setting} is not told: {said}");
            }
            assert!(!data.exists(), "{setting}: something was written");
        }
    }
}

#[test]
fn names_that_do_nothing_are_listed_in_one_warning_and_the_broker_starts() {
    if !Broker::is_crossdock("warnings about the configuration") {
        return;
    }
    let broker = Broker::with(&[("num.partitons", "3"), ("authorizer.class.name", "org.example.Any")]);
    let said = broker.log_text();
    assert!(said.contains("num.partitons"), "{said}");
    assert!(said.contains("num.partitions"), "the nearest known name is not told: {said}");
    assert!(said.contains("authorizer.class.name"), "{said}");
}

#[test]
fn the_start_screen_says_where_it_listens_and_where_the_data_is() {
    if !Broker::is_crossdock("the start screen") {
        return;
    }
    let folder = TempDir::new().unwrap();
    let log = folder.path().join("screen");
    let screen = fs::File::create(&log).unwrap();
    let mut command =
        broker_command(&["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"], &folder.path().join("data"));
    let mut child = command.stdout(screen).stderr(Stdio::null()).spawn().unwrap();
    let said = wait::until_some("the screen is complete", || {
        let said = fs::read_to_string(&log).unwrap();
        said.contains("crossdock consume").then_some(said)
    });
    let line =
        said.lines().find(|line| line.trim_start().starts_with("listens on")).expect("where it listens");
    let address = line.split_whitespace().nth(2).expect("an address");
    let mut connection = e2e::wire::Connection::open(address).unwrap();
    assert_eq!(connection.broker_count(), Ok(1), "{said}");
    assert!(said.contains(&child.id().to_string()), "{said}");
    assert!(said.contains("data in"), "{said}");
    process::signal(&child, Signal::INT);
    assert!(process::ended(&mut child).success(), "Ctrl-C is a way to stop");
}

#[test]
fn the_admin_pages_say_that_the_broker_is_well_and_what_it_did() {
    if !Broker::is_crossdock("the admin pages") {
        return;
    }
    let broker = Broker::start();
    assert_eq!(metrics::get(&broker.admin_address(), "/healthz").0, 200);
    assert_eq!(metrics::get(&broker.admin_address(), "/readyz").0, 200);
    assert_eq!(metrics::get(&broker.admin_address(), "/nothing").0, 404);
    let before = metrics::Metrics::read(&broker.admin_address()).sum("crossdock_connections", &[]);
    let _connection = e2e::wire::Connection::open(&broker.bootstrap()).unwrap();
    wait::until("the connection is counted", || {
        metrics::Metrics::read(&broker.admin_address()).sum("crossdock_connections", &[]) > before
    });
}

#[test]
fn sigterm_ends_the_broker_with_success_while_clients_wait_and_others_sit_idle() {
    let mut broker = Broker::start();
    e2e::admin::Admin::of(&broker).create("quiet", 1, &[]).unwrap();
    let mut waiting = e2e::wire::Connection::open(&broker.bootstrap()).unwrap();
    let idle = e2e::wire::Connection::open(&broker.bootstrap()).unwrap();
    // A long poll of ten minutes.
    let mut fetch = e2e::wire::fetch("quiet", 0, 1_000);
    fetch[18..22].copy_from_slice(&600_000_i32.to_be_bytes());
    waiting.send(&fetch);
    let status = broker.terminate();
    if Broker::is_crossdock("the exit status") {
        assert!(status.success(), "{status}");
    }
    drop(idle);
}

/// Runs a broker that is expected to end by itself.
fn run(arguments: &[&str], data: &Path) -> Output {
    broker_command(arguments, data).output().expect("the broker's program starts")
}

fn broker_command(arguments: &[&str], data: &Path) -> Command {
    let mut command = Command::new(crossdock());
    command.arg("broker").args(arguments).arg("--data-dir").arg(data).stdin(Stdio::null());
    command
}
