//! Which partition of `__consumer_offsets` holds a group.

use protocol::PartitionIndex;

/// The partition that holds `group`, of `partitions` (at least 1).
///
/// Kafka takes the absolute value of Java's string hash, with the one value that has none becoming 0; every broker and
/// tool must agree on it, or a group's offsets are looked for in the wrong place.
#[must_use]
pub fn partition_for(group: &str, partitions: i32) -> PartitionIndex {
    PartitionIndex(java_hash(group).checked_abs().unwrap_or(0) % partitions.max(1))
}

/// `java.lang.String.hashCode`: over UTF-16 code units, wrapping.
fn java_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0, |hash: i32, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values that a Java virtual machine gave for `hashCode`.
    #[test]
    fn the_hash_is_javas_also_beyond_the_basic_plane() {
        assert_eq!(java_hash(""), 0);
        assert_eq!(java_hash("console-consumer-12345"), 158_455_506);
        assert_eq!(java_hash("gruppe-äöü-😀"), 165_931_064);
    }

    /// "polygenelubricants" is known for having the one hash without an absolute value.
    #[test]
    fn a_hash_without_absolute_value_means_partition_0() {
        assert_eq!(java_hash("polygenelubricants"), i32::MIN);
        assert_eq!(partition_for("polygenelubricants", 50), PartitionIndex(0));
    }
}
