//! Which names a topic may have.

/// The longest name: a partition's directory is `NAME-INDEX` and file names end at 255 bytes.
const LONGEST_NAME: usize = 249;

/// Checks a topic's name as Kafka does: 1 to 249 of `a-z A-Z 0-9 . _ -`, and neither `.` nor `..`.
///
/// # Errors
/// A sentence that names the rule that was broken.
pub fn check_topic_name(name: &str) -> Result<(), String> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if name.is_empty() {
        Err("a topic name cannot be empty".to_owned())
    } else if name == "." || name == ".." {
        Err("a topic name cannot be \".\" or \"..\"".to_owned())
    } else if name.len() > LONGEST_NAME {
        Err(format!("a topic name has at most {LONGEST_NAME} characters, this one has {}", name.len()))
    } else if let Some(bad) = name.chars().find(|&c| !legal(c)) {
        Err(format!(
            "a topic name consists of ASCII letters, digits, '.', '_' and '-', but {name:?} has {bad:?}"
        ))
    } else {
        Ok(())
    }
}

/// Whether two names would give the same metric name in Kafka, which does not tell `.` from `_`.
pub(crate) fn collide(one: &str, other: &str) -> bool {
    let plain = |c: char| if c == '.' { '_' } else { c };
    one.chars().map(plain).eq(other.chars().map(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_file_system_or_kafka_could_not_carry_are_refused() {
        for name in ["a", "A-b_c.9", "...", &"x".repeat(249)] {
            assert_eq!(check_topic_name(name), Ok(()), "{name}");
        }
        for name in ["", ".", "..", "a/b", "a b", "ü", "a\0", &"x".repeat(250)] {
            assert!(check_topic_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn dots_and_underscores_collide() {
        assert!(collide("a.b_c", "a_b.c"));
        assert!(!collide("a.b", "a-b"));
    }
}
