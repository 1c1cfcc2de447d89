//! The head of an answer: status line and fields.

use std::cell::RefCell;
use std::fmt::{Arguments, Display, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use rustix::time::{ClockId, clock_gettime};

use crate::status::Status;

/// Most heads are shorter.
const USUAL_BYTES: usize = 320;

/// A head that is being written.
#[derive(Debug)]
pub(crate) struct Head(String);

impl Head {
    /// With the fields that every answer has.
    pub(crate) fn new(status: Status) -> Self {
        let mut head = Self(String::with_capacity(USUAL_BYTES));
        head.write(format_args!("HTTP/1.1 {status}\r\nServer: Crossdock\r\n"));
        with_date(|date| head.field("Date", date));
        head
    }

    /// Adds a field. The value is this server's own, or escaped: it has no line end in it.
    pub(crate) fn field(&mut self, name: &str, value: &str) {
        // Formatting takes longer, and an answer has seven of them.
        for part in [name, ": ", value, "\r\n"] {
            self.0.push_str(part);
        }
    }

    /// The same, of a value that has to be formatted.
    pub(crate) fn field_of(&mut self, name: &str, value: impl Display) {
        self.write(format_args!("{name}: {value}\r\n"));
    }

    /// The whole head, with the empty line.
    pub(crate) fn end(mut self) -> Bytes {
        self.0.push_str("\r\n");
        self.0.into()
    }

    fn write(&mut self, text: Arguments<'_>) {
        // Writing to memory does not fail.
        let _ = self.0.write_fmt(text);
    }
}

/// Gives `to` the date now. It is formatted once a second.
pub(crate) fn with_date<T>(to: impl FnOnce(&str) -> T) -> T {
    thread_local! {
        static NOW: Latest = const { Latest::new() };
    }
    NOW.with(|latest| latest.with_date_of(now(), to))
}

/// Gives `to` the date of a file. Of files that changed in one second it is formatted once, if they are asked for one after
/// the other.
pub(crate) fn with_date_of<T>(modified: SystemTime, to: impl FnOnce(&str) -> T) -> T {
    thread_local! {
        static OF_FILE: Latest = const { Latest::new() };
    }
    OF_FILE.with(|latest| latest.with_date_of(modified, to))
}

/// A date as HTTP writes it, and the second after 1970 that it is of.
struct Latest(RefCell<(u64, String)>);

impl Latest {
    const fn new() -> Self {
        Self(RefCell::new((u64::MAX, String::new())))
    }

    fn with_date_of<T>(&self, time: SystemTime, to: impl FnOnce(&str) -> T) -> T {
        let second = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let (of_second, date) = &mut *self.0.borrow_mut();
        if *of_second != second {
            *of_second = second;
            *date = httpdate::fmt_http_date(time);
        }
        to(date)
    }
}

/// The time, behind by some milliseconds, as that of files is: it costs less to ask for.
pub(crate) fn now() -> SystemTime {
    let now = clock_gettime(ClockId::RealtimeCoarse);
    let since = Duration::new(now.tv_sec.try_into().unwrap_or(0), now.tv_nsec.try_into().unwrap_or(0));
    UNIX_EPOCH + since
}

/// The time `seconds` after 1970, or the nearest to it that a date of HTTP can tell: from 1970 to 9999.
pub(crate) fn date_of(seconds: i64) -> SystemTime {
    const END_OF_9999: u64 = 253_402_300_799;
    UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or(0).min(END_OF_9999))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_any_time_has_a_date() {
        for (seconds, date) in [
            (i64::MIN, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (1_795_262_400, "Sat, 21 Nov 2026 12:00:00 GMT"),
            (i64::MAX, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ] {
            assert_eq!(httpdate::fmt_http_date(date_of(seconds)), date);
        }
    }

    #[test]
    fn a_head_has_status_date_and_fields_and_ends_with_an_empty_line() {
        let mut head = Head::new(Status::NOT_FOUND);
        head.field_of("Content-Length", 7);
        let text = String::from_utf8(head.end().to_vec()).unwrap();
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert_eq!(lines[0], "HTTP/1.1 404 Not Found");
        assert!(httpdate::parse_http_date(lines[2].strip_prefix("Date: ").unwrap()).is_ok());
        assert_eq!(lines[3..], ["Content-Length: 7", "", ""]);
    }
}
