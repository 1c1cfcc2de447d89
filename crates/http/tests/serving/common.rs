//! What the tests share: a folder that is served, and a client that sends exactly what it is told.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use http::{RunningServer, Settings};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use transfer::PayloadEntry;

/// No answer takes longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A served folder.
pub(crate) struct Site {
    pub(crate) folder: TempDir,
    pub(crate) server: RunningServer,
}

impl Site {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(set: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::new(folder.path(), "127.0.0.1:0");
        set(&mut settings);
        let server = RunningServer::start(settings).await.unwrap();
        Self { folder, server }
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn set_modified(&self, path: &str, time: SystemTime) {
        let file = File::options().write(true).open(self.folder.path().join(path)).unwrap();
        file.set_modified(time).unwrap();
    }

    pub(crate) async fn connect(&self) -> Connection {
        let stream = TcpStream::connect(self.server.address()).await.unwrap();
        Connection { stream, unread: Vec::new() }
    }

    /// Sends a GET with these fields, on a connection of its own.
    pub(crate) async fn get(&self, target: &str, fields: &[&str]) -> Response {
        self.ask("GET", target, fields).await
    }

    pub(crate) async fn ask(&self, method: &str, target: &str, fields: &[&str]) -> Response {
        let mut connection = self.connect().await;
        connection.send(request(method, target, fields)).await;
        connection.receive_to(method).await.expect("an answer")
    }

    /// What the ledger has of payload for HTTP.
    pub(crate) fn payload(&self) -> Vec<PayloadEntry> {
        let snapshot = self.server.engine().ledger().snapshot();
        snapshot.iter().filter(|entry| entry.path == transfer::Path::Http).collect()
    }
}

/// A request of HTTP/1.1.
pub(crate) fn request(method: &str, target: &str, fields: &[&str]) -> String {
    let mut text = format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\n");
    for field in fields {
        text.push_str(field);
        text.push_str("\r\n");
    }
    text + "\r\n"
}

/// Bytes of which no two stretches are alike.
pub(crate) fn content(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        // xorshift64.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    unread: Vec<u8>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// The value of a field that comes once.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let mut values = self.fields.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} comes twice");
        value
    }
}

impl Connection {
    /// Sends bytes as they are. Whether the server still reads shows in its answer.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref()).await;
    }

    /// The answer to a GET; `None` if the server closes instead.
    pub(crate) async fn receive(&mut self) -> Option<Response> {
        self.receive_to("GET").await
    }

    pub(crate) async fn receive_to(&mut self, method: &str) -> Option<Response> {
        let head_len = loop {
            if let Some(at) = self.unread.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            if !self.read_more().await {
                assert!(self.unread.is_empty(), "half a head: {:?}", String::from_utf8_lossy(&self.unread));
                return None;
            }
        };
        let head = String::from_utf8(self.unread.drain(..head_len).collect()).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().unwrap().strip_prefix("HTTP/1.1 ").unwrap()[..3].parse().unwrap();
        let field = |line: &str| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_owned(), value.to_owned())
        };
        let mut response = Response { status, fields: lines.map(field).collect(), body: Vec::new() };
        let has_body = method != "HEAD" && status != 304;
        let len = if has_body { response.field("Content-Length").unwrap().parse().unwrap() } else { 0 };
        while self.unread.len() < len && self.read_more().await {}
        response.body = self.unread.drain(..len.min(self.unread.len())).collect();
        Some(response)
    }

    /// Whether the server closes and says nothing more.
    pub(crate) async fn is_closed(&mut self) -> bool {
        self.unread.is_empty() && !self.read_more().await
    }

    /// Whether anything came.
    async fn read_more(&mut self) -> bool {
        let read = tokio::time::timeout(PATIENCE * 10, self.stream.read_buf(&mut self.unread)).await;
        // A reset is an end, too.
        read.expect("the server says nothing").unwrap_or(0) > 0
    }
}
