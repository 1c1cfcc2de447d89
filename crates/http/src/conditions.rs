//! Does a client want the file only if it has changed, or has not? (RFC 9110, section 13)

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use crate::head::{self, date_of};
use crate::status::Status;

/// What a request's conditional fields say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Conditions {
    pub(crate) if_match: Option<String>,
    pub(crate) if_none_match: Option<String>,
    pub(crate) if_modified_since: Option<String>,
    pub(crate) if_unmodified_since: Option<String>,
}

/// By what two versions of a file are told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Validators {
    /// With its quotes; a strong one.
    pub(crate) etag: String,
    /// In whole seconds, as HTTP tells it, and never in the future (RFC 9110, section 8.8.2.1).
    pub(crate) modified: SystemTime,
    /// Whether that is long enough ago for the date to tell versions apart (section 8.8.2.2): within its second there may
    /// have been another one.
    pub(crate) is_settled: bool,
}

/// Most tags are shorter.
const USUAL_TAG_BYTES: usize = 48;

/// A file changed so long ago does not change any more with the same date.
const SETTLED: Duration = Duration::from_secs(1);

impl Validators {
    /// Of a file of `len` bytes that was last changed `modified_ns` after 1970, or before. `variant` tells encodings of
    /// one file apart.
    ///
    /// Both are the file's own, so that copies of a file on several servers have the same tag.
    pub(crate) fn new(len: u64, modified_ns: i128, variant: &str) -> Self {
        let now = head::now();
        let modified = date_of(i64::try_from(modified_ns.div_euclid(1_000_000_000)).unwrap_or(i64::MAX));
        let mut etag = String::with_capacity(USUAL_TAG_BYTES);
        // Writing to memory does not fail.
        let _ = write!(etag, "\"{modified_ns:x}-{len:x}{variant}\"");
        Self {
            etag,
            modified: modified.min(now),
            is_settled: now.duration_since(modified).is_ok_and(|age| age > SETTLED),
        }
    }

    /// Whether `If-Range` (section 13.1.5) names this version: a strong tag, or the exact date if that is as strong.
    pub(crate) fn are_those_of(&self, if_range: &str) -> bool {
        match httpdate::parse_http_date(if_range) {
            Ok(date) => self.is_settled && date == self.modified,
            Err(_) => if_range.trim() == self.etag,
        }
    }
}

impl Conditions {
    /// The status that a GET or HEAD ends with instead of 200, if the conditions say so: in the order of section 13.2.2.
    pub(crate) fn evaluate(&self, validators: &Validators) -> Option<Status> {
        let date = |field: &Option<String>| httpdate::parse_http_date(field.as_deref()?).ok();
        if let Some(tags) = &self.if_match {
            if !lists(tags, &validators.etag, Comparison::Strong) {
                return Some(Status::PRECONDITION_FAILED);
            }
        } else if date(&self.if_unmodified_since).is_some_and(|date| validators.modified > date) {
            return Some(Status::PRECONDITION_FAILED);
        }
        let not_modified = match &self.if_none_match {
            Some(tags) => lists(tags, &validators.etag, Comparison::Weak),
            None => date(&self.if_modified_since).is_some_and(|date| validators.modified <= date),
        };
        not_modified.then_some(Status::NOT_MODIFIED)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Strong,
    Weak,
}

/// Whether a list of entity tags, or `*`, has `etag`, which is a strong one. A list that cannot be read to its end has
/// what comes before.
fn lists(tags: &str, etag: &str, comparison: Comparison) -> bool {
    if tags.trim() == "*" {
        return true;
    }
    let mut rest = tags;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let (is_weak, quoted) = match rest.strip_prefix("W/") {
            Some(quoted) => (true, quoted),
            None => (false, rest),
        };
        // Tags may have commas in them, and no quotes.
        let Some(end) = quoted.strip_prefix('"').and_then(|opaque| opaque.find('"')) else { return false };
        let (tag, behind) = quoted.split_at(end + 2);
        if tag == etag && (comparison == Comparison::Weak || !is_weak) {
            return true;
        }
        rest = behind;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANGED: &str = "Sat, 21 Nov 2026 12:00:00 GMT";
    const BEFORE: &str = "Sat, 21 Nov 2026 11:59:59 GMT";
    const LATER: &str = "Saturday, 21-Nov-26 12:00:01 GMT";

    fn validators() -> Validators {
        let modified = httpdate::parse_http_date(CHANGED).unwrap();
        Validators { etag: "\"a,b\"".to_owned(), modified, is_settled: true }
    }

    fn evaluated(set: impl FnOnce(&mut Conditions)) -> Option<u16> {
        let mut conditions = Conditions::default();
        set(&mut conditions);
        conditions.evaluate(&validators()).map(Status::code)
    }

    fn some(value: &str) -> Option<String> {
        Some(value.to_owned())
    }

    #[test]
    fn a_cache_that_has_the_version_is_told_so() {
        for tags in ["\"a,b\"", "W/\"a,b\"", "\"x\", \"a,b\"", "*", " , W/\"x\" ,\"a,b\""] {
            assert_eq!(evaluated(|c| c.if_none_match = some(tags)), Some(304), "{tags}");
        }
        for tags in ["\"a\"", "a,b", "", "\"a,b"] {
            assert_eq!(evaluated(|c| c.if_none_match = some(tags)), None, "{tags}");
        }
        assert_eq!(evaluated(|c| c.if_modified_since = some(CHANGED)), Some(304));
        assert_eq!(evaluated(|c| c.if_modified_since = some(LATER)), Some(304));
        assert_eq!(evaluated(|c| c.if_modified_since = some(BEFORE)), None);
        assert_eq!(evaluated(|c| c.if_modified_since = some("yesterday")), None);
    }

    #[test]
    fn tags_win_over_dates() {
        let both = |c: &mut Conditions| {
            c.if_none_match = some("\"other\"");
            c.if_modified_since = some(LATER);
        };
        assert_eq!(evaluated(both), None);
        let both = |c: &mut Conditions| {
            c.if_match = some("\"a,b\"");
            c.if_unmodified_since = some(BEFORE);
        };
        assert_eq!(evaluated(both), None);
    }

    #[test]
    fn what_must_not_have_changed_fails_if_it_has() {
        assert_eq!(evaluated(|c| c.if_match = some("\"other\"")), Some(412));
        assert_eq!(evaluated(|c| c.if_match = some("W/\"a,b\"")), Some(412), "a weak tag is no proof");
        assert_eq!(evaluated(|c| c.if_match = some("*")), None);
        assert_eq!(evaluated(|c| c.if_unmodified_since = some(BEFORE)), Some(412));
        assert_eq!(evaluated(|c| c.if_unmodified_since = some(CHANGED)), None);
    }

    #[test]
    fn a_range_goes_on_only_in_the_same_version() {
        assert!(validators().are_those_of("\"a,b\""));
        assert!(validators().are_those_of(CHANGED));
        for other in ["W/\"a,b\"", "\"x\"", LATER, BEFORE, "", "*"] {
            assert!(!validators().are_those_of(other), "{other}");
        }
    }

    #[test]
    fn a_date_of_this_second_may_be_that_of_two_versions() {
        let now = SystemTime::now();
        let since_1970 = now.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let dated = |second: u64| Validators::new(1, i128::from(second) * 1_000_000_000, "");
        for (second, is_strong) in [(since_1970 - 60, true), (since_1970, false), (since_1970 + 60, false)] {
            let validators = dated(second);
            let date = httpdate::fmt_http_date(validators.modified);
            assert_eq!(validators.are_those_of(&date), is_strong, "{date}");
            assert!(validators.are_those_of(&validators.etag));
        }
    }

    #[test]
    fn times_that_http_cannot_tell_are_told_as_the_nearest_that_it_can() {
        assert_eq!(Validators::new(1, -5, "").modified, SystemTime::UNIX_EPOCH);
        for in_the_future in [i128::MAX, 400_000_000_000 * 1_000_000_000] {
            let validators = Validators::new(1, in_the_future, "");
            assert!(validators.modified <= SystemTime::now());
        }
    }
}
