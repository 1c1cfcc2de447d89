//! The records inside an uncompressed body.

use super::{BatchHeader, RecordsError, TimestampType, varint};

/// One record, its fields borrowed from the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Offset − the batch's base offset.
    pub offset_delta: i32,
    /// In ms: the producer's, or the batch's append time.
    pub timestamp_ms: i64,
    /// The key, or null.
    pub key: Option<&'a [u8]>,
    /// The value, or null (a tombstone on a compacted topic).
    pub value: Option<&'a [u8]>,
    /// The headers.
    pub headers: Headers<'a>,
}

/// One header of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// The key. Kafka says UTF-8; that is not checked here, because a broker does not read it.
    pub key: &'a [u8],
    /// The value, or null.
    pub value: Option<&'a [u8]>,
}

/// The headers of a record, already checked when the record was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Headers<'a> {
    rest: &'a [u8],
    left: i32,
}

/// Walks the records of a body and checks every length, the count and the offset deltas on its way.
///
/// Without compaction a batch's offset deltas are 0, 1, 2, …; [`Records::require_consecutive`] demands it. Reading a log
/// demands only that they rise within the header's last offset delta. After an error there is nothing more.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    rest: &'a [u8],
    count: i32,
    index: i32,
    last_offset_delta: i32,
    previous_delta: i32,
    base_timestamp_ms: i64,
    append_time_ms: Option<i64>,
    consecutive: bool,
    failed: bool,
}

impl<'a> Records<'a> {
    /// The records in `body`, uncompressed, of the batch that `header` is the header of.
    #[must_use]
    pub fn new(header: &BatchHeader, body: &'a [u8]) -> Self {
        Self {
            rest: body,
            count: header.record_count,
            index: 0,
            last_offset_delta: header.last_offset_delta,
            previous_delta: -1,
            base_timestamp_ms: header.base_timestamp_ms,
            append_time_ms: (header.attributes.timestamp_type() == TimestampType::LogAppendTime)
                .then_some(header.max_timestamp_ms),
            consecutive: false,
            failed: false,
        }
    }

    /// Demands offset deltas 0, 1, 2, …, as every producer must send them.
    #[must_use]
    pub fn require_consecutive(mut self) -> Self {
        self.consecutive = true;
        self
    }

    fn read(&mut self) -> Result<Record<'a>, RecordsError> {
        let index = self.index;
        let malformed = |field| RecordsError::Record { index, field };

        let (length, after) = varint::read_i32(self.rest).ok_or(malformed("length"))?;
        let length = usize::try_from(length).map_err(|_| malformed("length"))?;
        let (record, rest) = after.split_at_checked(length).ok_or(malformed("length"))?;
        self.rest = rest;

        let mut cursor = Cursor { bytes: record };
        cursor.skip(1).ok_or(malformed("attributes"))?;
        let timestamp_delta = cursor.varlong().ok_or(malformed("timestamp delta"))?;
        let offset_delta = cursor.varint().ok_or(malformed("offset delta"))?;
        let key = cursor.nullable_bytes().ok_or(malformed("key"))?;
        let value = cursor.nullable_bytes().ok_or(malformed("value"))?;
        let header_count = cursor.varint().ok_or(malformed("header count"))?;
        let headers = Headers { rest: cursor.bytes, left: header_count };
        // A header takes two bytes at least, so the walk is bounded by the record's own bytes.
        if header_count < 0 || header_count as usize > cursor.bytes.len() {
            return Err(malformed("header count"));
        }
        for _ in 0..header_count {
            cursor.header().ok_or(malformed("header"))?;
        }
        if !cursor.bytes.is_empty() {
            return Err(malformed("length"));
        }
        let in_place = if self.consecutive {
            offset_delta == index
        } else {
            offset_delta > self.previous_delta && offset_delta <= self.last_offset_delta
        };
        if !in_place {
            return Err(RecordsError::OffsetDelta { index, delta: offset_delta });
        }
        self.previous_delta = offset_delta;
        let timestamp_ms = match self.append_time_ms {
            Some(append_time_ms) => append_time_ms,
            None => self.base_timestamp_ms.wrapping_add(timestamp_delta),
        };
        Ok(Record { offset_delta, timestamp_ms, key, value, headers })
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, RecordsError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        if self.index == self.count {
            if self.rest.is_empty() {
                return None;
            }
            self.failed = true;
            return Some(Err(RecordsError::TrailingBytes { bytes: self.rest.len(), count: self.count }));
        }
        let record = self.read();
        self.index += 1;
        self.failed = record.is_err();
        Some(record)
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = Header<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        let mut cursor = Cursor { bytes: self.rest };
        let header = cursor.header()?;
        self.rest = cursor.bytes;
        Some(header)
    }
}

/// The front of what is left of a record; every step gives `None` where the bytes do not reach.
struct Cursor<'a> {
    bytes: &'a [u8],
}

impl<'a> Cursor<'a> {
    #[inline]
    fn skip(&mut self, count: usize) -> Option<()> {
        self.bytes = self.bytes.get(count..)?;
        Some(())
    }

    #[inline(always)]
    fn varint(&mut self) -> Option<i32> {
        let (value, rest) = varint::read_i32(self.bytes)?;
        self.bytes = rest;
        Some(value)
    }

    #[inline(always)]
    fn varlong(&mut self) -> Option<i64> {
        let (value, rest) = varint::read_i64(self.bytes)?;
        self.bytes = rest;
        Some(value)
    }

    #[inline]
    fn bytes(&mut self, length: i32) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(usize::try_from(length).ok()?)?;
        self.bytes = rest;
        Some(taken)
    }

    /// A length and that many bytes; the length −1 is null.
    #[inline(always)]
    fn nullable_bytes(&mut self) -> Option<Option<&'a [u8]>> {
        match self.varint()? {
            -1 => Some(None),
            length => self.bytes(length).map(Some),
        }
    }

    fn header(&mut self) -> Option<Header<'a>> {
        let key_length = self.varint()?;
        Some(Header { key: self.bytes(key_length)?, value: self.nullable_bytes()? })
    }
}
