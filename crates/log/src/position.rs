//! A place inside a segment's file.

use std::fmt;

/// A byte position in a segment's `.log` file. Segments are smaller than 2³¹ bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub u32);

impl Position {
    /// The position `bytes` further on.
    pub(crate) fn plus(self, bytes: usize) -> Self {
        Self(self.0.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX)))
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
