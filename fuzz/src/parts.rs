//! Several byte strings in one input.

/// Bytes of the length in front of each part.
const LENGTH_BYTES: usize = 2;

/// The parts of an input: each a length of two bytes, highest first, and so many bytes. A length that goes beyond the end
/// means the rest, so that every input is a list of parts.
#[derive(Clone, Debug)]
pub struct Parts<'a> {
    rest: &'a [u8],
}

impl<'a> Parts<'a> {
    /// The parts that `input` consists of.
    #[must_use]
    pub fn of(input: &'a [u8]) -> Self {
        Self { rest: input }
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<Self::Item> {
        let (length, rest) = self.rest.split_first_chunk::<LENGTH_BYTES>()?;
        let length = usize::from(u16::from_be_bytes(*length)).min(rest.len());
        let (part, rest) = rest.split_at(length);
        self.rest = rest;
        Some(part)
    }
}

/// The input that consists of these parts behind its options.
///
/// # Panics
/// A part is longer than its length can say.
#[must_use]
pub fn join(options: &[u8], parts: &[Vec<u8>]) -> Vec<u8> {
    let mut input = options.to_vec();
    for part in parts {
        let length = u16::try_from(part.len()).expect("seeds are small");
        input.extend(length.to_be_bytes());
        input.extend(part);
    }
    input
}
