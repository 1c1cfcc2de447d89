//! The text of a setting becomes a value of its type, and back into the text that Kafka would show.

use std::fmt;

use super::{Kind, Setting, Values};

/// The value of a setting.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Of a boolean.
    Boolean(bool),
    /// Of an int, short or long, within the range of its type.
    Integer(i64),
    /// Of a double.
    Double(f64),
    /// Of a string, class or password, without the white space around it.
    Text(String),
    /// Of a list, without the white space around its commas.
    List(Vec<String>),
}

impl Setting {
    /// Reads `text` as Kafka does: white space around it does not count, doubled entries of a list are dropped.
    ///
    /// # Errors
    /// [`BadValue`] where the text is not of the type, or not one of the values that the setting takes.
    pub fn parse(&self, text: &str) -> Result<Value, BadValue> {
        self.read(text.trim_matches(|c| c <= ' ')).ok_or_else(|| BadValue {
            name: self.name.to_owned(),
            value: shown(self, text).to_owned(),
            expected: self.expected(),
        })
    }

    /// The default as a value; `None` where there is none.
    #[must_use]
    pub fn default_value(&self) -> Option<Value> {
        self.read(self.default.text()?)
    }

    fn read(&self, text: &str) -> Option<Value> {
        let value = match self.kind {
            Kind::Boolean if text.eq_ignore_ascii_case("true") => Value::Boolean(true),
            Kind::Boolean if text.eq_ignore_ascii_case("false") => Value::Boolean(false),
            Kind::Boolean => return None,
            Kind::Int => Value::Integer(text.parse::<i32>().ok()?.into()),
            Kind::Short => Value::Integer(text.parse::<i16>().ok()?.into()),
            Kind::Long => Value::Integer(text.parse().ok()?),
            Kind::Double => Value::Double(text.parse().ok()?),
            Kind::String | Kind::Class | Kind::Password => Value::Text(text.to_owned()),
            Kind::List => Value::List(entries(text, matches!(self.values, Values::List { .. }))),
        };
        self.values.take(&value).then_some(value)
    }
}

/// A value that a setting does not take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Invalid value {value} for configuration {name}: expected {expected}")]
pub struct BadValue {
    /// The setting.
    pub name: String,
    /// What it was given; a secret is not shown.
    pub value: String,
    /// What it takes.
    pub expected: String,
}

/// `value` as it may be shown to people.
pub(super) fn shown<'a>(setting: &Setting, value: &'a str) -> &'a str {
    if setting.sensitive() { "[hidden]" } else { value }
}

impl fmt::Display for Value {
    /// As Kafka shows it, which is how Java's `toString` writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Double(value) => write_double(f, *value),
            Self::Text(value) => f.write_str(value),
            Self::List(value) => f.write_str(&value.join(",")),
        }
    }
}

impl Values {
    fn take(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::AtLeast(low), Value::Integer(value)) => value >= low,
            (Self::Between(low, high), Value::Integer(value)) => (low..=high).contains(&value),
            (Self::Ratio(high), Value::Double(value)) => (0.0..=*high).contains(value),
            (Self::GzipLevel, Value::Integer(value)) => *value == -1 || (1..=9).contains(value),
            (Self::OneOf(words), Value::Text(value)) => words.contains(&value.as_str()),
            (Self::OneOfAnyCase(words), Value::Text(value)) => {
                words.iter().any(|word| word.eq_ignore_ascii_case(value))
            }
            (Self::Text, Value::Text(value)) => !value.is_empty(),
            (Self::List { of, empty }, Value::List(entries)) => {
                let known = |entry: &String| of.is_empty() || of.contains(&entry.as_str());
                (*empty || !entries.is_empty())
                    && entries.iter().all(|entry| !entry.is_empty() && known(entry))
            }
            (Self::HostPorts, Value::List(entries)) => {
                entries.iter().all(|entry| split_host_port(entry).is_some())
            }
            (Self::Voters, Value::List(entries)) => entries.iter().all(|entry| is_voter(entry)),
            (Self::ThrottledReplicas, Value::List(entries)) => {
                *entries == ["*"] || entries.iter().all(|entry| entry.is_empty() || is_replica(entry))
            }
            (Self::OffsetReset, Value::Text(value)) => is_offset_reset(value),
            _ => true,
        }
    }
}

/// Splits `HOST:PORT`, where a host of IPv6 stands in brackets; the host may be empty.
pub(super) fn split_host_port(text: &str) -> Option<(&str, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let valid = |host: &str| host.chars().all(|c| c.is_ascii_alphanumeric() || "-%._:".contains(c));
    let host = bare.unwrap_or(host);
    (valid(host) && port.bytes().all(|b| b.is_ascii_digit())).then_some((host, port.parse().ok()?))
}

fn entries(text: &str, distinct: bool) -> Vec<String> {
    let mut entries: Vec<String> = Vec::new();
    for entry in text.split(',').map(str::trim).filter(|_| !text.is_empty()) {
        if !distinct || !entries.iter().any(|known| known == entry) {
            entries.push(entry.to_owned());
        }
    }
    entries
}

fn is_voter(entry: &str) -> bool {
    entry
        .split_once('@')
        .is_some_and(|(id, host_port)| id.parse::<u32>().is_ok() && split_host_port(host_port).is_some())
}

fn is_replica(entry: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    entry.split_once(':').is_some_and(|(partition, broker)| number(partition) && number(broker))
}

fn is_offset_reset(value: &str) -> bool {
    match value.strip_prefix("by_duration:") {
        Some(duration) => is_duration(&duration.to_ascii_lowercase()),
        None => value == "earliest" || value == "latest",
    }
}

/// Whether this is an ISO 8601 duration in days and less (`p1dt2h3m4.5s`, in lower case), the form that Java reads.
fn is_duration(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('p') else { return false };
    let (days, time) = rest.split_once('t').map_or((rest, None), |(days, time)| (days, Some(time)));
    let number = |text: &str| text.parse::<f64>().is_ok_and(|n| n >= 0.0 && n.is_finite());
    let days_fit = days.is_empty() || days.strip_suffix('d').is_some_and(|n| n.parse::<u64>().is_ok());
    let Some(time) = time else { return days_fit && !days.is_empty() };
    let mut left = time;
    for unit in ['h', 'm', 's'] {
        if let Some((amount, rest)) = left.split_once(unit) {
            if !number(amount) || (unit != 's' && amount.contains('.')) {
                return false;
            }
            left = rest;
        }
    }
    days_fit && !time.is_empty() && left.is_empty()
}

/// Writes a double as Java does: plain from 10⁻³ to 10⁷, else with an exponent, always with a fraction.
fn write_double(f: &mut fmt::Formatter<'_>, value: f64) -> fmt::Result {
    let size = value.abs();
    if size == 0.0 || (1e-3..1e7).contains(&size) {
        return write!(f, "{value:?}");
    }
    let text = format!("{value:E}");
    match text.split_once('E') {
        Some((digits, exponent)) if !digits.contains('.') => write!(f, "{digits}.0E{exponent}"),
        _ => f.write_str(&text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tables;

    #[test]
    fn values_look_as_java_writes_them() {
        let shown = |name: &str, text: &str| {
            tables::broker(name)
                .or_else(|| tables::topic(name))
                .expect(name)
                .parse(text)
                .map(|v| v.to_string())
        };
        // As ConfigDef of Kafka 4.3.1 reads and prints them.
        assert_eq!(shown("log.preallocate", " TRUE ").as_deref(), Ok("true"));
        assert_eq!(shown("num.io.threads", "+07").as_deref(), Ok("7"));
        assert_eq!(shown("min.cleanable.dirty.ratio", "0.250").as_deref(), Ok("0.25"));
        assert_eq!(shown("log.cleaner.io.max.bytes.per.second", "10000000").as_deref(), Ok("1.0E7"));
        assert_eq!(shown("log.cleaner.io.max.bytes.per.second", "12345678.5").as_deref(), Ok("1.23456785E7"));
        assert_eq!(shown("log.cleaner.io.max.bytes.per.second", "0.0005").as_deref(), Ok("5.0E-4"));
        assert_eq!(shown("log.cleaner.io.max.bytes.per.second", "100").as_deref(), Ok("100.0"));
        assert_eq!(shown("cleanup.policy", " delete , compact,delete ").as_deref(), Ok("delete,compact"));
        assert_eq!(shown("cleanup.policy", "").as_deref(), Ok(""));
    }

    /// As Kafka 4.3.1 takes and refuses them.
    #[test]
    fn durations_of_share_groups_are_checked() {
        for good in
            ["latest", "by_duration:PT1H30M", "by_duration:P2D", "by_duration:P1DT0.5S", "by_duration:pt1h"]
        {
            assert!(is_offset_reset(good), "{good}");
        }
        for bad in ["", "EARLIEST", "BY_DURATION:PT1H", "by_duration:", "by_duration:P", "by_duration:PT"] {
            assert!(!is_offset_reset(bad), "{bad}");
        }
        for bad in ["by_duration:PT1", "by_duration:-PT1H", "by_duration:PT-1H", "by_duration:PT1.5H"] {
            assert!(!is_offset_reset(bad), "{bad}");
        }
    }

    #[test]
    fn hosts_and_ports_are_split_with_and_without_brackets() {
        assert_eq!(split_host_port("kafka-1.example:9092"), Some(("kafka-1.example", 9092)));
        assert_eq!(split_host_port("[::1]:9092"), Some(("::1", 9092)));
        assert_eq!(split_host_port(":9092"), Some(("", 9092)));
        for bad in ["kafka", "kafka:", "kafka:x", "kafka:70000", "ka fka:1", "kafka:+1"] {
            assert_eq!(split_host_port(bad), None, "{bad}");
        }
    }
}
