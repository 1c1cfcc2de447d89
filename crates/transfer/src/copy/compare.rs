//! Do two files have the same contents?

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;

use rustix::io::Errno;

use crate::sys;

/// Compared at a time, in each of two buffers: fits into the L2 cache.
const STEP_BYTES: usize = 256 * 1024;

/// The first byte position at which two files differ; the length of the shorter one if the other only goes on.
///
/// Reads every byte that is data in either file, through the page cache. What is a hole in both is not read. Says nothing
/// of what lies on the disk unless the pages were dropped before.
pub fn first_difference(one: &File, other: &File) -> io::Result<Option<u64>> {
    let (one_len, other_len) = (one.metadata()?.len(), other.metadata()?.len());
    let len = one_len.min(other_len);
    let (mut left, mut right) = (vec![0; STEP_BYTES], vec![0; STEP_BYTES]);
    let mut position = 0;
    // Up to here there is data in either file.
    let mut data_end = 0;
    while position < len {
        if position >= data_end {
            let (begin, end) = seek_data(one, other, position, len)?;
            if begin >= len {
                break;
            }
            (position, data_end) = (begin, end);
        }
        let step = usize::try_from(data_end - position).unwrap_or(usize::MAX).min(STEP_BYTES);
        let (left, right) = (&mut left[..step], &mut right[..step]);
        one.read_exact_at(left, position)?;
        other.read_exact_at(right, position)?;
        if left != right {
            let same = left.iter().zip(right.iter()).take_while(|(left, right)| left == right).count();
            return Ok(Some(position + same as u64));
        }
        position += step as u64;
    }
    Ok((one_len != other_len).then_some(len))
}

/// Where, from `position` on, either file has data, and where that of the first one to have it ends.
fn seek_data(one: &File, other: &File, position: u64, len: u64) -> io::Result<(u64, u64)> {
    let (first, second) = (next_data(one, position, len)?, next_data(other, position, len)?);
    let (begin, file) = if first <= second { (first, one) } else { (second, other) };
    let end = match sys::seek_hole(file.as_fd(), begin) {
        Ok(end) if end > begin => end.min(len),
        Ok(_) | Err(_) => len,
    };
    Ok((begin, end))
}

fn next_data(file: &File, position: u64, len: u64) -> io::Result<u64> {
    match sys::seek_data(file.as_fd(), position) {
        Ok(begin) => Ok(begin.min(len)),
        Err(Errno::NXIO) => Ok(len),
        // The file system does not tell.
        Err(Errno::INVAL | Errno::OPNOTSUPP) => Ok(position),
        Err(errno) => Err(errno.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(len: u64, bytes: &[(u64, u8)]) -> File {
        let file = tempfile::tempfile().unwrap();
        file.set_len(len).unwrap();
        for (position, byte) in bytes {
            file.write_all_at(&[*byte], *position).unwrap();
        }
        file
    }

    #[test]
    fn the_first_byte_that_differs_is_found_wherever_holes_are() {
        const LEN: u64 = 5 << 20;
        let sparse = file(LEN, &[(3 << 20, 1)]);
        assert_eq!(first_difference(&sparse, &file(LEN, &[(0, 0), (3 << 20, 1)])).unwrap(), None);
        assert_eq!(first_difference(&sparse, &file(LEN, &[])).unwrap(), Some(3 << 20));
        assert_eq!(first_difference(&file(LEN, &[]), &sparse).unwrap(), Some(3 << 20));
        let late = file(LEN, &[(3 << 20, 1), (LEN - 1, 1)]);
        assert_eq!(first_difference(&sparse, &late).unwrap(), Some(LEN - 1));
    }

    #[test]
    fn a_file_that_goes_on_differs_where_the_other_ends() {
        assert_eq!(first_difference(&file(10, &[]), &file(4097, &[])).unwrap(), Some(10));
        assert_eq!(first_difference(&file(0, &[]), &file(0, &[])).unwrap(), None);
    }
}
