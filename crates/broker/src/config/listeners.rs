//! Listeners: `NAME://HOST:PORT`, and the security protocol that each name stands for.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::value::split_host_port;

/// An address where clients connect, or are told to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// In upper case, such as `PLAINTEXT`.
    pub name: String,
    /// A name or an address, without brackets. Empty where a broker listens on all of its addresses.
    pub host: String,
    /// 0 for any free one.
    pub port: u16,
}

impl Listener {
    /// Whether it stands for all addresses of the machine, which nobody can connect to by name.
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        matches!(self.host.as_str(), "" | "0.0.0.0" | "::")
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            host if host.contains(':') => write!(f, "{}://[{host}]:{}", self.name, self.port),
            host => write!(f, "{}://{host}:{}", self.name, self.port),
        }
    }
}

/// How a listener is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecurityProtocol {
    /// Not at all.
    Plaintext,
    /// TLS.
    Ssl,
    /// SASL over TCP.
    SaslPlaintext,
    /// SASL over TLS.
    SaslSsl,
}

impl SecurityProtocol {
    /// The protocols that Crossdock serves.
    pub const SERVED: [Self; 1] = [Self::Plaintext];

    const ALL: [Self; 4] = [Self::Plaintext, Self::Ssl, Self::SaslPlaintext, Self::SaslSsl];

    /// The name in settings.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plaintext => "PLAINTEXT",
            Self::Ssl => "SSL",
            Self::SaslPlaintext => "SASL_PLAINTEXT",
            Self::SaslSsl => "SASL_SSL",
        }
    }
}

/// What is wrong with a setting about listeners, as the end of the sentence "expected …".
type Expected = String;

/// Reads `NAME://HOST:PORT`s. No two may have the same name, or the same port unless one is an address of IPv4 and the
/// other of IPv6.
pub(super) fn parse(entries: &[String]) -> Result<Vec<Listener>, Expected> {
    let mut listeners: Vec<Listener> = Vec::new();
    for entry in entries {
        let listener = parse_one(entry).ok_or_else(|| format!("NAME://HOST:PORT in place of {entry}"))?;
        for other in &listeners {
            if other.name == listener.name {
                return Err(format!("a name of its own for each listener in place of two {}", other.name));
            }
            if other.port == listener.port
                && other.port != 0
                && !of_both_families(&other.host, &listener.host)
            {
                return Err(format!("a port of its own for each listener in place of two {}", other.port));
            }
        }
        listeners.push(listener);
    }
    Ok(listeners)
}

/// Reads `NAME:PROTOCOL,…`.
pub(super) fn protocols(map: &str) -> Result<BTreeMap<String, SecurityProtocol>, Expected> {
    let entries = map.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    entries
        .map(|entry| protocol_of(entry).ok_or_else(|| format!("NAME:PROTOCOL in place of {entry}")))
        .collect()
}

/// What clients are told where `advertised.listeners` is not set: the listeners, with this machine's name in the place
/// of all of its addresses.
pub(super) fn advertised_by_default(listeners: &[Listener]) -> Vec<Listener> {
    let named = |listener: &Listener| match listener.host.as_str() {
        "" => Listener { host: machine_name(), ..listener.clone() },
        _ => listener.clone(),
    };
    listeners.iter().map(named).collect()
}

fn parse_one(entry: &str) -> Option<Listener> {
    let (name, address) = entry.split_once("://")?;
    let (host, port) = split_host_port(address)?;
    let valid = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    valid.then(|| Listener { name: name.to_ascii_uppercase(), host: host.to_owned(), port })
}

fn protocol_of(entry: &str) -> Option<(String, SecurityProtocol)> {
    let (name, protocol) = entry.rsplit_once(':')?;
    let protocol = protocol.trim().to_ascii_uppercase();
    let protocol = SecurityProtocol::ALL.into_iter().find(|known| known.as_str() == protocol)?;
    Some((name.trim().to_ascii_uppercase(), protocol))
}

fn of_both_families(one: &str, other: &str) -> bool {
    let v4 = |host: &str| host.parse::<Ipv4Addr>().is_ok();
    let v6 = |host: &str| host.parse::<Ipv6Addr>().is_ok();
    (v4(one) && v6(other)) || (v6(one) && v4(other))
}

/// The machine's name as the kernel has it (hostname(7)).
fn machine_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        "" => "localhost".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<String>, String> {
        let entries: Vec<String> = text.split(',').map(str::to_owned).collect();
        parse(&entries).map(|listeners| listeners.iter().map(Listener::to_string).collect())
    }

    #[test]
    fn listeners_have_a_name_a_host_and_a_port() {
        assert_eq!(read("plaintext://:9092"), Ok(vec!["PLAINTEXT://:9092".to_owned()]));
        assert_eq!(
            read("A://kafka.example:1,B_2://[::1]:2"),
            Ok(vec!["A://kafka.example:1".to_owned(), "B_2://[::1]:2".to_owned()])
        );
        for bad in ["", "PLAINTEXT", "://a:1", "A://a", "A://a:b", "A://a:-1", "A B://a:1", "A://a b:1"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_and_ports_are_not_shared() {
        assert!(read("A://a:1,a://a:2").is_err());
        assert!(read("A://a:1,B://b:1").is_err());
        assert!(read("A://a:0,B://b:0").is_ok());
        assert!(read("A://127.0.0.1:1,B://[::1]:1").is_ok());
    }

    #[test]
    fn a_protocol_is_known_by_its_name() {
        let map = protocols("plaintext:PLAINTEXT, internal:ssl ,").expect("valid");
        assert_eq!(map.get("INTERNAL"), Some(&SecurityProtocol::Ssl));
        assert_eq!(map.len(), 2);
        assert_eq!(protocols("A:TLS"), Err("NAME:PROTOCOL in place of A:TLS".to_owned()));
    }
}
