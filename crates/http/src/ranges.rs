//! Which bytes of a file does a client want? (RFC 9110, section 14)

use std::ops::Range;

/// More ranges than this in one request are not worth their heads: the whole file is sent.
const RANGES_MAX: usize = 100;

/// What a `Range` field comes to for a file of a known length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The whole file: no field, one that is not understood, or one that asks for more than the file has in all.
    Whole,
    /// These ranges, in the client's order; none is empty, and there is at least one.
    Ranges(Vec<Range<u64>>),
    /// None of the ranges has a byte.
    Unsatisfiable,
}

impl Wanted {
    /// Reads a `Range` field for a file of `len` bytes.
    pub(crate) fn parse(field: &str, len: u64) -> Self {
        let Some((unit, set)) = field.split_once('=') else { return Self::Whole };
        if !unit.trim().eq_ignore_ascii_case("bytes") || len == 0 {
            return Self::Whole;
        }
        let mut ranges = Vec::new();
        let mut specs = 0;
        for spec in set.split(',').map(str::trim).filter(|spec| !spec.is_empty()) {
            specs += 1;
            match range_of(spec, len) {
                Some(range) if specs <= RANGES_MAX => ranges.extend((!range.is_empty()).then_some(range)),
                _ => return Self::Whole,
            }
        }
        let asked = ranges.iter().map(|range| range.end - range.start).fold(0, u64::saturating_add);
        match (specs, ranges.len()) {
            (0, _) => Self::Whole,
            (_, 0) => Self::Unsatisfiable,
            // Ranges that overlap so much cost more than they save.
            (_, 2..) if asked > len => Self::Whole,
            _ => Self::Ranges(ranges),
        }
    }
}

/// The range of one spec, empty if the file does not reach it; `None` if it is malformed.
fn range_of(spec: &str, len: u64) -> Option<Range<u64>> {
    let (first, last) = spec.split_once('-')?;
    if first.is_empty() {
        let suffix = position(last)?;
        return Some(len.saturating_sub(suffix)..len);
    }
    let first = position(first)?;
    let last = if last.is_empty() { u64::MAX } else { position(last)? };
    if last < first {
        return None;
    }
    Some(first.min(len)..last.saturating_add(1).min(len))
}

/// Digits and nothing else; what is larger than any file counts as the largest.
fn position(digits: &str) -> Option<u64> {
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    Some(digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wanted(field: &str) -> Wanted {
        Wanted::parse(field, 1_000)
    }

    fn one(range: Range<u64>) -> Wanted {
        Wanted::Ranges(vec![range])
    }

    #[test]
    fn ranges_are_cut_to_the_file() {
        assert_eq!(wanted("bytes=0-499"), one(0..500));
        assert_eq!(wanted("bytes=500-"), one(500..1_000));
        assert_eq!(wanted("bytes=-1"), one(999..1_000));
        assert_eq!(wanted("bytes=-5000"), one(0..1_000));
        assert_eq!(wanted("BYTES=999-99999999999999999999999"), one(999..1_000));
        assert_eq!(wanted("bytes= 0-0 ,, 5-6,-1"), Wanted::Ranges(vec![0..1, 5..7, 999..1_000]));
        assert_eq!(wanted("bytes=2000-,0-0"), one(0..1));
    }

    #[test]
    fn a_range_behind_the_end_is_not_to_be_had() {
        for field in ["bytes=1000-", "bytes=-0", "bytes=5000-6000,1000-1000"] {
            assert_eq!(wanted(field), Wanted::Unsatisfiable, "{field}");
        }
    }

    #[test]
    fn what_is_malformed_or_wasteful_is_answered_with_the_whole_file() {
        let many = format!("bytes={}", "0-0,".repeat(RANGES_MAX + 1));
        let overlapping = "bytes=0-999,0-999";
        for field in [
            "bytes",
            "bytes=",
            "bytes=,",
            "lines=0-1",
            "bytes=5-4",
            "bytes=a-b",
            "bytes=1",
            "bytes=--1",
            "bytes=+1-2",
            &many,
            overlapping,
        ] {
            assert_eq!(wanted(field), Wanted::Whole, "{field}");
        }
        assert_eq!(Wanted::parse("bytes=0-0", 0), Wanted::Whole);
    }

    proptest! {
        #[test]
        fn no_field_asks_for_more_than_the_file_has(field in "bytes=[-0-9, ]{0,60}|.{0,40}", len in 0_u64..5_000) {
            if let Wanted::Ranges(ranges) = Wanted::parse(&field, len) {
                prop_assert!(!ranges.is_empty());
                prop_assert!(ranges.iter().all(|range| range.start < range.end && range.end <= len));
                prop_assert!(ranges.iter().map(|range| range.end - range.start).sum::<u64>() <= len);
            }
        }
    }
}
