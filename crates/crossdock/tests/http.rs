//! `crossdock http` as its own process, as a user runs it.
#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

mod serving;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};

use denying::Call;
use rustix::io::Errno;
use serving::Serving;

const CROSSDOCK: &str = env!("CARGO_BIN_EXE_crossdock");

/// A server on a port that the system chose.
struct Server {
    process: Serving,
    address: String,
}

impl Server {
    fn start(root: &Path, options: &[&str]) -> Self {
        let mut process = Command::new(CROSSDOCK)
            .args(["http", "--listen", "127.0.0.1:0", "--root"])
            .arg(root)
            .args(options)
            .env("RUST_LOG", "error")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines().map(Result::unwrap);
        let line = lines.find(|line| line.contains("listens on")).unwrap();
        let address = line.split_once("http://").unwrap().1.trim_end_matches('/').to_owned();
        // The rest of the screen must find a reader.
        std::thread::spawn(move || lines.count());
        Self { process: Serving(process), address }
    }

    /// The answer to a GET, without its head.
    fn get(&self, path: &str) -> Vec<u8> {
        get(&self.address, path)
    }
}

fn get(address: &str, path: &str) -> Vec<u8> {
    let mut socket = TcpStream::connect(address).unwrap();
    socket.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).unwrap();
    let body = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap() + 4;
    answer.split_off(body)
}

#[test]
fn a_kernel_that_lacks_what_the_server_likes_to_use_serves_all_the_same() {
    let root = tempfile::tempdir().unwrap();
    let content: Vec<u8> = (0..300_000).map(|n| (n % 251) as u8).collect();
    fs::write(root.path().join("file"), &content).unwrap();
    let calls =
        [Call::Openat2, Call::Sendfile, Call::Splice, Call::Cachestat, Call::Preadv2, Call::Congestion];
    for errno in [Errno::NOSYS, Errno::PERM] {
        for lacks in [&calls[..1], &calls[1..2], &calls[..]] {
            // A process has the filter of the thread that starts it.
            let server = denying::where_fail(lacks, errno, || Server::start(root.path(), &[]));
            assert!(server.get("/file") == content, "{lacks:?} {errno:?}");
        }
    }
}

#[test]
fn a_policy_decides_how_files_leave() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("file"), vec![7; 100_000]).unwrap();
    let policy = root.path().join("policy.properties");
    fs::write(&policy, "crossdock.transfer.mechanism=splice\n").unwrap();
    let admin = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let options = ["--policy", policy.to_str().unwrap(), "--admin", &admin];
    let server = Server::start(root.path(), &options);
    assert_eq!(server.get("/file").len(), 100_000);
    let metrics = String::from_utf8(get(&admin, "/metrics")).unwrap();
    let expected =
        "crossdock_payload_bytes_total{path=\"http\",mechanism=\"splice\",reason=\"forced\"} 100000";
    assert!(metrics.contains(expected), "{metrics}");
}

#[test]
fn a_second_signal_ends_a_server_whose_log_nobody_reads() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("file"), "content").unwrap();
    let mut server = Server::start(root.path(), &["--access-log", "-"]);
    let mut client = TcpStream::connect(&server.address).unwrap();
    // Lines for much more than a pipe holds.
    let request = format!("GET /file HTTP/1.1\r\nHost: a\r\nUser-Agent: {}\r\n\r\n", "x".repeat(2_000));
    for _ in 0..200 {
        client.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\ncontent") {
            let mut byte = [0];
            client.read_exact(&mut byte).unwrap();
            answer.push(byte[0]);
        }
    }
    server.process.terminate();
    // Once nobody listens, the first signal has been heard: two at once may count as one.
    while TcpStream::connect(&server.address).is_ok() {}
    server.process.terminate();
    assert!(!server.process.0.wait().unwrap().success());
}
