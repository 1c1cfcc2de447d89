//! How is a server asked, and for how long, and when is a connection used again?

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::ops::Range;
use std::time::Duration;

use anyhow::{Context, Error, anyhow, bail};

use super::address::Address;
use super::head::Head;

/// Within this, somebody who is there has answered a few times over; as long as connecting in the proxy takes at most.
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// A server that reads from slow disks says something more often.
pub(super) const SILENCE_MAX: Duration = Duration::from_secs(60);

/// Heads of servers have some hundred bytes; with everything that grows in fields, some KiB.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Read at a time until a head is there. What of the body comes with it is copied: it is to be little.
const READ_BYTES: usize = 4096;

/// Asks for one file, over one connection after the other.
#[derive(Debug)]
pub(super) struct Client {
    address: Address,
    /// Nothing is under way on it.
    idle: Option<TcpStream>,
}

/// An answer whose body is still to be read.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) head: Head,
    /// What of the body came with the head.
    pub(super) early: Vec<u8>,
    /// Where the rest comes from.
    pub(super) socket: TcpStream,
}

impl Client {
    pub(super) fn new(address: Address) -> Self {
        Self { address, idle: None }
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// Asks for the file or a range of it; with `validator`, only out of the state of the file that it stands for.
    pub(super) fn get(
        &mut self,
        range: Option<&Range<u64>>,
        validator: Option<&str>,
    ) -> anyhow::Result<Answer> {
        let request = self.request(range, validator);
        // Servers end connections that are idle whenever they like: then it was not heard.
        if let Some(socket) = self.idle.take()
            && let Some(answer) = exchange(socket, &request)?
        {
            return Ok(answer);
        }
        match exchange(self.connect()?, &request)? {
            Some(answer) => Ok(answer),
            None => bail!("{} ended the connection without an answer", self.address.authority()),
        }
    }

    /// Keeps the connection of an answer whose body was read, if it can be used again.
    pub(super) fn finish(&mut self, answer: Answer) -> anyhow::Result<()> {
        let socket = answer.socket;
        let mut more = [0; READ_BYTES];
        socket.set_nonblocking(true).context("cannot look at the connection")?;
        let found = socket.peek(&mut more);
        socket.set_nonblocking(false).context("cannot look at the connection")?;
        match found {
            // It says so itself, or the next request will.
            Ok(0) | Err(_) => {}
            Ok(more) => bail!("behind the body came {more} bytes that belong to nothing"),
        }
        self.idle = answer.head.keeps_connection.then_some(socket);
        Ok(())
    }

    fn request(&self, range: Option<&Range<u64>>, validator: Option<&str>) -> String {
        let (host, target) = (self.address.authority(), self.address.target());
        let version = env!("CARGO_PKG_VERSION");
        let mut request = format!(
            "GET {target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: crossdock/{version}\r\nAccept: */*\r\n\
             Accept-Encoding: identity\r\n"
        );
        if let Some(range) = range {
            request += &format!("Range: bytes={}\r\n", shown(range));
        }
        if let Some(validator) = validator {
            request += &format!("If-Range: {validator}\r\n");
        }
        request + "\r\n"
    }

    fn connect(&self) -> anyhow::Result<TcpStream> {
        let (host, port) = self.address.endpoint();
        let found = (host, port).to_socket_addrs().with_context(|| format!("cannot find {host}"))?;
        let mut failure = anyhow!("{host} has no address");
        for address in found {
            match TcpStream::connect_timeout(&address, CONNECT_MAX) {
                Ok(socket) => {
                    socket.set_read_timeout(Some(SILENCE_MAX)).context("cannot limit waiting")?;
                    socket.set_write_timeout(Some(SILENCE_MAX)).context("cannot limit waiting")?;
                    return Ok(socket);
                }
                Err(error) if error.kind() == ErrorKind::TimedOut => {
                    failure = anyhow!("{address} did not answer within {} s", CONNECT_MAX.as_secs());
                }
                Err(error) => failure = anyhow!("cannot connect to {address}: {error}"),
            }
        }
        Err(failure)
    }
}

/// A range as HTTP says it, the last byte included. It is not empty.
pub(super) fn shown(range: &Range<u64>) -> String {
    format!("{}-{}", range.start, range.end.saturating_sub(1))
}

/// What is to be told of a connection that failed.
pub(super) fn explain(error: std::io::Error) -> Error {
    match error.kind() {
        ErrorKind::WouldBlock => anyhow!("nothing came or went for {} s", SILENCE_MAX.as_secs()),
        _ => Error::new(error).context("the connection failed"),
    }
}

/// Sends a request and reads the head of its answer. `None`: the connection ended before there was any answer.
fn exchange(mut socket: TcpStream, request: &str) -> anyhow::Result<Option<Answer>> {
    match socket.write_all(request.as_bytes()) {
        Err(error) if is_ended(error.kind()) => return Ok(None),
        written => written.map_err(explain)?,
    }
    let mut bytes = Vec::new();
    let mut came = 0;
    while came < HEAD_BYTES_MAX {
        let before = bytes.len();
        bytes.resize(before + READ_BYTES.min(HEAD_BYTES_MAX - came), 0);
        let read = match socket.read(&mut bytes[before..]) {
            Err(error) if error.kind() == ErrorKind::Interrupted => 0,
            Err(error) if came == 0 && is_ended(error.kind()) => return Ok(None),
            Err(error) => return Err(explain(error)),
            Ok(0) if came == 0 => return Ok(None),
            Ok(0) => bail!("the connection ended in the head of the answer, after {came} bytes"),
            Ok(read) => read,
        };
        bytes.truncate(before + read);
        came += read;
        while let Some((head, len)) = Head::parse(&bytes)? {
            bytes.drain(..len);
            // Heads that announce the one that counts.
            if !(100..200).contains(&head.status) {
                return Ok(Some(Answer { head, early: bytes, socket }));
            }
        }
    }
    bail!("the head of the answer has more than {HEAD_BYTES_MAX} bytes");
}

fn is_ended(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// Answers the connections that come, one after the other, with these bytes, and ends each of them.
    fn server(answers: &'static [&'static str]) -> Client {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = Address::parse(&format!("http://{}/x", listener.local_addr().unwrap())).unwrap();
        thread::spawn(move || {
            for answer in answers {
                let (mut socket, _) = listener.accept().unwrap();
                let mut request = [0; 4096];
                assert!(socket.read(&mut request).unwrap() > 0);
                socket.write_all(answer.as_bytes()).unwrap();
            }
        });
        Client::new(address)
    }

    #[test]
    fn requests_name_host_range_and_state() {
        let client = Client::new(Address::parse("http://[::1]:81/x?y").unwrap());
        let request = client.request(Some(&(5..10)), Some("\"a\""));
        assert!(request.starts_with("GET /x?y HTTP/1.1\r\nHost: [::1]:81\r\n"), "{request}");
        assert!(
            request.ends_with("Accept-Encoding: identity\r\nRange: bytes=5-9\r\nIf-Range: \"a\"\r\n\r\n"),
            "{request}"
        );
        assert!(!client.request(None, None).contains("Range"));
    }

    #[test]
    fn a_connection_that_the_server_has_ended_meanwhile_is_replaced() {
        const EMPTY: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        let mut client = server(&[EMPTY, EMPTY]);
        for _ in 0..2 {
            let answer = client.get(None, None).unwrap();
            client.finish(answer).unwrap();
        }
    }

    #[test]
    fn announcements_are_passed_over_and_the_body_begins_behind_the_head() {
        let mut client = server(&["HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\nbody"]);
        let answer = client.get(None, None).unwrap();
        assert_eq!((answer.head.status, answer.early.as_slice()), (200, &b"body"[..]));
    }

    #[test]
    fn answers_that_are_none_are_errors_that_say_why() {
        let endless: &'static str =
            Box::leak(format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(70_000)).into_boxed_str());
        for (answers, expected) in [
            ([""], "ended the connection without an answer"),
            (
                ["HTTP/1.1 200 OK\r\nContent-"],
                "the connection ended in the head of the answer, after 25 bytes",
            ),
            (["ICY 200 OK\r\n\r\n"], "the answer is not HTTP/1.1"),
            ([endless], "the head of the answer has more than 65536 bytes"),
        ] {
            let error = server(Box::leak(Box::new(answers))).get(None, None).unwrap_err();
            assert!(format!("{error:#}").contains(expected), "{error:#}");
        }
    }

    #[test]
    fn bytes_behind_a_body_are_an_error_with_their_number() {
        let mut client = server(&["HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"]);
        let mut answer = client.get(None, None).unwrap();
        // As if the server had sent them a moment later.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut sender = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        sender.write_all(b"more").unwrap();
        answer.socket = listener.accept().unwrap().0;
        // They have come when one of them can be seen.
        answer.socket.peek(&mut [0]).unwrap();
        let error = client.finish(answer).unwrap_err().to_string();
        assert_eq!(error, "behind the body came 4 bytes that belong to nothing");
    }
}
