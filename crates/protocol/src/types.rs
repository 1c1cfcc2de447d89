//! Kafka's scalar identities as types of their own, so that an offset is never passed for an epoch.

use std::fmt;

macro_rules! newtype {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<$inner> for $name {
            fn from(raw: $inner) -> Self {
                Self(raw)
            }
        }
    };
}

newtype! {
    /// The position of a record in a partition, counted in records from 0.
    Offset(i64)
}
newtype! {
    /// How many leaders a partition has had; −1 where none is known.
    LeaderEpoch(i32)
}
newtype! {
    /// A broker's `node.id`; −1 where there is none.
    BrokerId(i32)
}
newtype! {
    /// The number of a partition within its topic, from 0.
    PartitionIndex(i32)
}
newtype! {
    /// An idempotent or transactional producer; −1 where a batch has none.
    ProducerId(i64)
}
newtype! {
    /// The incarnation of a producer id; −1 where a batch has none.
    ProducerEpoch(i16)
}

impl Offset {
    /// The first offset of a log that never lost its beginning.
    pub const ZERO: Self = Self(0);

    /// The offset `count` records further on. There are none beyond the ends of 64 bits, whatever a file or a peer says.
    #[must_use]
    pub fn plus(self, count: i64) -> Self {
        Self(self.0.saturating_add(count))
    }
}

impl LeaderEpoch {
    /// No epoch is known.
    pub const NONE: Self = Self(-1);
}

impl ProducerId {
    /// The batch comes from a producer that is not idempotent.
    pub const NONE: Self = Self(-1);
}

impl ProducerEpoch {
    /// The batch comes from a producer that is not idempotent.
    pub const NONE: Self = Self(-1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_no_offset_beyond_the_last_one() {
        assert_eq!(Offset(i64::MAX - 1).plus(1), Offset(i64::MAX));
        assert_eq!(Offset(i64::MAX).plus(1), Offset(i64::MAX));
        assert_eq!(Offset(i64::MIN).plus(-1), Offset(i64::MIN));
    }
}
