//! `crossdock http` as its own process, as a user runs it.
#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

const CROSSDOCK: &str = env!("CARGO_BIN_EXE_crossdock");

/// A server on a port that the system chose; killed if the test ends without stopping it.
struct Server {
    process: Child,
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
        Self { process, address }
    }

    fn terminate(&self) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
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
    server.terminate();
    // Once nobody listens, the first signal has been heard: two at once may count as one.
    while TcpStream::connect(&server.address).is_ok() {}
    server.terminate();
    assert!(!server.process.wait().unwrap().success());
}
