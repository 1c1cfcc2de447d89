//! A bare socket: requests as no client sends them, and clients that are slow, silent or gone.

use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};

use super::answer::Answer;
use super::site::{LARGE, MEDIUM, SECRET};
use super::{Client, PATIENCE, Promise, Served, until};
use crate::clients::Report;
use crate::static_server::Kind;

/// Between the bytes of a slow request.
const SLOW: Duration = Duration::from_millis(3);
/// How many clients do nothing while another is served.
const IDLE: usize = 200;
/// How many go away in the middle of an answer.
const GONE: usize = 100;

/// Lines in a head that nginx leaves out rather than refuse the request (`ignore_invalid_headers`).
const NGINX_OVERLOOKS: [&str; 2] = ["a header without a name", "a header without a colon"];

/// What the server does with them.
pub(crate) fn check(served: &Served<'_>, report: &mut Report) {
    let promises: [Promise<Served<'_>>; 10] = [
        ("requests sent at once are answered in order", pipelining),
        ("an answer to HEAD, or of 304, has no body", no_body),
        ("a request that comes byte by byte is answered", slow_request),
        ("clients that are silent or do not read cost others nothing", idle_clients),
        ("a client that has sent its last request still gets the answer", half_closed),
        ("clients that go away in the middle of an answer leave nothing behind", gone_clients),
        ("what is no request is refused, and others are served", malformed),
        ("the body of a request is not taken for a request", smuggled),
        ("an address with its host is understood, and leads nowhere else", absolute_form),
        ("Expect: 100-continue does not hang", expect_continue),
    ];
    for (promise, check) in promises {
        report.check(Client::Socket.name(), promise, || check(served));
    }
}

fn pipelining(served: &Served<'_>) -> anyhow::Result<String> {
    let names =
        ["one.bin", "empty.bin", MEDIUM, "missing", "small.bin", "page.bin", "above.bin", MEDIUM, "one.bin"];
    let requests: String = names.iter().map(|name| get(name, "")).collect();
    let answers = Answer::all(&exchange(served, (requests + &get("one.bin", CLOSE)).as_bytes())?)?;
    ensure!(answers.len() == names.len() + 1, "{} answers to {} requests", answers.len(), names.len() + 1);
    for (answer, name) in answers.iter().zip(names) {
        match name {
            "missing" => answer.expect(404)?,
            name => answer.expect_body(200, &served.site.bytes(name)?).context(name)?,
        }
    }
    Ok(format!("{} requests", answers.len()))
}

fn no_body(served: &Served<'_>) -> anyhow::Result<String> {
    let head = "HEAD /medium.bin HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let unchanged = get(MEDIUM, "If-None-Match: *\r\n");
    let came = exchange(served, format!("{head}{unchanged}{}", get("one.bin", CLOSE)).as_bytes())?;
    let mut rest = &came[..];
    Answer::take(&mut rest, true)?.expect(200)?;
    Answer::take(&mut rest, false)?.expect(304)?;
    Answer::take(&mut rest, false)?.expect_body(200, &served.site.bytes("one.bin")?)?;
    ensure!(rest.is_empty(), "{} bytes too many", rest.len());
    Ok(String::new())
}

fn slow_request(served: &Served<'_>) -> anyhow::Result<String> {
    let mut stream = connect(served)?;
    for byte in get("small.bin", CLOSE).bytes() {
        stream.write_all(&[byte])?;
        // What is promised is about a request that comes so.
        sleep(SLOW);
    }
    Answer::take(&mut &rest(stream)?[..], false)?.expect_body(200, &served.site.bytes("small.bin")?)?;
    Ok(String::new())
}

fn idle_clients(served: &Served<'_>) -> anyhow::Result<String> {
    let mut idle = Vec::new();
    for number in 0..IDLE {
        let mut stream = connect(served)?;
        match number % 4 {
            0 => {}
            1 => stream.write_all(b"GET /one.bin HTT")?,
            2 => stream.write_all(b"GET /one.bin HTTP/1.1\r\nHost: localhost\r\nX: ")?,
            // It is sent as much as fits between server and client.
            _ => stream.write_all(get(LARGE, "").as_bytes())?,
        }
        idle.push(stream);
    }
    for _ in 0..10 {
        let answer = exchange(served, get(MEDIUM, CLOSE).as_bytes())?;
        Answer::take(&mut &answer[..], false)?.expect_body(200, &served.site.bytes(MEDIUM)?)?;
    }
    Ok(format!("{} of them", idle.len()))
}

fn half_closed(served: &Served<'_>) -> anyhow::Result<String> {
    let mut stream = connect(served)?;
    stream.write_all(get(MEDIUM, "").as_bytes())?;
    stream.shutdown(Shutdown::Write)?;
    Answer::take(&mut &rest(stream)?[..], false)?.expect_body(200, &served.site.bytes(MEDIUM)?)?;
    Ok(String::new())
}

fn gone_clients(served: &Served<'_>) -> anyhow::Result<String> {
    let open_files = || -> anyhow::Result<usize> {
        Ok(fs::read_dir(format!("/proc/{}/fd", served.server.pid()))?.count())
    };
    until("nobody is connected", || is_alone(served).unwrap_or(false))?;
    let before = open_files()?;
    let mut clients = Vec::new();
    for _ in 0..GONE {
        let mut stream = connect(served)?;
        stream.write_all(get(LARGE, "").as_bytes())?;
        stream.read_exact(&mut [0; 1_000])?;
        clients.push(stream);
    }
    ensure!(open_files()? >= before + GONE, "the server has not opened a socket for each client");
    // What they have not read makes the kernel reset their connections.
    drop(clients);
    until("all their sockets are closed", || open_files().is_ok_and(|now| now <= before))?;
    Ok(format!("{before} open files before and after"))
}

/// Whether no connection ends at the server (`/proc/net/tcp`, proc(5)).
fn is_alone(served: &Served<'_>) -> anyhow::Result<bool> {
    /// Established, and closed by the client alone.
    const OPEN: [&str; 2] = ["01", "08"];
    let (_, port) = served.server.address.rsplit_once(':').context("a port")?;
    let port = format!(":{:04X}", port.parse::<u16>()?);
    let table = fs::read_to_string("/proc/net/tcp")?;
    Ok(!table.lines().any(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        fields.get(1).is_some_and(|local| local.ends_with(&port))
            && fields.get(3).is_some_and(|state| OPEN.contains(state))
    }))
}

fn malformed(served: &Served<'_>) -> anyhow::Result<String> {
    let requests: [(&str, &[u8]); 17] = [
        ("no host", b"GET / HTTP/1.1\r\n\r\n"),
        ("two hosts", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        ("no version that there is", b"GET / HTTP/9.9\r\nHost: a\r\n\r\n"),
        ("no version", b"GET / HTTP/\r\nHost: a\r\n\r\n"),
        ("no address", b"GET HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("no slash", b"GET one.bin HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("no method", b" / HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("a space before the colon", b"GET / HTTP/1.1\r\nHost : a\r\n\r\n"),
        ("a header without a name", b"GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n"),
        ("a header without a colon", b"GET / HTTP/1.1\r\nHost: a\r\nnothing\r\n\r\n"),
        ("a zero in a header", b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"),
        ("a zero in the address", b"GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("two lengths", b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx"),
        ("a length that is none", b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"),
        (
            "a length and chunks",
            b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        ("TLS", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\xde\xad\xbe\xef\r\n\r\n"),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"),
    ];
    let mut refused = 0;
    for (what, request) in requests {
        if served.kind == Kind::Nginx && NGINX_OVERLOOKS.contains(&what) {
            continue;
        }
        let mut stream = connect(served)?;
        // It may have been closed on the first line.
        let _ = stream.write_all(request).and_then(|()| stream.shutdown(Shutdown::Write));
        let came = rest(stream).with_context(|| what.to_owned())?;
        // Closed without a word, or told. A server of old answers what it takes for HTTP/0.9 without a head.
        if let Some(begin) = came.get(..12) {
            let status = std::str::from_utf8(begin).ok().and_then(|begin| begin.strip_prefix("HTTP/1.1 "));
            if let Some(status) = status {
                ensure!(status.starts_with('4') || status.starts_with("50"), "{what}: status {status}");
                refused += 1;
            }
        }
        ensure!(!came.windows(8).any(|window| window == b" 200 OK\r"), "{what} was served");
    }
    let answer = exchange(served, get("one.bin", CLOSE).as_bytes())?;
    Answer::take(&mut &answer[..], false)?.expect(200)?;
    Ok(format!("{refused} of {} told, the others closed", requests.len()))
}

fn smuggled(served: &Served<'_>) -> anyhow::Result<String> {
    let hidden = get("small.bin", "");
    for (what, request) in [
        (
            "a length",
            format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{hidden}", hidden.len()),
        ),
        (
            "a length of GET",
            format!("GET /one.bin HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{hidden}", hidden.len()),
        ),
        (
            "chunks",
            format!(
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{hidden}\r\n0\r\n\r\n",
                hidden.len()
            ),
        ),
        (
            "chunks of GET",
            format!(
                "GET /one.bin HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{hidden}\r\n0\r\n\r\n",
                hidden.len()
            ),
        ),
    ] {
        let came = exchange(served, format!("{request}{}", get("page.bin", CLOSE)).as_bytes())?;
        let answers = Answer::all(&came).with_context(|| what.to_owned())?;
        let found = answers
            .iter()
            .any(|answer| answer.body.len() == served.site.bytes("small.bin").map_or(0, |b| b.len()));
        ensure!(!found, "{what}: the hidden request was answered");
        // Closed after the first, or both answered.
        ensure!((1..=2).contains(&answers.len()), "{what}: {} answers", answers.len());
        if let Some(second) = answers.get(1) {
            second.expect_body(200, &served.site.bytes("page.bin")?).with_context(|| what.to_owned())?;
        }
    }
    Ok(String::new())
}

fn absolute_form(served: &Served<'_>) -> anyhow::Result<String> {
    let ask = |address: &str| {
        let request = format!("GET {address} HTTP/1.1\r\nHost: localhost\r\n{CLOSE}\r\n");
        Answer::take(&mut &exchange(served, request.as_bytes())?[..], false)
    };
    ask("http://localhost/one.bin")?.expect_body(200, &served.site.bytes("one.bin")?)?;
    for address in
        ["http://localhost/../secret.txt", "http://localhost/%2e%2e/secret.txt", "http://localhost"]
    {
        let answer = ask(address)?;
        ensure!(answer.body != SECRET, "{address} led out of the root");
    }
    Ok(String::new())
}

fn expect_continue(served: &Served<'_>) -> anyhow::Result<String> {
    let mut stream = connect(served)?;
    let head = format!(
        "PUT /one.bin HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\nExpect: 100-continue\r\n{CLOSE}\r\n"
    );
    stream.write_all(head.as_bytes())?;
    let mut begin = [0; 12];
    stream.read_exact(&mut begin)?;
    let begin = String::from_utf8_lossy(&begin);
    ensure!(["HTTP/1.1 100", "HTTP/1.1 405", "HTTP/1.1 501", "HTTP/1.1 417"].contains(&&*begin), "{begin}");
    Ok(begin.into_owned())
}

/// Asks to close the connection after the answer.
const CLOSE: &str = "Connection: close\r\n";

/// A request for a file, with these further headers.
fn get(name: &str, headers: &str) -> String {
    format!("GET /{name} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n")
}

fn connect(served: &Served<'_>) -> anyhow::Result<TcpStream> {
    let stream = TcpStream::connect(&served.server.address).context("connecting")?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Sends `request` on a connection of its own and returns all that comes until the server closes it.
fn exchange(served: &Served<'_>, request: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut stream = connect(served)?;
    // A server may have closed the connection on the first line.
    let _ = stream.write_all(request);
    rest(stream)
}

/// All that comes until the server closes the connection.
fn rest(mut stream: TcpStream) -> anyhow::Result<Vec<u8>> {
    let mut came = Vec::new();
    match stream.read_to_end(&mut came) {
        Ok(_) => Ok(came),
        Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(came),
        Err(error) => bail!(
            "{error} after {} bytes: {:?}",
            came.len(),
            String::from_utf8_lossy(&came[..came.len().min(300)])
        ),
    }
}
