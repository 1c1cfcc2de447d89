//! What is to be sent, in which order?

use std::collections::{VecDeque, vec_deque};

use bytes::Bytes;

use crate::Region;

/// One piece of a [`Plan`].
#[derive(Clone, Debug)]
pub enum Part {
    /// Bytes in memory: headers, framing, small fields. Not counted as payload.
    Bytes(Bytes),
    /// A range of a file: payload.
    File(Region),
}

impl Part {
    /// The length in bytes.
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(region) => region.len(),
        }
    }

    /// Whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// An answer as an ordered list of bytes in memory and file regions.
///
/// Empty parts are left out, so the last part of a plan always has a byte to send.
///
/// ```
/// # use std::sync::Arc;
/// use transfer::{Plan, Region};
///
/// let file = Arc::new(tempfile::tempfile()?);
/// let plan = Plan::new().bytes("HTTP/1.1 200 OK\r\n\r\n").file(Region::new(file, 4_096, 1_000_000));
/// assert_eq!(plan.len(), 1_000_019);
/// assert_eq!(plan.payload_len(), 1_000_000);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Plan {
    parts: VecDeque<Part>,
}

impl Plan {
    /// A plan that sends nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds bytes to the end.
    #[must_use]
    pub fn bytes(mut self, bytes: impl Into<Bytes>) -> Self {
        self.push_bytes(bytes);
        self
    }

    /// Adds a file region to the end.
    #[must_use]
    pub fn file(mut self, region: Region) -> Self {
        self.push_file(region);
        self
    }

    /// Adds bytes to the end.
    pub fn push_bytes(&mut self, bytes: impl Into<Bytes>) {
        self.push(Part::Bytes(bytes.into()));
    }

    /// Puts bytes before all there is: a head that tells how long the rest is.
    #[must_use]
    pub fn behind(mut self, bytes: impl Into<Bytes>) -> Self {
        let part = Part::Bytes(bytes.into());
        if !part.is_empty() {
            self.parts.push_front(part);
        }
        self
    }

    /// Adds a file region to the end.
    pub fn push_file(&mut self, region: Region) {
        self.push(Part::File(region));
    }

    /// Adds a part to the end, unless it is empty.
    pub fn push(&mut self, part: Part) {
        if !part.is_empty() {
            self.parts.push_back(part);
        }
    }

    /// All bytes, in memory and in files.
    pub fn len(&self) -> u64 {
        self.parts.iter().map(Part::len).fold(0, u64::saturating_add)
    }

    /// The bytes in files: what the ledger will count.
    pub fn payload_len(&self) -> u64 {
        self.parts
            .iter()
            .filter_map(|part| match part {
                Part::Bytes(_) => None,
                Part::File(region) => Some(region.len()),
            })
            .fold(0, u64::saturating_add)
    }

    /// Whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The parts in order.
    pub fn parts(&self) -> impl ExactSizeIterator<Item = &Part> {
        self.parts.iter()
    }

    pub(crate) fn into_parts(self) -> VecDeque<Part> {
        self.parts
    }
}

impl IntoIterator for Plan {
    type Item = Part;
    type IntoIter = vec_deque::IntoIter<Part>;

    fn into_iter(self) -> Self::IntoIter {
        self.parts.into_iter()
    }
}

impl FromIterator<Part> for Plan {
    fn from_iter<I: IntoIterator<Item = Part>>(parts: I) -> Self {
        let mut plan = Self::new();
        plan.extend(parts);
        plan
    }
}

impl Extend<Part> for Plan {
    fn extend<I: IntoIterator<Item = Part>>(&mut self, parts: I) {
        for part in parts {
            self.push(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_before_the_rest_comes_first_and_nothing_is_no_part() {
        let plan = Plan::new().bytes("body").behind("head").behind("");
        let parts: Vec<_> = plan.parts().map(Part::len).collect();
        assert_eq!(parts, [4, 4]);
        assert!(matches!(plan.parts().next(), Some(Part::Bytes(bytes)) if bytes == "head"));
    }
}
