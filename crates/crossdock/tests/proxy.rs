//! `crossdock proxy` as its own process, as a user runs it.
#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

mod serving;

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{ChildStdout, Command, Stdio};

use serving::Serving;

const CROSSDOCK: &str = env!("CARGO_BIN_EXE_crossdock");

/// A proxy on a port that the system chose.
struct Proxy {
    process: Serving,
    output: BufReader<ChildStdout>,
    address: String,
}

impl Proxy {
    fn start(to: &str, options: &[&str]) -> Self {
        let mut process = Command::new(CROSSDOCK)
            .args(["proxy", "--listen", "127.0.0.1:0", "--to", to])
            .args(options)
            .env("RUST_LOG", "error")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let (listens_on, passes_on_to) = line.trim_end().split_once(", passes on to ").unwrap();
        assert_eq!(passes_on_to, to);
        let address = listens_on.strip_prefix("listens on ").unwrap().to_owned();
        Self { process: Serving(process), output, address }
    }

    /// Where a proxy that was started with `--admin` says that its metrics are.
    fn admin(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        let page = line.trim_end().strip_prefix("metrics on http://").unwrap();
        page.strip_suffix("/metrics").unwrap().to_owned()
    }

    /// Waits for the end and returns what was printed.
    fn last_words(mut self) -> String {
        let mut text = String::new();
        self.output.read_to_string(&mut text).unwrap();
        assert!(self.process.0.wait().unwrap().success());
        text
    }
}

fn metrics(admin: &str) -> String {
    let mut pages = TcpStream::connect(admin).unwrap();
    pages.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").unwrap();
    let mut page = String::new();
    pages.read_to_string(&mut page).unwrap();
    page
}

fn exchange(proxy: &Proxy, target: &TcpListener) {
    let mut client = TcpStream::connect(&proxy.address).unwrap();
    let (mut server, _) = target.accept().unwrap();
    client.write_all(b"question").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut question = String::new();
    server.read_to_string(&mut question).unwrap();
    server.write_all(b"an answer").unwrap();
    drop(server);
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert_eq!((question.as_str(), answer.as_str()), ("question", "an answer"));
}

#[test]
fn a_proxy_passes_connections_on_and_says_so_when_it_is_stopped() {
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = target.local_addr().unwrap().to_string();
    for (options, how) in [
        (&[][..], "read-write (small)"),
        (&["--mechanism", "splice"][..], "splice (forced)"),
        (&["--mechanism", "read-write"][..], "read-write (forced)"),
    ] {
        let proxy = Proxy::start(&to, options);
        exchange(&proxy, &target);
        exchange(&proxy, &target);
        proxy.process.terminate();
        assert_eq!(
            proxy.last_words(),
            format!("2 connections, 16 B to the target, 18 B back; 34 B by {how}\n")
        );
    }
}

#[test]
fn metrics_are_where_they_are_said_to_be() {
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = target.local_addr().unwrap().to_string();
    let mut proxy = Proxy::start(&to, &["--admin", "127.0.0.1:0"]);
    let page = metrics(&proxy.admin());
    assert!(page.contains("crossdock_proxy_connections_accepted_total 0"), "{page}");
}

#[test]
fn a_second_signal_cuts_what_is_open() {
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = Proxy::start(&target.local_addr().unwrap().to_string(), &[]);
    let mut client = TcpStream::connect(&proxy.address).unwrap();
    let (_server, _) = target.accept().unwrap();
    proxy.process.terminate();
    // Once nobody listens, the first signal has been heard: two at once may count as one.
    while TcpStream::connect(&proxy.address).is_ok() {}
    proxy.process.terminate();
    assert!(client.read(&mut [0]).is_err());
    let last_words = proxy.last_words();
    assert!(last_words.contains(" cut), "), "{last_words}");
}

#[test]
fn a_killed_proxy_does_not_tell_peers_that_they_have_all_there_is() {
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut proxy = Proxy::start(&target.local_addr().unwrap().to_string(), &[]);
    let mut client = TcpStream::connect(&proxy.address).unwrap();
    let (mut server, _) = target.accept().unwrap();
    client.write_all(b"?").unwrap();
    server.read_exact(&mut [0]).unwrap();
    proxy.process.0.kill().unwrap();
    for peer in [&mut client, &mut server] {
        assert_eq!(peer.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    }
}

#[test]
fn a_proxy_killed_while_it_waits_for_the_target_does_not_tell_its_client_that_there_is_nothing() {
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    // With one connection that is not accepted its queue is full: the proxy's is not answered.
    rustix::net::listen(&target, 0).unwrap();
    let to = target.local_addr().unwrap();
    let _first = TcpStream::connect(to).unwrap();
    let mut proxy = Proxy::start(&to.to_string(), &["--admin", "127.0.0.1:0"]);
    let admin = proxy.admin();
    let mut client = TcpStream::connect(&proxy.address).unwrap();
    while !metrics(&admin).contains("crossdock_proxy_connections_accepted_total 1") {}
    proxy.process.0.kill().unwrap();
    assert_eq!(client.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[test]
fn wrong_arguments_are_named_with_what_was_expected() {
    for (arguments, expected) in [
        (["--listen", "nowhere", "--to", "b:1"], "\"nowhere\" is no address: expected HOST:PORT"),
        (["--listen", "127.0.0.1:0", "--to", "b"], "\"b\" is no address: expected HOST:PORT"),
        (["--listen", "127.0.0.1:0", "--to", "b:0"], "--to b:0: port 0 is nowhere to connect to"),
    ] {
        let output = Command::new(CROSSDOCK).arg("proxy").args(arguments).output().unwrap();
        assert!(!output.status.success());
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(expected), "{error}");
    }
    let output = Command::new(CROSSDOCK)
        .args(["proxy", "--listen", "a:0", "--to", "b:1", "--idle-timeout", "10"])
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("with its unit, as in 500ms, 10s, 5m or 1h"), "{error}");
}
