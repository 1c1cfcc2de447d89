//! Records as text and as JSON, for `consume` and `log dump`.

use std::io::{self, Write};

use anyhow::bail;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use client::ConsumedRecord;
use serde_json::{Value, json};

use crate::times::iso;

/// What the help of commands says about [`Format`].
pub(crate) const FORMAT_HELP: &str = "\
Formats: {topic} {partition} {offset} {timestamp} (ms) {time} (ISO 8601) {key} {value} {headers}
stand for a record's parts, \\n \\t \\\\ and \\0 for characters; null is nothing.";

/// What the help of commands says about [`to_json`].
pub(crate) const JSON_HELP: &str = "\
JSON, one object a line: {\"topic\", \"partition\", \"offset\", \"timestamp\" (ms or null), \"key\",
\"value\", \"headers\": [{\"key\", \"value\"}]}. Bytes are a string where they are UTF-8, else
{\"base64\": \"...\"}; null is null.";

/// How a record is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Format {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(Vec<u8>),
    Topic,
    Partition,
    Offset,
    Timestamp,
    Time,
    Key,
    Value,
    Headers,
}

impl Format {
    /// Reads a format as the user wrote it.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        let mut pieces = Vec::new();
        let mut literal = Vec::new();
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            match c {
                '\\' => literal.push(match rest.next() {
                    Some('n') => b'\n',
                    Some('t') => b'\t',
                    Some('0') => 0,
                    Some('\\') => b'\\',
                    other => bail!(
                        "\\{} in a format: only \\n, \\t, \\0 and \\\\",
                        other.map_or(String::new(), String::from)
                    ),
                }),
                '{' => {
                    let Some((name, behind)) = rest.as_str().split_once('}') else {
                        bail!("a {{ without a }} in the format {text:?}");
                    };
                    if !literal.is_empty() {
                        pieces.push(Piece::Text(std::mem::take(&mut literal)));
                    }
                    pieces.push(Piece::named(name)?);
                    rest = behind.chars();
                }
                c => literal.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        if !literal.is_empty() {
            pieces.push(Piece::Text(literal));
        }
        Ok(Self { pieces })
    }

    /// Prints a record. Keys, values and headers come as the bytes they are.
    pub(crate) fn write(
        &self,
        out: &mut impl Write,
        topic: &str,
        partition: i32,
        record: &ConsumedRecord,
    ) -> io::Result<()> {
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.write_all(text)?,
                Piece::Topic => out.write_all(topic.as_bytes())?,
                Piece::Partition => write!(out, "{partition}")?,
                Piece::Offset => write!(out, "{}", record.offset)?,
                Piece::Timestamp => write!(out, "{}", record.timestamp_ms)?,
                Piece::Time => out.write_all(iso(record.timestamp_ms).as_bytes())?,
                Piece::Key => out.write_all(record.key.as_deref().unwrap_or_default())?,
                Piece::Value => out.write_all(record.value.as_deref().unwrap_or_default())?,
                Piece::Headers => {
                    for (index, (key, value)) in record.headers.iter().enumerate() {
                        out.write_all(if index > 0 { b"," } else { b"" })?;
                        out.write_all(key)?;
                        out.write_all(b"=")?;
                        out.write_all(value.as_deref().unwrap_or_default())?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl Piece {
    fn named(name: &str) -> anyhow::Result<Self> {
        Ok(match name {
            "topic" => Self::Topic,
            "partition" => Self::Partition,
            "offset" => Self::Offset,
            "timestamp" => Self::Timestamp,
            "time" => Self::Time,
            "key" => Self::Key,
            "value" => Self::Value,
            "headers" => Self::Headers,
            _ => bail!(
                "{{{name}}} in a format: there are topic, partition, offset, timestamp, time, key, value and headers"
            ),
        })
    }
}

/// A record as [`JSON_HELP`] says.
pub(crate) fn to_json(topic: &str, partition: i32, record: &ConsumedRecord) -> Value {
    let headers: Vec<Value> = record
        .headers
        .iter()
        .map(|(key, value)| json!({"key": bytes_json(Some(key)), "value": bytes_json(value.as_deref())}))
        .collect();
    json!({
        "topic": topic,
        "partition": partition,
        "offset": record.offset.0,
        "timestamp": (record.timestamp_ms >= 0).then_some(record.timestamp_ms),
        "key": bytes_json(record.key.as_deref()),
        "value": bytes_json(record.value.as_deref()),
        "headers": headers,
    })
}

fn bytes_json(bytes: Option<&[u8]>) -> Value {
    match bytes.map(|bytes| (bytes, std::str::from_utf8(bytes))) {
        None => Value::Null,
        Some((_, Ok(text))) => json!(text),
        Some((bytes, Err(_))) => json!({ "base64": BASE64_STANDARD.encode(bytes) }),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use protocol::Offset;

    use super::*;

    fn record() -> ConsumedRecord {
        ConsumedRecord {
            offset: Offset(42),
            timestamp_ms: 1_772_368_200_000,
            key: Some(Bytes::from_static(b"k")),
            value: Some(Bytes::from_static(b"\xff\x00")),
            headers: vec![
                (Bytes::from_static(b"a"), Some(Bytes::from_static(b"1"))),
                (Bytes::from_static(b"b"), None),
            ],
        }
    }

    #[test]
    fn a_format_puts_every_part_where_it_stands() {
        let format =
            Format::parse(r"{topic}-{partition}@{offset}\t{timestamp} {time} {key}={value} [{headers}]\n")
                .unwrap();
        let mut out = Vec::new();
        format.write(&mut out, "t", 3, &record()).unwrap();
        let expected = b"t-3@42\t1772368200000 2026-03-01T12:30:00.000Z k=\xff\x00 [a=1,b=]\n";
        assert_eq!(out, expected, "{}", String::from_utf8_lossy(&out));
    }

    #[test]
    fn a_mistaken_format_is_explained() {
        for (text, word) in [("{valeu}", "valeu"), ("{value", "without"), (r"\x", r"\x"), ("\\", "only")] {
            let error = Format::parse(text).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn json_keeps_what_is_not_text() {
        assert_eq!(
            to_json("t", 3, &record()).to_string(),
            r#"{"topic":"t","partition":3,"offset":42,"timestamp":1772368200000,"key":"k","value":{"base64":"/wA="},"headers":[{"key":"a","value":"1"},{"key":"b","value":null}]}"#
        );
    }
}
