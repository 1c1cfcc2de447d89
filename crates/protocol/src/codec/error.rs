//! Why bytes from a peer or a file are no value.

use std::fmt;

/// The bytes at hand are not what they should be: whose fault that is depends on where they came from, a peer or a
/// file, which the caller knows.
///
/// Displays as `FetchRequest: topics[2].partitions[0].fetch_offset: 8 bytes needed, 3 left`.
#[derive(Clone, PartialEq, Eq)]
pub struct DecodeError(Box<Located>);

#[derive(Clone, PartialEq, Eq)]
struct Located {
    fault: Fault,
    /// From the innermost step to the message.
    path: Vec<Step>,
}

/// One step of the way from a message to the field that is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The message itself, by Kafka's name.
    Message(&'static str),
    /// A field by its name in the schema, in snake case.
    Field(&'static str),
    /// An element of an array, from 0.
    Element(usize),
}

/// What is wrong with the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The bytes end inside a value.
    #[error("{needed} bytes needed, {left} left")]
    Truncated {
        /// Bytes the value takes.
        needed: usize,
        /// Bytes there are.
        left: usize,
    },
    /// A length or an element count claims more than there can be in what is left.
    #[error("a length or count of {claimed}, with {left} bytes left")]
    LengthBeyondEnd {
        /// Bytes or elements.
        claimed: i64,
        /// Bytes there are.
        left: usize,
    },
    /// A length or an element count below −1.
    #[error("a length or count of {0}")]
    NegativeLength(i64),
    /// Strings and arrays that would take far more memory than the bytes that stand for them.
    #[error("{needed} bytes of memory needed, which is more than the {left} left to a message of this size")]
    TooMuchMemory {
        /// Bytes the value takes in memory.
        needed: usize,
        /// Bytes that the message's values may still take.
        left: usize,
    },
    /// Null where this version of the field has none.
    #[error("null, which this version of the field does not allow")]
    Null,
    /// A string that is not UTF-8.
    #[error("a string that is not UTF-8")]
    NotUtf8,
    /// A variable-length integer that does not end where its type does.
    #[error("a variable-length integer that does not end")]
    Varint,
    /// A value that ends before what holds it: a tagged field, or the value of a record.
    #[error("{0} bytes left over")]
    BytesLeftOver(usize),
    /// An API that Kafka does not have or no longer serves.
    #[error("no API has the key {0}")]
    UnknownApi(i16),
    /// A kind of record that Kafka does not have.
    #[error("no record has the id {0}")]
    UnknownRecord(i64),
    /// A record value in a frame that is not version 1.
    #[error("frame version {0} of a record value")]
    UnknownFrameVersion(u32),
    /// A version that the message does not have.
    #[error("version {0}, which does not exist")]
    UnsupportedVersion(i64),
}

impl DecodeError {
    /// An error of which only the fault is known so far; each level that it passes adds its step.
    #[cold]
    #[must_use]
    pub fn new(fault: Fault) -> Self {
        Self(Box::new(Located { fault, path: Vec::new() }))
    }

    /// What is wrong.
    #[must_use]
    pub fn fault(&self) -> Fault {
        self.0.fault
    }

    /// The way from the message to the field at fault.
    pub fn path(&self) -> impl Iterator<Item = Step> + '_ {
        self.0.path.iter().rev().copied()
    }

    #[cold]
    pub(crate) fn inside(mut self, step: Step) -> Self {
        self.0.path.push(step);
        self
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut in_path = false;
        for step in self.path() {
            match step {
                Step::Message(name) => {
                    write!(f, "{name}: ")?;
                    continue;
                }
                Step::Field(name) if in_path => write!(f, ".{name}")?,
                Step::Field(name) => f.write_str(name)?,
                Step::Element(index) => write!(f, "[{index}]")?,
            }
            in_path = true;
        }
        if in_path {
            f.write_str(": ")?;
        }
        self.0.fault.fmt(f)
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DecodeError({self})")
    }
}

impl std::error::Error for DecodeError {}

impl From<Fault> for DecodeError {
    #[cold]
    fn from(fault: Fault) -> Self {
        Self::new(fault)
    }
}

/// Names the place where a result failed.
pub(crate) trait InField: Sized {
    fn in_message(self, name: &'static str) -> Self {
        self.at(Step::Message(name))
    }

    fn in_field(self, name: &'static str) -> Self {
        self.at(Step::Field(name))
    }

    fn at(self, step: Step) -> Self;
}

impl<T> InField for Result<T, DecodeError> {
    #[inline]
    fn at(self, step: Step) -> Self {
        match self {
            Ok(value) => Ok(value),
            Err(error) => Err(error.inside(step)),
        }
    }
}
