//! Which file on which server does an address name?

use std::ffi::OsString;
use std::fmt;
use std::net::Ipv6Addr;
use std::os::unix::ffi::OsStringExt;

use anyhow::{Context, bail};
use percent_encoding::percent_decode_str;

/// What servers take as one line of a request.
const ADDRESS_BYTES_MAX: usize = 8 * 1024;

const PORT: u16 = 80;

/// `http://HOST[:PORT][/PATH][?QUERY]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// In lower case. An IPv6 address has no brackets here.
    host: String,
    port: u16,
    /// Path and query as a request says them. Begins with `/`; visible ASCII only.
    target: String,
}

impl Address {
    /// Whether a source is meant as an address and not as a path.
    pub(crate) fn is_meant_by(text: &str) -> bool {
        ["http", "https"].into_iter().any(|scheme| without_scheme(text, scheme).is_some())
    }

    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        // What cannot be printed is not.
        let shown = || text.escape_debug();
        if text.len() > ADDRESS_BYTES_MAX {
            bail!("the address has {} bytes: expected no more than {ADDRESS_BYTES_MAX}", text.len());
        }
        if without_scheme(text, "https").is_some() {
            bail!("{}: https is not spoken here, expected http://HOST:PORT/PATH", shown());
        }
        let Some(rest) = without_scheme(text, "http") else {
            bail!("{} is no address: expected http://HOST:PORT/PATH", shown());
        };
        if let Some(odd) = rest.chars().find(|char| !char.is_ascii_graphic()) {
            bail!("{}: {odd:?} cannot be in an address, expected %XX in its place", shown());
        }
        // What is behind it is for readers of a page.
        let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (host, port) = parse_authority(authority).with_context(|| shown().to_string())?;
        let slash = if target.starts_with('/') { "" } else { "/" };
        Ok(Self { host, port, target: format!("{slash}{target}") })
    }

    /// Where an answer from here leads that says so in its field `Location`.
    pub(super) fn redirected(&self, location: &str) -> anyhow::Result<Self> {
        if location.starts_with("//") {
            return Self::parse(&format!("http:{location}"));
        }
        if location.starts_with('/') {
            return Self::parse(&format!("http://{}{location}", self.authority()));
        }
        if Self::is_meant_by(location) {
            return Self::parse(location);
        }
        bail!("Location {location:?}: expected http://HOST/PATH, or /PATH");
    }

    /// The name of the file in its folder: the last part of the path.
    pub(super) fn file_name(&self) -> anyhow::Result<OsString> {
        let path = self.target.split_once('?').map_or(self.target.as_str(), |(path, _)| path);
        let last = path.rsplit('/').next().unwrap_or_default();
        let name: Vec<u8> = percent_decode_str(last).collect();
        if name.is_empty() || name == b"." || name == b".." || name.contains(&b'/') || name.contains(&0) {
            bail!("{self} does not end with a file's name: say what the copy is to be called");
        }
        Ok(OsString::from_vec(name))
    }

    /// Host and port, to connect to.
    pub(super) fn endpoint(&self) -> (&str, u16) {
        (&self.host, self.port)
    }

    /// Host and port as a request says them.
    pub(super) fn authority(&self) -> String {
        let (open, close) = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        let port = if self.port == PORT { String::new() } else { format!(":{}", self.port) };
        format!("{open}{}{close}{port}", self.host)
    }

    pub(super) fn target(&self) -> &str {
        &self.target
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.authority(), self.target)
    }
}

fn without_scheme<'a>(text: &'a str, scheme: &str) -> Option<&'a str> {
    let (found, rest) = text.split_once("://")?;
    found.eq_ignore_ascii_case(scheme).then_some(rest)
}

fn parse_authority(authority: &str) -> anyhow::Result<(String, u16)> {
    if authority.contains('@') {
        bail!("user names and passwords are not sent, expected http://HOST:PORT/PATH");
    }
    let (host, port) = if let Some(rest) = authority.strip_prefix('[') {
        let Some((host, port)) = rest.split_once(']') else { bail!("expected ] behind the IPv6 address") };
        if host.parse::<Ipv6Addr>().is_err() {
            bail!("[{host}] is no IPv6 address");
        }
        match port.strip_prefix(':') {
            Some(port) => (host, port),
            None if port.is_empty() => (host, ""),
            None => bail!("expected :PORT behind [{host}]"),
        }
    } else {
        let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
        let is_odd = |char: char| !char.is_ascii_alphanumeric() && !matches!(char, '.' | '-' | '_');
        if host.is_empty() || host.contains(is_odd) {
            bail!("{host:?} is no host: expected a name, an IPv4 address or [an IPv6 address]");
        }
        (host, port)
    };
    let port = match port {
        "" => PORT,
        port => match port.parse() {
            Ok(port @ 1..) => port,
            _ => bail!("{port:?} is no port: expected 1 to 65535"),
        },
    };
    Ok((host.to_ascii_lowercase(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_into_host_port_and_target() {
        for (text, host, port, target, printed) in [
            ("http://a.example", "a.example", 80, "/", "http://a.example/"),
            (
                "HTTP://A-b_1:8080/x/y%20z?q=/&r#there",
                "a-b_1",
                8080,
                "/x/y%20z?q=/&r",
                "http://a-b_1:8080/x/y%20z?q=/&r",
            ),
            ("http://127.0.0.1:80?q", "127.0.0.1", 80, "/?q", "http://127.0.0.1/?q"),
            ("http://[::1]:81/", "::1", 81, "/", "http://[::1]:81/"),
            ("http://[2001:DB8::2]", "2001:db8::2", 80, "/", "http://[2001:db8::2]/"),
        ] {
            let address = Address::parse(text).unwrap();
            assert_eq!((address.endpoint(), address.target()), ((host, port), target));
            assert_eq!(address.to_string(), printed);
            assert_eq!(Address::parse(printed).unwrap(), address);
        }
    }

    #[test]
    fn what_is_no_address_is_named_with_what_was_expected() {
        for (text, expected) in [
            ("https://a/b", "https is not spoken here, expected http://HOST:PORT/PATH"),
            ("http:/a/b", "is no address: expected http://HOST:PORT/PATH"),
            ("http:///b", "\"\" is no host"),
            ("http://a b/", "' ' cannot be in an address, expected %XX"),
            ("http://a/b\r\nHost: c", "'\\r' cannot be in an address"),
            ("http://a/\u{fc}", "cannot be in an address"),
            ("http://a:0/", "\"0\" is no port: expected 1 to 65535"),
            ("http://a:65536/", "\"65536\" is no port"),
            ("http://a:b:c/", "\"b:c\" is no port"),
            ("http://user:secret@a/", "user names and passwords are not sent"),
            ("http://[::1/", "expected ] behind"),
            ("http://[a]/", "[a] is no IPv6 address"),
            ("http://[::1]81/", "expected :PORT behind [::1]"),
        ] {
            let error = format!("{:#}", Address::parse(text).unwrap_err());
            assert!(error.contains(expected), "{error}");
        }
        assert!(Address::parse(&format!("http://a/{}", "x".repeat(ADDRESS_BYTES_MAX))).is_err());
    }

    #[test]
    fn only_http_and_https_are_meant_as_addresses() {
        for (text, is_meant) in [
            ("http://a", true),
            ("HTTPS://a", true),
            ("./http://a", false),
            ("http:/a", false),
            ("ftp://a", false),
        ] {
            assert_eq!(Address::is_meant_by(text), is_meant, "{text}");
        }
    }

    #[test]
    fn redirects_lead_to_other_hosts_and_other_paths() {
        let from = Address::parse("http://[::1]:81/x/y?z").unwrap();
        for (location, to) in [
            ("http://b/c?d#e", "http://b/c?d"),
            ("//b:8080/c", "http://b:8080/c"),
            ("/c", "http://[::1]:81/c"),
        ] {
            assert_eq!(from.redirected(location).unwrap().to_string(), to);
        }
        for (location, expected) in [
            ("https://b/c", "https is not spoken"),
            ("c", "expected http://HOST/PATH, or /PATH"),
            ("", "expected http"),
        ] {
            let error = from.redirected(location).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn the_name_in_a_folder_is_never_another_folder() {
        let name = |path: &str| Address::parse(&format!("http://a{path}")).unwrap().file_name();
        assert_eq!(name("/x/a%20b.img?v=/1").unwrap(), "a b.img");
        assert_eq!(name("/%ff").unwrap().into_vec(), b"\xff");
        for path in ["", "/", "/x/", "/x/..", "/.", "/%2e%2e", "/a%2fb", "/..%2f..%2fetc", "/a%00b"] {
            let error = name(path).unwrap_err().to_string();
            assert!(error.ends_with("say what the copy is to be called"), "{path}: {error}");
        }
    }
}
