//! Points in time: milliseconds since 1970 in records, ISO 8601 for people.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Reads milliseconds since 1970, or ISO 8601: `2026-03-01`, `2026-03-01T12:30`, `2026-03-01T12:30:05.250+01:00`. Without
/// an offset it is UTC.
pub(crate) fn parse_ms(text: &str) -> anyhow::Result<i64> {
    if let Ok(millis) = text.parse::<i64>() {
        if millis < 0 {
            bail!("{text} is before 1970");
        }
        return Ok(millis);
    }
    let timestamp = match text.parse::<Timestamp>() {
        Ok(timestamp) => timestamp,
        Err(_) => {
            let civil: DateTime = text.parse().ok().with_context(|| {
                format!("{text:?} is no time: give milliseconds since 1970, or ISO 8601 as in 2026-03-01T12:30:00Z")
            })?;
            civil.to_zoned(TimeZone::UTC)?.timestamp()
        }
    };
    Ok(timestamp.as_millisecond())
}

/// ISO 8601 in UTC with milliseconds; `-` where there is no time.
pub(crate) fn iso(millis: i64) -> String {
    match Timestamp::from_millisecond(millis) {
        Ok(timestamp) if millis >= 0 => format!("{timestamp:.3}"),
        _ => "-".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_milliseconds_or_as_iso_8601() {
        for (text, millis) in [
            ("0", 0),
            ("1772368200000", 1_772_368_200_000),
            ("2026-03-01T12:30:00Z", 1_772_368_200_000),
            ("2026-03-01T13:30:00.250+01:00", 1_772_368_200_250),
            ("2026-03-01T12:30", 1_772_368_200_000),
            ("2026-03-01", 1_772_323_200_000),
        ] {
            assert_eq!(parse_ms(text).unwrap(), millis, "{text}");
        }
        for text in ["", "-1", "yesterday", "2026-13-01"] {
            assert!(parse_ms(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_are_printed_as_they_are_read() {
        assert_eq!(iso(1_772_368_200_250), "2026-03-01T12:30:00.250Z");
        assert_eq!(parse_ms(&iso(1_772_368_200_250)).unwrap(), 1_772_368_200_250);
        assert_eq!(iso(-1), "-");
        assert_eq!(iso(i64::MAX), "-");
    }
}
