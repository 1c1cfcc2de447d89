//! Where a broker is reached.

use std::fmt;
use std::str::FromStr;

use crate::ClientError;

/// A host, by name or by number, and a port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    /// A name, an IPv4 address, or an IPv6 address without brackets.
    pub host: String,
    /// The TCP port.
    pub port: u16,
}

impl Address {
    /// Reads `HOST:PORT[,HOST:PORT…]`, as Kafka's `bootstrap.servers` has it.
    ///
    /// # Errors
    /// [`ClientError::Address`] names the first part that is no address.
    pub fn parse_list(list: &str) -> Result<Vec<Self>, ClientError> {
        list.split(',').map(str::trim).map(Self::from_str).collect()
    }
}

impl FromStr for Address {
    type Err = ClientError;

    /// Reads `HOST:PORT`; an IPv6 address is in brackets: `[::1]:9092`.
    fn from_str(text: &str) -> Result<Self, ClientError> {
        let bad = || ClientError::Address(text.to_owned());
        let (host, port) = text.rsplit_once(':').ok_or_else(bad)?;
        let host = match host.strip_prefix('[') {
            Some(bracketed) => bracketed.strip_suffix(']').ok_or_else(bad)?,
            None if host.contains(':') => return Err(bad()),
            None => host,
        };
        let port = port.parse().map_err(|_| bad())?;
        if host.is_empty() || port == 0 {
            return Err(bad());
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for Address {
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
        for text in ["localhost:9092", "10.0.0.7:1", "[::1]:9092", "[fe80::1%eth0]:65535"] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
        }
        assert_eq!("[::1]:9092".parse::<Address>().unwrap().host, "::1");
    }

    #[test]
    fn a_list_is_read_in_order() {
        let list = Address::parse_list("a:1, b:2").unwrap();
        assert_eq!(list.iter().map(Address::to_string).collect::<Vec<_>>(), ["a:1", "b:2"]);
    }

    #[test]
    fn what_is_no_address_is_named() {
        for text in ["", "localhost", ":9092", "host:", "host:0", "host:99999", "::1:9092", "[::1:9092"] {
            assert!(
                matches!(text.parse::<Address>(), Err(ClientError::Address(bad)) if bad == text),
                "{text}"
            );
        }
        assert!(matches!(Address::parse_list("a:1,,b:2"), Err(ClientError::Address(bad)) if bad.is_empty()));
    }
}
