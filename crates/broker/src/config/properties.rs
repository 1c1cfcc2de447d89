//! Java's properties format, as `java.util.Properties.load` reads it.

use std::iter::Peekable;
use std::str::Chars;

/// One entry of a properties file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Property {
    /// What stands before the separator, without escapes.
    pub(super) key: String,
    /// What stands after it, without escapes; white space at the end counts.
    pub(super) value: String,
    /// The line on which the entry begins, from 1.
    pub(super) line: usize,
}

/// `\u` is not followed by four hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: \\u is not followed by four hexadecimal digits")]
pub(super) struct BadEscape {
    /// The line on which the entry begins, from 1.
    pub(super) line: usize,
}

/// The text of a properties file. Java reads such files as ISO 8859-1; a file that is valid UTF-8 is read as that here,
/// because that is what editors write.
#[must_use]
pub(super) fn decode(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

/// All entries in their order; a key may come more than once.
///
/// # Errors
/// [`BadEscape`] for each entry that Java would refuse.
pub(super) fn parse(text: &str) -> Vec<Result<Property, BadEscape>> {
    logical_lines(text)
        .into_iter()
        .map(|(line, text)| {
            let (key, value) = split(&text);
            let (key, value) = (unescape(key), unescape(value));
            key.zip(value).map(|(key, value)| Property { key, value, line }).ok_or(BadEscape { line })
        })
        .collect()
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{c}')
}

/// Lines without comments and blank ones, each joined with those that continue it: a line that ends in an odd number
/// of backslashes goes on, without the white space that the next line begins with.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut continues = false;
    for (number, line) in natural_lines(text).enumerate() {
        let line = line.trim_start_matches(is_space);
        if !continues && (line.is_empty() || line.starts_with(['#', '!'])) {
            continue;
        }
        let backslashes = line.chars().rev().take_while(|&c| c == '\\').count();
        let goes_on = backslashes % 2 == 1;
        let line = if goes_on { &line[..line.len() - 1] } else { line };
        match lines.last_mut() {
            Some((_, joined)) if continues => joined.push_str(line),
            _ => lines.push((number + 1, line.to_owned())),
        }
        continues = goes_on;
    }
    lines
}

/// Lines end in `\n`, `\r` or both.
fn natural_lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = text.find(['\n', '\r']) else {
            rest = None;
            return Some(text);
        };
        let (line, after) = text.split_at(end);
        rest = Some(after.strip_prefix("\r\n").or_else(|| after.get(1..)).unwrap_or_default());
        Some(line)
    })
}

/// The key ends at the first `=`, `:` or white space that is not escaped. White space, one separator and white space
/// again lie between key and value.
fn split(line: &str) -> (&str, &str) {
    let mut escaped = false;
    let end = line
        .find(|c| {
            let ends = !escaped && (matches!(c, '=' | ':') || is_space(c));
            escaped = c == '\\' && !escaped;
            ends
        })
        .unwrap_or(line.len());
    let (key, rest) = line.split_at(end);
    let rest = rest.trim_start_matches(is_space);
    let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest);
    (key, rest.trim_start_matches(is_space))
}

fn unescape(text: &str) -> Option<String> {
    let mut units = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some('t')) => units.push('\t'),
            ('\\', Some('n')) => units.push('\n'),
            ('\\', Some('r')) => units.push('\r'),
            ('\\', Some('f')) => units.push('\u{c}'),
            ('\\', Some('u')) => units.push(unicode(&mut chars)?),
            ('\\', Some(other)) => units.push(other),
            ('\\', None) => {}
            (other, _) => units.push(other),
        }
    }
    Some(units)
}

/// The character of `\uXXXX`, whose digits come next; the two halves of a surrogate pair become one character.
fn unicode(chars: &mut Peekable<Chars<'_>>) -> Option<char> {
    let first = unit(chars)?;
    if !(0xd800..0xdc00).contains(&first) {
        return Some(char::from_u32(first.into()).unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    let mut ahead = chars.clone();
    if ahead.next() == Some('\\')
        && ahead.next() == Some('u')
        && let Some(second @ 0xdc00..0xe000) = unit(&mut ahead)
    {
        *chars = ahead;
        let pair = char::decode_utf16([first, second]).next();
        return Some(pair.and_then(Result::ok).unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    Some(char::REPLACEMENT_CHARACTER)
}

fn unit(chars: &mut Peekable<Chars<'_>>) -> Option<u16> {
    (0..4).try_fold(0u16, |unit, _| {
        let digit = chars.next()?.to_digit(16)?;
        Some(unit << 4 | u16::try_from(digit).ok()?)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        parse(text).into_iter().map(|entry| entry.expect("valid escapes")).map(|p| (p.key, p.value)).collect()
    }

    /// The expected pairs were printed by `java.util.Properties.load` of Java 17.
    #[test]
    fn files_are_read_as_java_reads_them() {
        let cases: &[(&str, &[(&str, &str)])] = &[
            ("a=b\\\n\nc=d", &[("a", "b"), ("c", "d")]),
            ("a=b\\", &[("a", "b")]),
            ("a=b\\\\\nc=d", &[("a", "b\\"), ("c", "d")]),
            ("a\\ b=c d  ", &[("a b", "c d  ")]),
            ("  a : b", &[("a", "b")]),
            ("a b", &[("a", "b")]),
            ("a\tb=c", &[("a", "b=c")]),
            ("a==b", &[("a", "=b")]),
            ("a:=b", &[("a", "=b")]),
            ("a = = b", &[("a", "= b")]),
            ("#x\n!y\n  # z\na=1", &[("a", "1")]),
            ("a=1\\\n  #not comment", &[("a", "1#not comment")]),
            ("a=1\\\n!b", &[("a", "1!b")]),
            ("a=1\\\r\n   2", &[("a", "12")]),
            ("a=1\rb=2", &[("a", "1"), ("b", "2")]),
            ("a", &[("a", "")]),
            ("a=", &[("a", "")]),
            ("=b", &[("", "b")]),
            (":b", &[("", "b")]),
            ("a\\=b=c", &[("a=b", "c")]),
            ("a\\:b:c", &[("a:b", "c")]),
            ("a=\\u0041\\u00e9", &[("a", "Aé")]),
            ("a=\\uD83D\\uDE00", &[("a", "😀")]),
            ("a=\\q\\t\\n\\f\\r\\\\", &[("a", "q\t\n\u{c}\r\\")]),
            ("a=1\na=2", &[("a", "1"), ("a", "2")]),
            ("\u{c}a=1", &[("a", "1")]),
            ("a\u{c}=\u{c}1\u{c}", &[("a", "1\u{c}")]),
            ("#c\\\nb=1", &[("b", "1")]),
            ("a\\\n  b=c", &[("ab", "c")]),
            ("a=x\\\n", &[("a", "x")]),
            ("a=x\\\n\\\ny", &[("a", "xy")]),
            ("\\#a=1", &[("#a", "1")]),
            ("a=\\#1", &[("a", "#1")]),
            ("a=b#c", &[("a", "b#c")]),
            ("a\\\n=b", &[("a", "b")]),
            ("a=b\\\n\t\\ c", &[("a", "b c")]),
            ("\n \n\t\na=1", &[("a", "1")]),
            ("\\", &[("", "")]),
            ("a =\\", &[("a", "")]),
            ("k\\u003dx=1", &[("k=x", "1")]),
            ("   ", &[]),
        ];
        for (text, expected) in cases {
            let expected: Vec<_> = expected.iter().map(|&(k, v)| (k.to_owned(), v.to_owned())).collect();
            assert_eq!(pairs(text), expected, "{text:?}");
        }
    }

    #[test]
    fn an_escape_without_four_digits_is_refused_with_its_line() {
        for text in ["\n#\na=\\u12", "\n\na=\\u12zz", "\n\na\\\n\\u00=1"] {
            assert_eq!(parse(text), [Err(BadEscape { line: 3 })], "{text:?}");
        }
    }

    #[test]
    fn entries_say_where_they_begin() {
        let lines: Vec<_> =
            parse("# x\na=1\n\nb=\\\n\\\n2\nc=3").into_iter().flatten().map(|p| p.line).collect();
        assert_eq!(lines, [2, 4, 7]);
    }

    #[test]
    fn bytes_that_are_not_utf8_are_latin1() {
        assert_eq!(decode("a=é".as_bytes()), "a=é");
        assert_eq!(decode(b"a=\xe9"), "a=é");
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in ".*") {
            let _ = parse(&text);
            let _ = decode(text.as_bytes());
        }

        #[test]
        fn escaped_keys_and_values_come_back(key in "[^\u{0}]{1,12}", value in "[^\u{0}]{0,12}") {
            let escape = |text: &str| text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<String>();
            prop_assert_eq!(pairs(&format!("{}={}", escape(&key), escape(&value))), [(key, value)]);
        }
    }
}
