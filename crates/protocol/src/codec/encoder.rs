//! Kafka's primitive encodings, written, and the frame they end up in.

use bytes::{BufMut, Bytes, BytesMut};
use uuid::Uuid;

/// The bytes of a frame's size at its front.
const SIZE_PREFIX_BYTES: usize = 4;

/// Where the records of a message lie: in memory, or wherever a server keeps them, say in a range of a file.
pub trait Records: Clone {
    /// How many bytes the records take on the wire.
    fn len(&self) -> usize;

    /// Whether there are no records.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Records for Bytes {
    #[inline]
    fn len(&self) -> usize {
        self.len()
    }
}

/// Writes values one after another; records are noted with their place between the bytes and not touched.
#[derive(Debug)]
pub struct Encoder<R = Bytes> {
    buf: BytesMut,
    records: Vec<(usize, R)>,
    records_bytes: usize,
}

impl<R> Default for Encoder<R> {
    fn default() -> Self {
        Self::with_capacity(0)
    }
}

impl<R> Encoder<R> {
    /// Expects about `bytes` bytes besides the records.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self { buf: BytesMut::with_capacity(bytes), records: Vec::new(), records_bytes: 0 }
    }

    /// An encoder of a frame: it begins with room for the frame's size, which [`Encoder::finish_frame`] fills in.
    #[must_use]
    pub fn frame_with_capacity(bytes: usize) -> Self {
        let mut encoder = Self::with_capacity(SIZE_PREFIX_BYTES + bytes);
        encoder.buf.put_bytes(0, SIZE_PREFIX_BYTES);
        encoder
    }

    /// What was written.
    #[must_use]
    pub fn finish(self) -> Frame<R> {
        Frame { bytes: self.buf.freeze(), records: self.records, records_bytes: self.records_bytes }
    }

    /// What was written into an encoder made by [`Encoder::frame_with_capacity`], with the size at its front: the
    /// length of everything behind it, records included. A frame beyond 2 GiB cannot be said in Kafka's protocol;
    /// whoever puts records into a message bounds them.
    #[must_use]
    pub fn finish_frame(mut self) -> Frame<R> {
        let size = (self.buf.len() + self.records_bytes).saturating_sub(SIZE_PREFIX_BYTES);
        debug_assert!(i32::try_from(size).is_ok(), "a frame of {size} bytes");
        if let Some(prefix) = self.buf.first_chunk_mut() {
            *prefix = i32::try_from(size).unwrap_or(i32::MAX).to_be_bytes();
        }
        self.finish()
    }

    /// One signed byte.
    #[inline]
    pub fn i8(&mut self, value: i8) {
        self.buf.put_i8(value);
    }

    /// Two bytes, the highest first, as all fixed-size integers.
    #[inline]
    pub fn i16(&mut self, value: i16) {
        self.buf.put_i16(value);
    }

    /// Four bytes.
    #[inline]
    pub fn i32(&mut self, value: i32) {
        self.buf.put_i32(value);
    }

    /// Eight bytes.
    #[inline]
    pub fn i64(&mut self, value: i64) {
        self.buf.put_i64(value);
    }

    /// Sixteen bytes.
    #[inline]
    pub fn uuid(&mut self, value: &Uuid) {
        self.slice(value.as_bytes());
    }

    /// Bytes as they are.
    #[inline]
    pub fn slice(&mut self, bytes: &[u8]) {
        self.buf.put_slice(bytes);
    }

    /// An unsigned integer in groups of seven bits, the lowest first.
    #[inline]
    pub fn uvarint(&mut self, value: u32) {
        self.long_uvarint(u64::from(value));
    }

    /// A signed integer, zigzag in groups of seven bits.
    #[inline]
    pub fn varint(&mut self, value: i32) {
        self.uvarint(((value << 1) ^ (value >> 31)).cast_unsigned());
    }

    /// A signed integer of up to 64 bits, zigzag in groups of seven bits.
    #[inline]
    pub fn varlong(&mut self, value: i64) {
        self.long_uvarint(((value << 1) ^ (value >> 63)).cast_unsigned());
    }

    #[inline]
    fn long_uvarint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.buf.put_u8(value as u8 | 0x80);
            value >>= 7;
        }
        self.buf.put_u8(value as u8);
    }

    /// The length of a string; `None` is null.
    #[inline]
    pub(crate) fn string_length(&mut self, length: Option<usize>, flexible: bool) {
        if flexible {
            self.compact_length(length);
        } else {
            self.i16(length.map_or(-1, |length| i16::try_from(length).unwrap_or(i16::MAX)));
        }
    }

    /// The length of a byte array or the element count of an array; `None` is null.
    #[inline]
    pub(crate) fn length(&mut self, length: Option<usize>, flexible: bool) {
        if flexible {
            self.compact_length(length);
        } else {
            self.i32(length.map_or(-1, |length| i32::try_from(length).unwrap_or(i32::MAX)));
        }
    }

    #[inline]
    fn compact_length(&mut self, length: Option<usize>) {
        self.uvarint(length.map_or(0, |length| u32::try_from(length + 1).unwrap_or(u32::MAX)));
    }

    /// The tagged fields at the end of a struct: `write` is called for each tag from 0 to below `tags`, and those that
    /// it adds are counted.
    #[inline]
    pub(crate) fn tagged_fields(&mut self, tags: u32, mut write: impl FnMut(&mut Self, &TaggedFields, u32)) {
        let fields = TaggedFields { count_at: self.buf.len() };
        self.buf.put_u8(0);
        for tag in 0..tags {
            write(self, &fields, tag);
        }
    }

    /// Adds the value that `write` writes, which is never records. Tags come in ascending order, and a struct of Kafka's has fewer than 128
    /// of them, so that their count is one byte.
    pub(crate) fn tagged_field(&mut self, fields: &TaggedFields, tag: u32, write: impl FnOnce(&mut Self)) {
        self.uvarint(tag);
        let size_at = self.buf.len();
        self.buf.put_u8(0);
        let value_at = self.buf.len();
        write(self);
        let mut size = (self.buf.len() - value_at) as u32;
        // Most values are shorter than 128 bytes: only longer ones are moved to make room for a longer size.
        let mut at = size_at;
        while size >= 0x80 {
            self.buf[at] = size as u8 | 0x80;
            size >>= 7;
            at += 1;
            self.buf.put_u8(0);
            let end = self.buf.len();
            self.buf.copy_within(at..end - 1, at + 1);
        }
        self.buf[at] = size as u8;
        self.buf[fields.count_at] += 1;
    }
}

impl<R: Records> Encoder<R> {
    /// The length of the records, and a note that they belong here. `None` is null where `nullable`, else empty.
    #[inline]
    pub(crate) fn records(&mut self, records: Option<&R>, nullable: bool, flexible: bool) {
        let Some(records) = records else {
            self.length(if nullable { None } else { Some(0) }, flexible);
            return;
        };
        self.length(Some(records.len()), flexible);
        if !records.is_empty() {
            self.records.push((self.buf.len(), records.clone()));
            self.records_bytes += records.len();
        }
    }
}

/// The tagged fields of one struct while they are written.
#[derive(Debug)]
pub(crate) struct TaggedFields {
    count_at: usize,
}

/// An encoded message: bytes, and the records that belong between them.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame<R = Bytes> {
    bytes: Bytes,
    /// Each with the place in `bytes` that it comes before; places ascend.
    records: Vec<(usize, R)>,
    records_bytes: usize,
}

/// A piece of a frame.
#[derive(Clone, Debug, PartialEq)]
pub enum Part<R = Bytes> {
    /// Bytes that were encoded.
    Bytes(Bytes),
    /// Records, wherever they lie.
    Records(R),
}

impl<R> Frame<R> {
    /// Bytes on the wire, records and size prefix included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len() + self.records_bytes
    }

    /// Whether nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many of the bytes on the wire are records.
    #[must_use]
    pub fn records_bytes(&self) -> usize {
        self.records_bytes
    }

    /// The pieces in the order in which they go over the wire; none is empty.
    pub fn into_parts(self) -> impl Iterator<Item = Part<R>> {
        let mut rest = self.bytes;
        let mut taken = 0;
        let mut records = self.records.into_iter().peekable();
        std::iter::from_fn(move || {
            let until = records.peek().map_or(taken + rest.len(), |&(at, _)| at);
            if until > taken {
                let bytes = rest.split_to(until - taken);
                taken = until;
                return Some(Part::Bytes(bytes));
            }
            records.next().map(|(_, records)| Part::Records(records))
        })
    }
}

impl Frame<Bytes> {
    /// The frame in one piece; copies only where there are records.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        if self.records.is_empty() {
            return self.bytes;
        }
        let mut whole = BytesMut::with_capacity(self.len());
        for part in self.into_parts() {
            match part {
                Part::Bytes(bytes) | Part::Records(bytes) => whole.extend_from_slice(&bytes),
            }
        }
        whole.freeze()
    }
}
