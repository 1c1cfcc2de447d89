//! Where to listen, and where to connect: a host and a port.

use std::fmt;
use std::str::FromStr;

/// A host, by name or by number, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// A name, an IPv4 address, or an IPv6 address without brackets.
    pub host: String,
    /// The TCP port; 0 is any free one where something listens.
    pub port: u16,
}

/// A text is no [`HostPort`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no address: expected HOST:PORT, as in localhost:9092, 10.0.0.7:80 or [::1]:9092")]
pub struct NotHostPort(String);

impl FromStr for HostPort {
    type Err = NotHostPort;

    /// Reads `HOST:PORT`; an IPv6 address is in brackets: `[::1]:9092`.
    fn from_str(text: &str) -> Result<Self, NotHostPort> {
        let bad = || NotHostPort(text.to_owned());
        let (host, port) = text.rsplit_once(':').ok_or_else(bad)?;
        let host = match host.strip_prefix('[') {
            Some(bracketed) => bracketed.strip_suffix(']').ok_or_else(bad)?,
            None if host.contains(':') => return Err(bad()),
            None => host,
        };
        if host.is_empty() {
            return Err(bad());
        }
        Ok(Self { host: host.to_owned(), port: port.parse().map_err(|_| bad())? })
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_both_kinds_of_numbers_are_read_and_shown_alike() {
        for text in ["localhost:9092", "10.0.0.7:0", "[::1]:9092", "[fe80::1%eth0]:65535"] {
            assert_eq!(text.parse::<HostPort>().unwrap().to_string(), text);
        }
        assert_eq!("[::1]:9092".parse::<HostPort>().unwrap().host, "::1");
    }

    #[test]
    fn what_is_no_address_is_named() {
        for text in ["", "localhost", ":9092", "host:", "host:99999", "::1:9092", "[::1:9092"] {
            let error = text.parse::<HostPort>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("{text:?} is no address")), "{error}");
        }
    }
}
