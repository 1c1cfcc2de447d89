//! Kafka's primitive encodings, read.

use bytes::{Buf, Bytes};
use uuid::Uuid;

use super::error::{DecodeError, Fault};

/// Memory that decoded values may take per byte they are read from. The names of two letters in a DeleteGroups request
/// take 14, which is about the most that a client can need; empty structs, which nobody sends, take up to 200.
const MEMORY_PER_BYTE: usize = 16;

/// Memory that decoded values may take apart from that, so that short messages need no look at what they hold.
const MEMORY_BASE_BYTES: usize = 16 * 1024;

/// Memory that the values of one message may take in any case. Byte arrays and records, which make up the largest
/// messages, take none; the names of a million topics, a hundred letters each, take 150 MiB.
const MEMORY_LIMIT_BYTES: usize = 256 << 20;

/// What an allocator needs beside the bytes that it is asked for, about.
const ALLOCATION_BYTES: usize = 16;

/// Reads values from the front of a buffer and never beyond its end.
///
/// Byte arrays and records come out as slices of the buffer, which they keep alive; nothing is copied but strings. What
/// strings and arrays take in memory is bounded by the bytes that there are to read.
#[derive(Clone, Debug)]
pub struct Decoder {
    bytes: Bytes,
    /// Memory that values read from here may still take.
    memory_left: usize,
}

impl Decoder {
    /// Reads from the first byte of `bytes`.
    #[inline]
    #[must_use]
    pub fn new(bytes: Bytes) -> Self {
        let memory = bytes.len().saturating_mul(MEMORY_PER_BYTE).saturating_add(MEMORY_BASE_BYTES);
        Self { bytes, memory_left: memory.min(MEMORY_LIMIT_BYTES) }
    }

    /// Bytes not read yet.
    #[inline]
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.bytes.len()
    }

    /// Everything not read yet.
    #[inline]
    #[must_use]
    pub fn into_rest(self) -> Bytes {
        self.bytes
    }

    /// The next `N` bytes.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let Some(&array) = self.bytes.first_chunk::<N>() else {
            return Err(truncated(N, self.remaining()));
        };
        self.bytes.advance(N);
        Ok(array)
    }

    /// The next `length` bytes, shared with the buffer.
    #[inline]
    pub fn slice(&mut self, length: usize) -> Result<Bytes, DecodeError> {
        if length > self.remaining() {
            return Err(truncated(length, self.remaining()));
        }
        Ok(self.bytes.split_to(length))
    }

    /// The next `length` bytes as text.
    #[inline]
    pub(crate) fn text(&mut self, length: usize) -> Result<String, DecodeError> {
        let Some(bytes) = self.bytes.get(..length) else {
            return Err(truncated(length, self.remaining()));
        };
        let text = str::from_utf8(bytes).map_err(|_| Fault::NotUtf8)?;
        take_memory(&mut self.memory_left, length)?;
        let text = text.to_owned();
        self.bytes.advance(length);
        Ok(text)
    }

    /// An empty array with room for `count` elements.
    #[inline]
    pub(crate) fn room_for<T>(&mut self, count: usize) -> Result<Vec<T>, DecodeError> {
        take_memory(&mut self.memory_left, count.saturating_mul(size_of::<T>()))?;
        Ok(Vec::with_capacity(count))
    }

    /// One signed byte.
    #[inline]
    pub fn i8(&mut self) -> Result<i8, DecodeError> {
        self.array().map(i8::from_be_bytes)
    }

    /// Two bytes, the highest first, as all fixed-size integers.
    #[inline]
    pub fn i16(&mut self) -> Result<i16, DecodeError> {
        self.array().map(i16::from_be_bytes)
    }

    /// Four bytes.
    #[inline]
    pub fn i32(&mut self) -> Result<i32, DecodeError> {
        self.array().map(i32::from_be_bytes)
    }

    /// Eight bytes.
    #[inline]
    pub fn i64(&mut self) -> Result<i64, DecodeError> {
        self.array().map(i64::from_be_bytes)
    }

    /// Sixteen bytes.
    #[inline]
    pub fn uuid(&mut self) -> Result<Uuid, DecodeError> {
        self.array().map(Uuid::from_bytes)
    }

    /// An unsigned integer of up to 32 bits in groups of seven bits, the lowest first.
    #[inline]
    pub fn uvarint(&mut self) -> Result<u32, DecodeError> {
        match self.bytes.first() {
            Some(&byte) if byte < 0x80 => {
                self.bytes.advance(1);
                Ok(u32::from(byte))
            }
            _ => {
                let value = self.long_uvarint(5)?;
                u32::try_from(value).map_err(|_| Fault::Varint.into())
            }
        }
    }

    /// A signed integer of up to 32 bits, zigzag in groups of seven bits.
    #[inline]
    pub fn varint(&mut self) -> Result<i32, DecodeError> {
        let value = self.uvarint()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// A signed integer of up to 64 bits, zigzag in groups of seven bits.
    #[inline]
    pub fn varlong(&mut self) -> Result<i64, DecodeError> {
        let value = self.long_uvarint(10)?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    fn long_uvarint(&mut self, max_bytes: usize) -> Result<u64, DecodeError> {
        let mut value = 0_u64;
        for (index, &byte) in self.bytes.iter().take(max_bytes).enumerate() {
            let group = u64::from(byte & 0x7f);
            let shift = 7 * index;
            if group > u64::MAX >> shift {
                return Err(Fault::Varint.into());
            }
            value |= group << shift;
            if byte < 0x80 {
                self.bytes.advance(index + 1);
                return Ok(value);
            }
        }
        if self.remaining() < max_bytes {
            return Err(truncated(self.remaining() + 1, self.remaining()));
        }
        Err(Fault::Varint.into())
    }

    /// The length of a string: two bytes, or in flexible versions a varint of length + 1. `None` is null.
    #[inline]
    pub(crate) fn string_length(&mut self, flexible: bool) -> Result<Option<usize>, DecodeError> {
        if flexible {
            return self.compact_length();
        }
        let length = self.i16()?;
        self.checked_length(i64::from(length))
    }

    /// The length of a byte array or the element count of an array: four bytes, or in flexible versions a varint of
    /// length + 1. `None` is null. Neither can be more than the bytes left, as an element takes at least one.
    #[inline]
    pub(crate) fn length(&mut self, flexible: bool) -> Result<Option<usize>, DecodeError> {
        if flexible {
            return self.compact_length();
        }
        let length = self.i32()?;
        self.checked_length(i64::from(length))
    }

    #[inline]
    fn compact_length(&mut self) -> Result<Option<usize>, DecodeError> {
        let length = self.uvarint()?;
        self.checked_length(i64::from(length) - 1)
    }

    #[inline]
    fn checked_length(&self, length: i64) -> Result<Option<usize>, DecodeError> {
        match usize::try_from(length) {
            Ok(length) if length <= self.remaining() => Ok(Some(length)),
            Err(_) if length == -1 => Ok(None),
            Ok(_) => Err(Fault::LengthBeyondEnd { claimed: length, left: self.remaining() }.into()),
            Err(_) => Err(Fault::NegativeLength(length).into()),
        }
    }

    /// The tagged fields at the end of a struct. `known` decodes the value of a tag it knows from a decoder of just
    /// that value and says whether it knew it; values of other tags are skipped.
    #[inline]
    pub(crate) fn tagged_fields(
        &mut self,
        known: &mut dyn FnMut(u32, &mut Decoder) -> Result<bool, DecodeError>,
    ) -> Result<(), DecodeError> {
        match self.uvarint()? {
            0 => Ok(()),
            count => self.each_tagged_field(count, known),
        }
    }

    fn each_tagged_field(
        &mut self,
        count: u32,
        known: &mut dyn FnMut(u32, &mut Decoder) -> Result<bool, DecodeError>,
    ) -> Result<(), DecodeError> {
        for _ in 0..count {
            let tag = self.uvarint()?;
            let size = self.uvarint()? as usize;
            let mut value = Self { bytes: self.slice(size)?, memory_left: self.memory_left };
            if known(tag, &mut value)? && value.remaining() > 0 {
                return Err(Fault::BytesLeftOver(value.remaining()).into());
            }
            self.memory_left = value.memory_left;
        }
        Ok(())
    }
}

/// Counts one allocation of so many bytes, which is none if there are none.
#[inline]
fn take_memory(left: &mut usize, bytes: usize) -> Result<(), DecodeError> {
    if bytes > 0 {
        let needed = bytes.saturating_add(ALLOCATION_BYTES);
        *left = left.checked_sub(needed).ok_or(Fault::TooMuchMemory { needed, left: *left })?;
    }
    Ok(())
}

#[cold]
fn truncated(needed: usize, left: usize) -> DecodeError {
    Fault::Truncated { needed, left }.into()
}
