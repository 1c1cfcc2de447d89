//! The access log: one line for each answer, in the combined format that Apache httpd and nginx write.

use std::fs::OpenOptions;
use std::io::{self, BufWriter, Write};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, SyncSender, TryRecvError};
use std::thread::{self, JoinHandle};

use tracing::warn;

use crate::head::with_date;
use crate::request::Told;
use crate::status::Status;

/// Lines that wait for the disk. Beyond that lines are lost, and counted: no client waits for the log.
const LINES_MAX: usize = 8_192;

/// No field of a line is longer.
const FIELD_MAX_BYTES: usize = 2_048;

/// Where lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogTo {
    /// To standard output.
    Stdout,
    /// To the end of a file.
    File(PathBuf),
}

/// A log that is written by a thread of its own. Dropping it waits until all lines are written.
#[derive(Debug)]
pub(crate) struct AccessLog {
    /// There until the log is dropped.
    lines: Option<SyncSender<String>>,
    writer: Option<JoinHandle<()>>,
}

impl AccessLog {
    /// Opens the log.
    ///
    /// # Errors
    /// When the file cannot be written to.
    pub(crate) fn open(to: &LogTo) -> io::Result<Self> {
        let out: Box<dyn Write + Send> = match to {
            LogTo::Stdout => Box::new(io::stdout()),
            LogTo::File(path) => Box::new(OpenOptions::new().create(true).append(true).open(path)?),
        };
        let (lines, waiting) = mpsc::sync_channel(LINES_MAX);
        let writer =
            thread::Builder::new().name("access-log".to_owned()).spawn(move || write(&waiting, out))?;
        Ok(Self { lines: Some(lines), writer: Some(writer) })
    }

    /// Adds a line. Gives whether there was room.
    pub(crate) fn add(&self, peer: IpAddr, told: &Told, status: Status, body_bytes: u64) -> bool {
        let line = line(peer, told, status, body_bytes);
        self.lines.as_ref().is_some_and(|lines| lines.try_send(line).is_ok())
    }
}

impl Drop for AccessLog {
    fn drop(&mut self) {
        drop(self.lines.take());
        // A thread that has panicked has said so.
        let _ = self.writer.take().map(JoinHandle::join);
    }
}

/// Lines are written when nobody adds another, or when there are many.
fn write(lines: &Receiver<String>, out: Box<dyn Write + Send>) {
    let mut out = BufWriter::with_capacity(64 * 1024, out);
    let mut fails = false;
    while let Ok(first) = lines.recv() {
        let mut result = out.write_all(first.as_bytes());
        let is_over = loop {
            match lines.try_recv() {
                Ok(line) => result = result.and_then(|()| out.write_all(line.as_bytes())),
                Err(TryRecvError::Empty) => break false,
                Err(TryRecvError::Disconnected) => break true,
            }
        };
        result = result.and_then(|()| out.flush());
        if let Err(error) = &result
            && !fails
        {
            warn!("the access log cannot be written: {error}");
        }
        fails = result.is_err();
        if is_over {
            return;
        }
    }
}

/// `203.0.113.7 - - [21/Nov/2026:14:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "curl/8"`.
fn line(peer: IpAddr, told: &Told, status: Status, body_bytes: u64) -> String {
    let time = with_date(log_time);
    let [request, referer, agent] =
        [&told.request_line, &told.referer, &told.user_agent].map(|field| escaped(field));
    let peer = peer.to_canonical();
    format!("{peer} - - [{time}] \"{request}\" {} {body_bytes} \"{referer}\" \"{agent}\"\n", status.code())
}

/// `Sat, 21 Nov 2026 14:00:00 GMT` as `21/Nov/2026:14:00:00 +0000`.
fn log_time(date: &str) -> String {
    let mut words = date.split(' ').skip(1);
    let mut next = || words.next().unwrap_or_default();
    let (day, month, year, time) = (next(), next(), next(), next());
    format!("{day}/{month}/{year}:{time} +0000")
}

/// What is not plain text is written as `\x0a`, so that a line stays a line; nothing as `-`.
fn escaped(field: &str) -> String {
    if field.is_empty() {
        return "-".to_owned();
    }
    let mut escaped = String::with_capacity(field.len());
    for byte in field.bytes().take(FIELD_MAX_BYTES) {
        match byte {
            b'"' | b'\\' => escaped.extend(['\\', char::from(byte)]),
            b' '..=b'~' => escaped.push(char::from(byte)),
            byte => escaped.push_str(&format!("\\x{byte:02x}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(request_line: &str, user_agent: &str) -> Told {
        Told {
            request_line: request_line.to_owned(),
            referer: String::new(),
            user_agent: user_agent.to_owned(),
        }
    }

    #[test]
    fn a_line_has_the_fields_of_the_combined_format() {
        let peer = "::ffff:203.0.113.7".parse().unwrap();
        let line = line(peer, &told("GET /a HTTP/1.1", "curl/8"), Status::OK, 5);
        assert!(line.starts_with("203.0.113.7 - - ["), "{line}");
        assert!(line.ends_with(" +0000] \"GET /a HTTP/1.1\" 200 5 \"-\" \"curl/8\"\n"), "{line}");
        assert_eq!(log_time("Sat, 21 Nov 2026 14:00:00 GMT"), "21/Nov/2026:14:00:00 +0000");
    }

    #[test]
    fn a_client_cannot_write_lines_of_its_own() {
        let line = line("::1".parse().unwrap(), &told("GET /\n\" x", "\u{1b}[31m\\é"), Status::OK, 0);
        assert_eq!(line.matches('\n').count(), 1);
        assert!(line.contains("\"GET /\\x0a\\\" x\""), "{line}");
        assert!(line.contains("\"\\x1b[31m\\\\\\xc3\\xa9\""), "{line}");
    }

    #[test]
    fn all_lines_are_in_the_file_when_the_log_is_dropped() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let log = AccessLog::open(&LogTo::File(file.path().to_owned())).unwrap();
        let added = (0..1_000)
            .filter(|number| log.add("::1".parse().unwrap(), &told(&number.to_string(), ""), Status::OK, 0));
        assert_eq!(added.count(), 1_000);
        drop(log);
        let text = std::fs::read_to_string(file.path()).unwrap();
        assert_eq!(text.lines().count(), 1_000);
        assert!(text.lines().last().unwrap().contains("\"999\""));
    }
}
