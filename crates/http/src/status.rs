//! The status codes that this server answers with (RFC 9110, section 15).

use std::fmt;

/// A status code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Status(u16);

impl Status {
    pub(crate) const OK: Self = Self(200);
    pub(crate) const PARTIAL_CONTENT: Self = Self(206);
    pub(crate) const MOVED_PERMANENTLY: Self = Self(301);
    pub(crate) const NOT_MODIFIED: Self = Self(304);
    pub(crate) const BAD_REQUEST: Self = Self(400);
    pub(crate) const FORBIDDEN: Self = Self(403);
    pub(crate) const NOT_FOUND: Self = Self(404);
    pub(crate) const METHOD_NOT_ALLOWED: Self = Self(405);
    pub(crate) const REQUEST_TIMEOUT: Self = Self(408);
    pub(crate) const PRECONDITION_FAILED: Self = Self(412);
    pub(crate) const URI_TOO_LONG: Self = Self(414);
    pub(crate) const RANGE_NOT_SATISFIABLE: Self = Self(416);
    pub(crate) const EXPECTATION_FAILED: Self = Self(417);
    pub(crate) const HEADERS_TOO_LARGE: Self = Self(431);
    pub(crate) const INTERNAL_SERVER_ERROR: Self = Self(500);
    pub(crate) const NOT_IMPLEMENTED: Self = Self(501);
    pub(crate) const SERVICE_UNAVAILABLE: Self = Self(503);
    pub(crate) const VERSION_NOT_SUPPORTED: Self = Self(505);

    /// All of them, the usual ones first.
    pub(crate) const ALL: [Self; 18] = [
        Self::OK,
        Self::PARTIAL_CONTENT,
        Self::MOVED_PERMANENTLY,
        Self::NOT_MODIFIED,
        Self::BAD_REQUEST,
        Self::FORBIDDEN,
        Self::NOT_FOUND,
        Self::METHOD_NOT_ALLOWED,
        Self::REQUEST_TIMEOUT,
        Self::PRECONDITION_FAILED,
        Self::URI_TOO_LONG,
        Self::RANGE_NOT_SATISFIABLE,
        Self::EXPECTATION_FAILED,
        Self::HEADERS_TOO_LARGE,
        Self::INTERNAL_SERVER_ERROR,
        Self::NOT_IMPLEMENTED,
        Self::SERVICE_UNAVAILABLE,
        Self::VERSION_NOT_SUPPORTED,
    ];

    pub(crate) fn code(self) -> u16 {
        self.0
    }

    fn reason(self) -> &'static str {
        match self {
            Self::OK => "OK",
            Self::PARTIAL_CONTENT => "Partial Content",
            Self::MOVED_PERMANENTLY => "Moved Permanently",
            Self::NOT_MODIFIED => "Not Modified",
            Self::BAD_REQUEST => "Bad Request",
            Self::FORBIDDEN => "Forbidden",
            Self::NOT_FOUND => "Not Found",
            Self::METHOD_NOT_ALLOWED => "Method Not Allowed",
            Self::REQUEST_TIMEOUT => "Request Timeout",
            Self::PRECONDITION_FAILED => "Precondition Failed",
            Self::URI_TOO_LONG => "URI Too Long",
            Self::RANGE_NOT_SATISFIABLE => "Range Not Satisfiable",
            Self::EXPECTATION_FAILED => "Expectation Failed",
            Self::HEADERS_TOO_LARGE => "Request Header Fields Too Large",
            Self::NOT_IMPLEMENTED => "Not Implemented",
            Self::SERVICE_UNAVAILABLE => "Service Unavailable",
            Self::VERSION_NOT_SUPPORTED => "HTTP Version Not Supported",
            _ => "Internal Server Error",
        }
    }
}

/// As in a status line: `404 Not Found`.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, self.reason())
    }
}
