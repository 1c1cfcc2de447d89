//! The zigzag varints inside records (Protocol Buffers' encoding), bounded to 5 and 10 bytes.

// A broker reads seven of them in every record that it takes from a producer: they are inlined there, and what is left
// is handed on so that bounds are checked once.

/// Reads a zigzag varint of at most 32 bits. Gives the value and what is behind it.
#[inline(always)]
pub(super) fn read_i32(bytes: &[u8]) -> Option<(i32, &[u8])> {
    let (value, rest) = read_unsigned(bytes)?;
    let value = u32::try_from(value).ok()?;
    Some(((value >> 1).cast_signed() ^ -(value & 1).cast_signed(), rest))
}

/// Reads a zigzag varint of at most 64 bits. Gives the value and what is behind it.
#[inline(always)]
pub(super) fn read_i64(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let (value, rest) = read_unsigned(bytes)?;
    Some(((value >> 1).cast_signed() ^ -(value & 1).cast_signed(), rest))
}

/// Appends `value` as a zigzag varint.
pub(super) fn write_i32(out: &mut Vec<u8>, value: i32) {
    write_unsigned(out, u64::from(((value << 1) ^ (value >> 31)).cast_unsigned()));
}

/// Appends `value` as a zigzag varint.
pub(super) fn write_i64(out: &mut Vec<u8>, value: i64) {
    write_unsigned(out, ((value << 1) ^ (value >> 63)).cast_unsigned());
}

/// How many bytes `value` takes as a zigzag varint.
pub(super) fn size_i32(value: i32) -> usize {
    size_unsigned(u64::from(((value << 1) ^ (value >> 31)).cast_unsigned()))
}

/// How many bytes `value` takes as a zigzag varint.
pub(super) fn size_i64(value: i64) -> usize {
    size_unsigned(((value << 1) ^ (value >> 63)).cast_unsigned())
}

/// Nearly every varint of a record takes one byte (small deltas, short keys) or two (lengths of a hundred bytes).
#[inline(always)]
fn read_unsigned(bytes: &[u8]) -> Option<(u64, &[u8])> {
    match *bytes {
        [first @ ..0x80, ref rest @ ..] => Some((u64::from(first), rest)),
        [first, second @ ..0x80, ref rest @ ..] => {
            Some((u64::from(first & 0x7f) | u64::from(second) << 7, rest))
        }
        _ => read_longer(bytes),
    }
}

#[inline(never)]
fn read_longer(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    let mut rest = bytes;
    for index in 0..10 {
        let (&byte, behind) = rest.split_first()?;
        if index == 9 && byte > 0x01 {
            return None;
        }
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte < 0x80 {
            return Some((value, behind));
        }
        rest = behind;
    }
    None
}

fn write_unsigned(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn size_unsigned(value: u64) -> usize {
    (64 - (value | 1).leading_zeros()).div_ceil(7) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_reads_back(value in any::<i64>(), shift in 0u32..64) {
            let value = value >> shift;
            let mut bytes = Vec::new();
            write_i64(&mut bytes, value);
            prop_assert_eq!(bytes.len(), size_i64(value));
            prop_assert_eq!(read_i64(&bytes), Some((value, &[][..])));

            let value = value as i32;
            bytes.clear();
            write_i32(&mut bytes, value);
            prop_assert_eq!(bytes.len(), size_i32(value));
            prop_assert_eq!(read_i32(&bytes), Some((value, &[][..])));
        }

        #[test]
        fn a_cut_varint_is_refused(value in any::<i64>()) {
            let mut bytes = Vec::new();
            write_i64(&mut bytes, value);
            bytes.pop();
            prop_assert_eq!(read_i64(&bytes), None);
        }
    }

    #[test]
    fn more_bits_than_the_type_has_are_refused() {
        assert_eq!(read_i32(&[0xff, 0xff, 0xff, 0xff, 0x1f]), None);
        assert_eq!(read_i64(&[0xff; 11]), None);
    }
}
