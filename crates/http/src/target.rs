//! Which file does a request target name?

use std::borrow::Cow;

use percent_encoding::percent_decode;

use crate::status::Status;

/// A request target's path, beneath the root.
///
/// Percent-encoding is undone once, and dot segments are resolved here and not by the file system, so that a link to a
/// folder does not decide what `..` means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// Segments joined by `/`, without one at the beginning or the end; empty for the root itself. No segment is empty,
    /// `.` or `..`.
    path: Vec<u8>,
    /// The target ends with `/`, or with a segment that means a folder.
    names_folder: bool,
}

impl Target {
    /// Reads the target of a GET or HEAD request: origin form or absolute form (RFC 9112, section 3.2).
    ///
    /// # Errors
    /// [`Status::BAD_REQUEST`] if it is neither, leads out of the root or holds a byte that no path has.
    pub(crate) fn parse(target: &str) -> Result<Self, Status> {
        let path = path_of(target).ok_or(Status::BAD_REQUEST)?;
        if !has_whole_escapes(path.as_bytes()) {
            return Err(Status::BAD_REQUEST);
        }
        let decoded = Cow::from(percent_decode(path.as_bytes()));
        if decoded.contains(&0) {
            return Err(Status::BAD_REQUEST);
        }
        let mut target = Self { path: Vec::with_capacity(decoded.len()), names_folder: true };
        for segment in decoded.split(|byte| *byte == b'/') {
            target.names_folder = matches!(segment, b"" | b"." | b"..");
            match segment {
                b"" | b"." => {}
                b".." if target.path.is_empty() => return Err(Status::BAD_REQUEST),
                b".." => {
                    let parent = target.path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
                    target.path.truncate(parent);
                }
                name => target.push(name),
            }
        }
        Ok(target)
    }

    /// Relative to the root; empty for the root itself.
    pub(crate) fn path(&self) -> &[u8] {
        &self.path
    }

    /// Whether it is to be a folder and nothing else.
    pub(crate) fn names_folder(&self) -> bool {
        self.names_folder
    }

    /// The last segment, by which content types are told; empty for the root itself.
    pub(crate) fn file_name(&self) -> &[u8] {
        self.path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
    }

    /// The path of `name` in the folder that this names.
    pub(crate) fn join(&self, name: &[u8]) -> Self {
        let mut joined = Self { path: self.path.clone(), names_folder: false };
        joined.push(name);
        joined
    }

    /// The path with `suffix` at its end.
    pub(crate) fn with_suffix(&self, suffix: &str) -> Self {
        let mut path = self.path.clone();
        path.extend_from_slice(suffix.as_bytes());
        Self { path, names_folder: false }
    }

    fn push(&mut self, segment: &[u8]) {
        if !self.path.is_empty() {
            self.path.push(b'/');
        }
        self.path.extend_from_slice(segment);
    }
}

/// The path of a target, still encoded; `None` if it has none, as `*`.
fn path_of(target: &str) -> Option<&str> {
    let without_query = target.split('?').next().unwrap_or_default();
    if without_query.starts_with('/') {
        return Some(without_query);
    }
    let (scheme, rest) = without_query.split_once("://")?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return None;
    }
    match rest.find('/') {
        Some(0) => None,
        Some(end_of_host) => Some(&rest[end_of_host..]),
        None if rest.is_empty() => None,
        None => Some("/"),
    }
}

/// Whether every `%` is followed by two hexadecimal digits.
fn has_whole_escapes(path: &[u8]) -> bool {
    path.iter().enumerate().filter(|(_, byte)| **byte == b'%').all(|(at, _)| {
        path.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(target: &str) -> (String, bool) {
        let target = Target::parse(target).unwrap();
        (String::from_utf8(target.path.clone()).unwrap(), target.names_folder)
    }

    #[test]
    fn targets_name_paths_beneath_the_root() {
        assert_eq!(parsed("/"), (String::new(), true));
        assert_eq!(parsed("/a/b.html?query=/../x"), ("a/b.html".to_owned(), false));
        assert_eq!(parsed("//a///b/"), ("a/b".to_owned(), true));
        assert_eq!(parsed("/a/./b/../c"), ("a/c".to_owned(), false));
        assert_eq!(parsed("/a/b/.."), ("a".to_owned(), true));
        assert_eq!(parsed("/a%20b%2Fc"), ("a b/c".to_owned(), false));
        assert_eq!(parsed("/%252e%252e/x"), ("%2e%2e/x".to_owned(), false));
        assert_eq!(parsed("http://host:80/x"), ("x".to_owned(), false));
        assert_eq!(parsed("HTTPS://host"), (String::new(), true));
    }

    #[test]
    fn no_spelling_leads_out_of_the_root() {
        for target in [
            "/..",
            "/../etc/passwd",
            "/a/../../etc",
            "/%2e%2e/etc",
            "/a/%2E./..%2f..%2fetc",
            "/..%2f..%2fetc",
        ] {
            assert_eq!(Target::parse(target), Err(Status::BAD_REQUEST), "{target}");
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for target in
            ["*", "", "a", "host:80", "http://", "http:///x", "ftp://host/x", "/%", "/%2", "/%zz", "/%00"]
        {
            assert_eq!(Target::parse(target), Err(Status::BAD_REQUEST), "{target}");
        }
    }
}
