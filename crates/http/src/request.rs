//! What does a request say, as far as it matters to a server of files? (RFC 9112)

use std::mem::MaybeUninit;

use httparse::Header;

use crate::conditions::Conditions;
use crate::status::Status;
use crate::target::Target;

/// A request line and all fields of a head are no longer than this together.
pub const HEAD_MAX_BYTES: usize = 32 * 1024;

/// A head has no more fields than this.
const FIELDS_MAX: usize = 100;

/// Methods that are known and not served: a client that uses one is told which are.
const KNOWN_METHODS: [&str; 7] = ["POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Head,
}

/// A request that can be answered with a file.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) target: Target,
    /// With its `?`; empty if there is none.
    pub(crate) query: String,
    pub(crate) conditions: Conditions,
    pub(crate) range: Option<String>,
    pub(crate) if_range: Option<String>,
    pub(crate) accept_encoding: Option<String>,
}

/// What a request says about the connection it came on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Manner {
    /// Another request may follow on the connection.
    pub(crate) keep_alive: bool,
    /// The client speaks HTTP/1.0: it is told that the connection stays, as it would not expect it.
    pub(crate) http_1_0: bool,
}

/// What the access log tells of a request besides its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) request_line: String,
    pub(crate) referer: String,
    pub(crate) user_agent: String,
}

/// A head that has come.
#[derive(Debug)]
pub(crate) struct Received {
    /// Its bytes. Of a refused one they may be more than its own: the connection ends then.
    pub(crate) len: usize,
    pub(crate) manner: Manner,
    pub(crate) request: Result<Request, Status>,
}

/// Reads the head at the beginning of `bytes`; `None` if they are only the beginning of one.
pub(crate) fn parse(bytes: &[u8]) -> Option<Received> {
    let mut fields = [const { MaybeUninit::uninit() }; FIELDS_MAX];
    let mut head = httparse::Request::new(&mut []);
    let refused =
        |status| Some(Received { len: bytes.len(), manner: Manner::default(), request: Err(status) });
    match head.parse_with_uninit_headers(bytes, &mut fields) {
        Ok(httparse::Status::Complete(len)) if len <= HEAD_MAX_BYTES => {
            let body = check_host(&head).and_then(|()| has_body(&head));
            let manner = manner(&head, body == Ok(false));
            Some(Received { len, manner, request: body.and_then(|_| read(&head)) })
        }
        Ok(httparse::Status::Partial) if bytes.len() < HEAD_MAX_BYTES => None,
        Ok(_) => {
            refused(if bytes.contains(&b'\n') { Status::HEADERS_TOO_LARGE } else { Status::URI_TOO_LONG })
        }
        Err(httparse::Error::TooManyHeaders) => refused(Status::HEADERS_TOO_LARGE),
        Err(httparse::Error::Version) => refused(Status::VERSION_NOT_SUPPORTED),
        Err(_) => refused(Status::BAD_REQUEST),
    }
}

/// What the access log tells of the request whose head `bytes` are, understood or not.
pub(crate) fn told(bytes: &[u8]) -> Told {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
    let mut head = httparse::Request::new(&mut fields);
    let _ = head.parse(bytes);
    let line =
        bytes.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty()).unwrap_or_default();
    let field = |name| value(head.headers, name).unwrap_or_default();
    Told {
        request_line: String::from_utf8_lossy(line.trim_ascii_end()).into_owned(),
        referer: field("Referer"),
        user_agent: field("User-Agent"),
    }
}

/// `ends_here`: what follows the head is another request, and not a body that nobody reads.
fn manner(head: &httparse::Request<'_, '_>, ends_here: bool) -> Manner {
    let http_1_0 = head.version == Some(0);
    let options = value(head.headers, "Connection").unwrap_or_default();
    let has = |option: &str| options.split(',').any(|token| token.trim().eq_ignore_ascii_case(option));
    let stays = !has("close") && (!http_1_0 || has("keep-alive"));
    Manner { keep_alive: ends_here && stays, http_1_0 }
}

fn read(head: &httparse::Request<'_, '_>) -> Result<Request, Status> {
    let method = match head.method.unwrap_or_default() {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        other if KNOWN_METHODS.contains(&other) => return Err(Status::METHOD_NOT_ALLOWED),
        _ => return Err(Status::NOT_IMPLEMENTED),
    };
    if let Some(expected) = value(head.headers, "Expect")
        && !expected.eq_ignore_ascii_case("100-continue")
    {
        return Err(Status::EXPECTATION_FAILED);
    }
    let path = head.path.unwrap_or_default();
    let field = |name| value(head.headers, name);
    Ok(Request {
        method,
        target: Target::parse(path)?,
        query: path.find('?').map(|at| path[at..].to_owned()).unwrap_or_default(),
        conditions: Conditions {
            if_match: field("If-Match"),
            if_none_match: field("If-None-Match"),
            if_modified_since: field("If-Modified-Since"),
            if_unmodified_since: field("If-Unmodified-Since"),
        },
        range: field("Range"),
        if_range: field("If-Range"),
        accept_encoding: field("Accept-Encoding"),
    })
}

/// HTTP/1.1 demands exactly one `Host`, and it names a host (RFC 9112, section 3.2).
fn check_host(head: &httparse::Request<'_, '_>) -> Result<(), Status> {
    let mut hosts = named(head.headers, "Host");
    let is_optional = head.version == Some(0);
    match (hosts.next(), hosts.next()) {
        (None, _) if is_optional => Ok(()),
        (Some(host), None) if host.value.iter().all(|byte| is_of_host(*byte)) => Ok(()),
        _ => Err(Status::BAD_REQUEST),
    }
}

/// What a host name, an address, or a port is written with.
fn is_of_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:[]".contains(&byte)
}

/// Whether a body is announced. Where two fields say different things, what follows on the connection is clear to nobody,
/// which is how requests are smuggled (RFC 9112, section 11.2): that is refused.
fn has_body(head: &httparse::Request<'_, '_>) -> Result<bool, Status> {
    let mut lengths = named(head.headers, "Content-Length");
    let length = lengths.next();
    if lengths.next().is_some() {
        return Err(Status::BAD_REQUEST);
    }
    if let Some(coding) = value(head.headers, "Transfer-Encoding") {
        let is_clear = length.is_none() && head.version == Some(1);
        return match coding.eq_ignore_ascii_case("chunked") {
            _ if !is_clear => Err(Status::BAD_REQUEST),
            true => Ok(true),
            false => Err(Status::NOT_IMPLEMENTED),
        };
    }
    let Some(length) = length.map(|field| field.value) else { return Ok(false) };
    if length.is_empty() || !length.iter().all(u8::is_ascii_digit) {
        return Err(Status::BAD_REQUEST);
    }
    Ok(length.iter().any(|digit| *digit != b'0'))
}

/// The value of a field; of one that comes several times all values, as a list (RFC 9110, section 5.3). Bytes that are no
/// text make it a value that means nothing.
fn value(fields: &[Header<'_>], name: &str) -> Option<String> {
    let mut values = named(fields, name).map(|field| String::from_utf8_lossy(field.value));
    let first = values.next()?.into_owned();
    Some(values.fold(first, |list, value| format!("{list}, {value}")))
}

fn named<'a, 'b: 'a>(fields: &'a [Header<'b>], name: &'a str) -> impl Iterator<Item = &'a Header<'b>> {
    fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn head_of(text: &str) -> (Manner, Result<Request, u16>) {
        match parse(text.as_bytes()) {
            Some(Received { len, manner, request }) => {
                assert!(request.is_err() || len == text.len());
                (manner, request.map_err(Status::code))
            }
            None => panic!("incomplete: {text:?}"),
        }
    }

    fn status_of(text: &str) -> u16 {
        head_of(text).1.map(|_| 200).unwrap_or_else(|status| status)
    }

    fn keeps_alive(lines: &str) -> bool {
        head_of(&format!("{lines}\r\n\r\n")).0.keep_alive
    }

    #[test]
    fn a_request_is_read_to_the_end_of_its_head() {
        let text = "HEAD /a%20b?x=1 HTTP/1.1\r\nhost: localhost:8080\r\nRANGE: bytes=0-1\r\nIf-None-Match: \"a\"\r\n\
                    If-None-Match: \"b\"\r\n\r\n";
        let (manner, request) = head_of(text);
        let request = request.unwrap();
        assert_eq!(manner, Manner { keep_alive: true, http_1_0: false });
        assert_eq!((request.method, request.target.path()), (Method::Head, &b"a b"[..]));
        assert_eq!((request.query.as_str(), request.range.as_deref()), ("?x=1", Some("bytes=0-1")));
        assert_eq!(request.conditions.if_none_match.as_deref(), Some("\"a\", \"b\""));
        for cut in 0..text.len() {
            assert!(parse(&text.as_bytes()[..cut]).is_none(), "{cut}");
        }
    }

    #[test]
    fn a_connection_stays_unless_somebody_says_otherwise() {
        assert!(keeps_alive("GET / HTTP/1.1\r\nHost: a"));
        assert!(!keeps_alive("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close"));
        assert!(!keeps_alive("GET / HTTP/1.0"));
        assert!(keeps_alive("GET / HTTP/1.0\r\nConnection: Keep-Alive"));
        assert!(keeps_alive("POST / HTTP/1.1\r\nHost: a"), "what is refused can be followed by another");
    }

    #[test]
    fn a_connection_ends_where_it_is_not_clear_what_follows() {
        for fields in ["Content-Length: 5", "Transfer-Encoding: chunked", "Content-Length: +0", "Host: b"] {
            assert!(!keeps_alive(&format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}")), "{fields}");
        }
        assert!(keeps_alive("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 00"));
    }

    #[test]
    fn each_mistake_has_its_status() {
        let get = |fields: &str| status_of(&format!("GET / HTTP/1.1\r\n{fields}\r\n\r\n"));
        assert_eq!(get("Host: a"), 200);
        assert_eq!(get("Host: a\r\nContent-Length: 5"), 200, "the body is left unread");
        assert_eq!(get("X: y"), 400, "no host");
        assert_eq!(get("Host: a\r\nHost: a"), 400);
        assert_eq!(get("Host: a/b"), 400);
        assert_eq!(get("Host: a\r\nContent-Length: 5\r\nContent-Length: 5"), 400);
        assert_eq!(get("Host: a\r\nContent-Length: 0x5"), 400);
        assert_eq!(get("Host: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked"), 400);
        assert_eq!(get("Host: a\r\nTransfer-Encoding: gzip, chunked"), 501);
        assert_eq!(get("Host: a\r\nExpect: 200-maybe"), 417);
        assert_eq!(get("Host: a\r\nExpect: 100-Continue"), 200);
        assert_eq!(get("Host : a"), 400);
        assert_eq!(get("Host: a\r\n folded: line"), 400);
        assert_eq!(status_of("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
        assert_eq!(status_of("DELETE / HTTP/1.1\r\nHost: a\r\n\r\n"), 405);
        assert_eq!(status_of("get / HTTP/1.1\r\nHost: a\r\n\r\n"), 501);
        assert_eq!(status_of("GET /../x HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
        assert_eq!(status_of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505);
        assert_eq!(status_of("GARBAGE\r\n\r\n"), 400);
    }

    #[test]
    fn heads_without_end_are_refused_when_they_reach_the_limit() {
        let long_target = format!("GET /{}", "a".repeat(HEAD_MAX_BYTES));
        assert_eq!(status_of(&long_target), 414);
        let long_field = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}", "a".repeat(HEAD_MAX_BYTES));
        assert_eq!(status_of(&long_field), 431);
        let many_fields = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(FIELDS_MAX + 1));
        assert_eq!(status_of(&many_fields), 431);
    }

    #[test]
    fn the_log_is_told_what_the_client_said() {
        let told = told(b"\r\nGET /%0a HTTP/1.1\r\nUser-Agent: x\r\nReferer: y\r\n\r\n");
        assert_eq!(told.request_line, "GET /%0a HTTP/1.1");
        assert_eq!((told.user_agent.as_str(), told.referer.as_str()), ("x", "y"));
        assert_eq!(super::told(b"\xff\x00").request_line, "\u{fffd}\0");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_read_too_far(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Some(Received { len, .. }) = parse(&bytes) {
                prop_assert!(len <= bytes.len());
            }
            let _ = told(&bytes);
        }
    }
}
